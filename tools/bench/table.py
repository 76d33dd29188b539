"""The lines as a table, for the terminal and the documentation alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .rows import Row

HEAD = ("measured", "Batch Loop", "compared with", "ratio", "target", "met")
CODECS_HEAD = ("image", "what", "codec", "time", "file", "off by, of 255")
TENS, HUNDREDS = 10, 100


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
