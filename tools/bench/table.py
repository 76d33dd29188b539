"""The lines as a table, for the terminal and the documentation alike."""

from __future__ import annotations

from collections.abc import Iterable

from .rows import Row

HEAD = ("measured", "Batch Loop", "compared with", "ratio", "target", "met")
TENS, HUNDREDS = 10, 100


def table(rows: Iterable[Row]) -> str:
    """The lines in Markdown; ends without a line break."""
    lines = [HEAD, ("---",) * len(HEAD), *map(_cells, rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


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
    if target.of == "ratio":
        return f"at most {target.most:g} x"
    if target.of == "difference":
        return f"at most {target.most:g} {row.unit} more"
    return f"at most {target.most:g} {row.unit}"
