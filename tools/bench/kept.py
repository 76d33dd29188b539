"""The file of figures: an entry for each measurement, with when and on what it was made.

So a part of them can be measured again, and the others stay as they are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .rows import Chart, Row, row_of

MEASUREMENTS = {
    "iteration": "iteration.measure",
    "saving": "saving.measure",
    "listing": "listing.measure_first",
    "million": "listing.measure_million",
    "large": "large.measure",
    "codecs": "codecs.measure",
    "servers": "servers.measure",
    "idle": "idle.measure",
    "memory": "memory.measure_growth",
    "budget": "memory.measure_budget",
    "browser": "browser.measure_gap",
    "panel": "browser.measure_panel",
    "loops": "loops.measure",
}
"""Every measurement, in the order of the table: the module beside this one, and its function."""
NAMES = tuple(MEASUREMENTS)

FILE = "bench.json"

Entry = Mapping[str, Any]
"""`date`, `scale`, `seconds` and `machine` of a measurement, and what `Measured` has."""
Figures = Mapping[str, Entry]
"""The entries by the measurements' names, in the order of the table."""


def read(folder: Path) -> Figures:
    """What was kept in a folder; nothing where there is no file yet."""
    file = folder / FILE
    found: Figures = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return found


def write(folder: Path, figures: Figures) -> Path:
    """Keep figures in the place of those that were there."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / FILE
    file.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return file


def merged(before: Figures, new: Figures) -> Figures:
    """`new`, and what was kept `before` of the measurements that are not in it."""
    both = {**before, **new}
    return {name: both[name] for name in NAMES if name in both}


def rows(figures: Figures) -> list[Row]:
    """All lines of the table."""
    return [row_of(found) for entry in figures.values() for found in entry["rows"]]


def charts(figures: Figures) -> list[Chart]:
    """The parts of the picture."""
    return [Chart(**entry["chart"]) for entry in figures.values() if entry["chart"]]
