"""The file of figures, where each measurement has its own date and machine.

So some can be measured again while the others stay.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .rows import Chart, Row, row_of

MEASUREMENTS = {
    "iteration": "iteration.measure",
    "saving": "iteration.measure_saving",
    "listing": "listing.measure_first",
    "million": "listing.measure_million",
    "rows": "table_rows.measure",
    "photographs": "batches.measure",
    "forecast": "forecast.measure",
    "large": "large.measure",
    "codecs": "codecs.measure",
    "servers": "servers.measure",
    "claims": "claims.measure",
    "idle": "servers.measure_idle",
    "memory": "memory.measure_growth",
    "budget": "memory.measure_budget",
    "browser": "browser.measure_gap",
    "panel": "browser.measure_panel",
    "films": "films.measure",
    "loops": "loops.measure",
}
"""Every measurement, in the order of the table: its module and function."""
NAMES = tuple(MEASUREMENTS)
OF_PHOTOGRAPHS = frozenset({"photographs", "forecast", "codecs"})
"""Those that need photographs, which may have to be asked for."""

FILE = "bench.json"

Entry = Mapping[str, Any]
"""The `date`, `scale`, `seconds` and `machine` of a measurement, and the fields of `Measured`."""
Figures = Mapping[str, Entry]
"""The entries by measurement, in the order of the table."""


def read(folder: Path) -> Figures:
    """The figures in a folder, if any."""
    file = folder / FILE
    found: Figures = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return found


def write(folder: Path, figures: Figures) -> Path:
    """Write figures to a folder, and return the file."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / FILE
    file.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return file


def merged(before: Figures, new: Figures) -> Figures:
    """`new`, and the measurements of `before` that are not in it."""
    both = {**before, **new}
    return {name: both[name] for name in NAMES if name in both}


def rows(figures: Figures) -> list[Row]:
    """All lines of the table."""
    return [row_of(found) for entry in figures.values() for found in entry["rows"]]


def charts(figures: Figures) -> list[Chart]:
    """The parts of the picture."""
    return [Chart(**entry["chart"]) for entry in figures.values() if entry["chart"]]
