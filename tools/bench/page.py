"""The page of the documentation that shows the figures: its tables are never typed by hand."""

from __future__ import annotations

import json
import textwrap
from collections import defaultdict
from pathlib import Path

from ..errors import ToolError
from ..layout import ROOT
from .kept import NAMES, Entry, Figures, rows, series
from .table import codecs_table, table

PAGE = ROOT / "docs" / "speed.md"
BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"
"""The figures stand between these."""
WIDTH = 100


def shown(figures: Figures) -> str:
    """The table of all lines, what they were measured on, and the table of the codecs."""
    coded = series(figures).get("codecs")
    parts = [table(rows(figures)), *_origins(figures)]
    return "\n\n".join([*parts, codecs_table(coded)] if coded else parts)


def with_figures(text: str, figures: Figures) -> str:
    """The page `text` with these figures; ToolError if it has no place for them."""
    before, has_begin, rest = text.partition(BEGIN)
    _, has_end, after = rest.partition(END)
    if not has_begin or not has_end:
        raise ToolError(f"{PAGE.name} has no place for the figures: put {BEGIN} and {END} into it")
    return f"{before}{BEGIN}\n{shown(figures)}\n{END}{after}"


def write(figures: Figures, page: Path = PAGE) -> None:
    """Put the figures into the page."""
    page.write_text(with_figures(page.read_text(encoding="utf-8"), figures), encoding="utf-8")


def _origins(figures: Figures) -> list[str]:
    """A paragraph on each run that figures are from, and one on what has not been measured yet."""
    runs: defaultdict[str, list[str]] = defaultdict(list)
    for name, entry in figures.items():
        runs[json.dumps([entry[key] for key in ("date", "scale", "machine")])].append(name)
    said = [_origin(figures[names[0]], names if len(runs) > 1 else ()) for names in runs.values()]
    missing = [name for name in NAMES if name not in figures]
    if missing:
        said.append(f"Not measured yet: {_listed(missing)}.")
    return [textwrap.fill(each, WIDTH, break_on_hyphens=False) for each in said]


def _origin(entry: Entry, names: list[str] | tuple[()]) -> str:
    machine = entry["machine"]
    is_trial = entry["scale"] != "full"
    return (
        f"{'**From a quick run, only to try it out.** ' if is_trial else ''}"
        f"{f'{_listed(names)}: measured' if names else 'Measured'} on {entry['date']}: "
        f"{machine['processor']}, {machine['cores']} cores, "
        f"{machine['memory_gb']} GB of memory, {machine['system']}; "
        f"load before it began: {machine['load']}. "
        f"ComfyUI {machine['comfyui']}, Python {machine['python']}, PyTorch {machine['torch']}."
    )


def _listed(names: list[str] | tuple[()]) -> str:
    return ", ".join(f"`{name}`" for name in names)
