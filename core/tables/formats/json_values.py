"""JSON values as the rows of a table."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, TypeAlias

from ...common.errors import UnreadableTable, quoted
from ...model.settings.row_iterator import Header
from ..headers import column_names, has_header
from ..table import Cell, Row, Table, TableFormat, TableKind, TableOptions
from ..text.lines import Text
from ..text.refusal import refusal, refuse_nul

Elements: TypeAlias = Generator[tuple[int, Any], None, None]
"""The values of a list, each with the line where it begins."""

FIRST = 1_000
"""The columns are those of so many elements."""


@dataclass(frozen=True)
class _Values:
    """The rows of a list of values."""

    name: str
    elements: Callable[[], Elements]
    first: Any
    keys: dict[str, None]
    """Of objects; the columns in their order."""
    width: int
    """How many columns there are."""
    has_header: bool

    def rows(self) -> Iterator[Row]:
        cells_of = self._cells_of()
        kind = _kind(self.first)
        for line, value in islice(self.elements(), int(self.has_header), None):
            if _kind(value) != kind:
                reason = f"it has {_kind(value)} here, and {kind} at its beginning"
                remedy = "Write each row of a table in the same way, and run again."
                raise refusal(self.name, reason, remedy, line)
            cells = cells_of(line, value)
            if any(cell is not None and cell != "" for cell in cells):
                yield Row(cells, line)

    def _cells_of(self) -> Callable[[int, Any], tuple[Cell, ...]]:
        if isinstance(self.first, dict):
            return self._of_object
        return self._of_list if isinstance(self.first, list) else self._of_one

    def _of_object(self, line: int, value: dict[str, Any]) -> tuple[Cell, ...]:
        if not value.keys() <= self.keys.keys():
            unknown = next(key for key in value if key not in self.keys)
            raise refusal(
                self.name,
                f"the key {quoted(unknown)} is in none of the first {FIRST:,} objects, which "
                "give the columns",
                "Write it into one of them, with the value null, and run again.",
                line,
            )
        return tuple([_cell(value.get(key)) for key in self.keys])

    def _of_list(self, line: int, value: list[Any]) -> tuple[Cell, ...]:
        cells = [_cell(each) for each in value]
        if any(cell is not None and cell != "" for cell in cells[self.width :]):
            whose = "the header has" if self.has_header else "the first rows have at most"
            reason = f"the row has {len(cells)} values, and {whose} {self.width}"
            raise refusal(self.name, reason, "Make them the same, and run again.", line)
        return (*cells[: self.width], *[None] * (self.width - len(cells)))

    def _of_one(self, _line: int, value: Any) -> tuple[Cell, ...]:
        return (_cell(value),)


def values_table(
    kind: TableKind, text: Text, elements: Callable[[], Elements], options: TableOptions
) -> Table:
    """The table of a list of objects, of lists, or of plain values."""
    elements = partial(_without_nul, text.name, elements)
    sample = _sample(elements)
    first = sample[0] if sample else None
    keys: dict[str, None] = {}
    header = False
    if isinstance(first, dict):
        keys = dict.fromkeys(key for each in sample if isinstance(each, dict) for key in each)
        columns = column_names(list(keys), max(1, len(keys)))
    elif isinstance(first, list):
        rows = [[_cell(each) for each in row] for row in sample if isinstance(row, list)]
        header = has_header(rows[0], rows[1:], options.header)
        width = len(first) if header else max(1, *map(len, rows))
        columns = column_names(rows[0] if header else (), width)
    else:
        header = bool(sample) and options.header is Header.YES
        columns = column_names([_cell(first)] if header else (), 1)
    values = _Values(text.name, elements, first, keys, len(columns), header)
    form = TableFormat(kind, encoding=text.encoding, header=header)
    # Of a list, which line breaks do not divide, the text itself is in memory: it is read soon.
    about = text.count("") if kind is TableKind.JSON_LINES else None
    return Table(form, columns, values.rows, text.close, about)


def decoder() -> json.JSONDecoder:
    """A decoder that refuses by ValueError what JSON cannot say, or says twice.

    NaN is None: programs write it for what is missing.
    """
    return json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)


def not_json(name: str, error: Exception, line: int) -> UnreadableTable:
    """The error for what a decoder has raised."""
    if isinstance(error, json.JSONDecodeError):
        what = f"{error.msg[:1].lower()}{error.msg[1:]}, at character {error.colno}"
    elif isinstance(error, RecursionError):
        what = "too many lists and objects inside of each other"
    else:
        what = str(error)
    return refusal(name, f"this is no valid JSON ({what})", "Correct it, and run again.", line)


def _sample(elements: Callable[[], Elements]) -> list[Any]:
    """The first values, up to one that cannot be read.

    Raises if that is one of the first two, as it is then not known whether there is a header.
    """
    found: list[Any] = []
    with closing(elements()) as all_elements:
        try:
            found.extend(value for _, value in islice(all_elements, FIRST))
        except UnreadableTable:
            # It is raised again when the rows are read, with those before it.
            if len(found) < len(("header", "row")):
                raise
    return found


def _without_nul(name: str, elements: Callable[[], Elements]) -> Elements:
    """The same values; raises UnreadableTable for one that would be a cell, or a name, with NUL."""
    with closing(elements()) as all_elements:
        for line, value in all_elements:
            refuse_nul(name, _parts(value), line)
            yield line, value


def _parts(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return (*value, *value.values())
    return value if isinstance(value, list) else (value,)


def _cell(value: Any) -> Cell:
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    cell: Cell = value
    return cell


def _kind(value: Any) -> str:
    if isinstance(value, dict):
        return "an object"
    return "a list" if isinstance(value, list) else "a plain value"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"an object has the key {quoted(twice)} twice")
    return found


def _constant(name: str) -> None:
    if name != "NaN":
        raise ValueError(f"{name} is no number")
