"""The benchmark: Batch Loop against ComfyUI's own nodes, on a real server, in one run.

`python -m tools.bench` measures, prints a table, and keeps the figures: see `docs/speed.md`. One
file for each measurement; `rows.py` says what a measured line is, and `measurements.py` which
there are.
"""
