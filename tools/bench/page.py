"""Writes the figures to their page of the documentation."""

from __future__ import annotations

import json
import textwrap
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

from ..errors import ToolError
from ..layout import ROOT
from .kept import NAMES, Entry, Figures, rows
from .rows import Row

PAGE = ROOT / "docs" / "speed.md"
BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"
"""The figures are between these."""
WIDTH = 100
HEAD = ("measured", "Batch Loop", "compared with", "ratio", "target", "met")
CODECS_HEAD = ("image", "what", "codec", "time", "file", "off by, of 255")


def shown(figures: Figures) -> str:
    """The table of all lines, what they were measured on, and the table of codecs."""
    codecs = figures.get("codecs", {}).get("codecs")
    parts = [table(rows(figures)), *_origins(figures)]
    return "\n\n".join([*parts, codecs_table(codecs)] if codecs else parts)


def with_figures(text: str, figures: Figures) -> str:
    """The page `text` with these figures; `ToolError` if it has no place for them."""
    before, has_begin, rest = text.partition(BEGIN)
    _, has_end, after = rest.partition(END)
    if not has_begin or not has_end:
        raise ToolError(f"{PAGE.name} has no place for the figures: put {BEGIN} and {END} into it")
    return f"{before}{BEGIN}\n{shown(figures)}\n{END}{after}"


def write(figures: Figures, page: Path = PAGE) -> None:
    """Put the figures into the page."""
    page.write_text(with_figures(page.read_text(encoding="utf-8"), figures), encoding="utf-8")


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


def table(rows: Iterable[Row]) -> str:
    """The lines in Markdown, without a line break at the end."""
    return _markdown(HEAD, map(_cells, rows))


def codecs_table(codecs: Iterable[Mapping[str, Any]]) -> str:
    """The codecs in Markdown, the fastest first for each image and operation."""
    lines = [
        (
            each["image"],
            each["operation"],
            each["codec"],
            f"{number(each['milliseconds'])} ms",
            "" if each["bytes"] is None else f"{number(each['bytes'] / 1e6)} MB",
            "" if each["difference"] is None else f"{each['difference']:g}",
        )
        for each in sorted(codecs, key=itemgetter("image", "operation", "milliseconds"))
    ]
    return _markdown(CODECS_HEAD, lines)


def _markdown(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    every = [head, ("---",) * len(head), *lines]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in every)


def number(value: float) -> str:
    """A figure, rounded to about three digits."""
    places = sum(abs(value) < limit for limit in (100, 10, 1))
    return f"{value:,.{places}f}"


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.what,
        f"{number(row.ours)} {row.unit}",
        "" if row.other is None else f"{number(row.other)} {row.unit}: {row.against}",
        "" if row.ratio is None else f"{number(row.ratio)} x",
        _target(row),
        {None: "", True: "yes", False: "**no**"}[row.met],
    )


def _target(row: Row) -> str:
    target = row.target
    if target is None:
        return ""
    unit = {"value": row.unit, "ratio": "x", "difference": f"{row.unit} more"}[target.of]
    return f"at {target.bound} {target.limit:g} {unit}"
