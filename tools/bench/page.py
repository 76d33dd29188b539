"""The page of the documentation that shows the figures: its tables are never typed by hand."""

from __future__ import annotations

import json
import textwrap
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import ToolError
from ..layout import ROOT
from .kept import NAMES, Entry, Figures, rows, series
from .rows import Row

PAGE = ROOT / "docs" / "speed.md"
BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"
"""The figures stand between these."""
WIDTH = 100
HEAD = ("measured", "Batch Loop", "compared with", "ratio", "target", "met")
CODECS_HEAD = ("image", "what", "codec", "time", "file", "off by, of 255")
TENS, HUNDREDS = 10, 100


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


def table(rows: Iterable[Row]) -> str:
    """The lines in Markdown; ends without a line break."""
    return markdown(HEAD, map(_cells, rows))


def markdown(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Cells as a table in Markdown; ends without a line break."""
    every = [head, ("---",) * len(head), *lines]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in every)


def codecs_table(coded: Iterable[Mapping[str, Any]]) -> str:
    """What each codec takes in Markdown: a line for an operation on an image, quickest first."""
    order = sorted(coded, key=lambda each: (each["image"], each["operation"], each["milliseconds"]))
    lines = [
        (
            each["image"],
            each["operation"],
            each["codec"],
            f"{number(each['milliseconds'])} ms",
            "" if each["bytes"] is None else f"{number(each['bytes'] / 1e6)} MB",
            "" if each["difference"] is None else f"{each['difference']:g}",
        )
        for each in order
    ]
    return markdown(CODECS_HEAD, lines)


def number(value: float) -> str:
    """A figure, with as many places as say something."""
    size = abs(value)
    if size >= HUNDREDS:
        return f"{value:,.0f}"
    if size >= TENS:
        return f"{value:.1f}"
    return f"{value:.2f}" if size >= 1 else f"{value:.3f}"


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
    limit = f"at {target.bound} {target.limit:g}"
    if target.of == "ratio":
        return f"{limit} x"
    if target.of == "difference":
        return f"{limit} {row.unit} more"
    return f"{limit} {row.unit}"
