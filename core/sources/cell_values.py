"""A cell of a table as the types that inputs of nodes have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..common.errors import InvalidSetting, quoted
from ..tables.headers import have_no_names
from ..tables.table import Cell
from .rows import TableRow, text_of

_TRUE, _FALSE = {"true", "yes", "on", "1"}, {"false", "no", "off", "0"}


def cell_in(row: TableRow, column: str, default: str) -> Cell:
    """The cell of a row in a column, or the first one if `column` is empty.

    Where it is empty, `default`. Raises InvalidSetting if the table has no such column.
    """
    wanted = column.strip()
    if wanted and wanted not in row.columns:
        remedy = "Choose one of them."
        if have_no_names(row.columns):
            remedy = (
                "It is read without a header: if its first row has the names of the columns, set "
                "header of Row Iterator to first row, and press Start over."
            )
        raise InvalidSetting(
            f"column is {quoted(wanted)}, and the table has no such column. Its columns are: "
            f"{', '.join(map(quoted, row.columns))}. {remedy}"
        )
    cell = row.cells[row.columns.index(wanted) if wanted else 0]
    return default if cell is None or cell == "" else cell


def int_of(cell: Cell) -> int:
    """A cell as a whole number, rounded if it is none; 0 for an empty text. Raises ValueError."""
    return round(float_of(cell)) if not isinstance(cell, int) else int(cell)


def float_of(cell: Cell) -> float:
    """A cell as a number; 0 for an empty one. Raises ValueError."""
    return float(text_of(cell).strip() or 0) if isinstance(cell, str) else float(cell or 0)


def boolean_of(cell: Cell) -> bool:
    """A cell as true or false; false for an empty one. Raises ValueError."""
    text = text_of(cell).strip().lower()
    if text in _TRUE:
        return True
    if text in _FALSE or not text:
        return False
    return bool(float(text))


_CONVERTED: tuple[tuple[str, Callable[[Cell], Any], Any], ...] = (
    ("text", text_of, ""),
    ("whole number", int_of, 0),
    ("number", float_of, 0.0),
)
_BOOLEAN: tuple[str, Callable[[Cell], Any], Any] = ("yes or no", boolean_of, False)


def outputs_of(
    cell: Cell, is_used: Callable[[int], bool], what: str, *, boolean: bool
) -> list[Any]:
    """A cell as text, whole number, number and, if asked for, as true or false.

    `is_used` tells whether anything is connected to the output at a place: only there it matters
    that a text is no number, and InvalidSetting is raised; elsewhere there is 0 or false. `what`
    has the cell, for that message.
    """
    found = []
    for place, (kind, convert, unused) in enumerate((*_CONVERTED, *[_BOOLEAN] * boolean)):
        try:
            found.append(convert(cell))
        except (ValueError, OverflowError):
            if is_used(place):
                raise InvalidSetting(
                    f"{what} has {quoted(text_of(cell))}, which is no {kind}. Correct it, or "
                    "connect another output."
                ) from None
            found.append(unused)
    return found
