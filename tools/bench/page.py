"""Writes the figures to their page of the documentation, and the first of them to README.md."""

from __future__ import annotations

import json
import textwrap
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from ..errors import ToolError
from ..layout import ROOT
from .kept import NAMES, Entry, Figures, rows
from .tables import codecs_table, photographs_table, short_table, table

PAGE, README = ROOT / "docs" / "speed.md", ROOT / "README.md"
BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"
"""The figures are between these."""
WIDTH = 100


def shown(figures: Figures) -> str:
    """The table of all lines, what they were measured on, and the table of codecs."""
    parts = [table(rows(figures)), *_origins(figures)]
    for name, of_them in (("photographs", photographs_table), ("codecs", codecs_table)):
        if found := figures.get(name, {}).get(name):
            parts.append(of_them(found))
    return "\n\n".join(parts)


def shown_first(figures: Figures) -> str:
    """What README.md shows: photographs in Batch Loop's usual set-up and in ComfyUI's own."""
    found = figures.get("photographs", {}).get("photographs")
    return short_table(found) if found else ""


def with_figures(text: str, figures: str) -> str:
    """The page `text` with these figures; `ToolError` if it has no place for them."""
    before, has_begin, rest = text.partition(BEGIN)
    _, has_end, after = rest.partition(END)
    if not has_begin or not has_end:
        raise ToolError(f"a page has no place for the figures: put {BEGIN} and {END} into it")
    return f"{before}{BEGIN}\n{figures}\n{END}{after}"


def pages(figures: Figures) -> dict[Path, str]:
    """The text of each page with these figures."""
    parts = {PAGE: shown(figures), README: shown_first(figures)}
    return {
        page: with_figures(page.read_text(encoding="utf-8"), part) for page, part in parts.items()
    }


def write(figures: Figures) -> None:
    """Put the figures into their pages."""
    for page, text in pages(figures).items():
        page.write_text(text, encoding="utf-8")


def _origins(figures: Figures) -> list[str]:
    """A paragraph on each run, and one on what has not been measured yet."""
    runs: defaultdict[str, list[str]] = defaultdict(list)
    for name, entry in figures.items():
        runs[json.dumps([entry[key] for key in ("date", "scale", "machine")])].append(name)
    said = [_origin(figures[names[0]], names if len(runs) > 1 else ()) for names in runs.values()]
    if missing := [name for name in NAMES if name not in figures]:
        said.append(f"Not measured yet: {_listed(missing)}.")
    return [textwrap.fill(each, WIDTH, break_on_hyphens=False) for each in said]


def _origin(entry: Entry, names: Sequence[str]) -> str:
    trial = "" if entry["scale"] == "full" else "**From a quick run, only to try it out.** "
    measured = f"{_listed(names)}: measured" if names else "Measured"
    said = (
        "{processor}, {cores} cores, {memory_gb} GB of memory, {system}; load before it began: "
        "{load}. ComfyUI {comfyui}, Python {python}, PyTorch {torch}."
    )
    return f"{trial}{measured} on {entry['date']}: {said.format(**entry['machine'])}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
