"""Batch Loop: the nodes and what stands behind them."""
