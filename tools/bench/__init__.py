"""The benchmark: Batch Loop against ComfyUI's own nodes, on a real server.

`python -m tools.bench` measures, prints a table, and keeps the figures: see `docs/speed.md`.
`kept.py` lists the measurements, and `rows.py` says what a measured line is.
"""
