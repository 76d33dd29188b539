"""The benchmark: Batch Loop against ComfyUI's own nodes, on a real server, in one run.

`python -m tools.bench` measures, prints a table, and keeps the figures: see `docs/speed.md`. One
file for each measurement, whose names are in `kept.py`; `rows.py` says what a measured line is.
"""
