"""The benchmark: Batch Loop against ComfyUI's own nodes, on a real server, in one run.

`python -m tools.bench` measures, prints a table, and keeps the figures: see `docs/speed.md`.
`kept.py` says which measurements there are, and `rows.py` what a measured line is.
"""
