"""Helpers that know nothing of batches: names, errors, text, order, processes."""
