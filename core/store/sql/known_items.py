"""Items that were read before: most of those that others work on are the same the next time."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Connection, CursorResult, Dialect

from ...model.items import Item
from ..schema.rows import item_of
from ..schema.tables import items

_NAMES = [column.name for column in items.columns]


@functools.cache
def _conversions(
    dialect: Dialect, returned: tuple[object, ...]
) -> list[Callable[[Any], Any] | None]:
    """How to convert each column, of types of the driver's; None where it is right already."""
    return [
        column.type.dialect_impl(dialect).result_processor(dialect, each)
        for column, each in zip(items.columns, returned, strict=True)
    ]


class KnownItems:
    """The items of the last rows that were read, by these rows as the driver returns them.

    To convert a row takes much longer than to read it, and to look it up here.
    """

    def __init__(self) -> None:
        self._known: dict[Any, Item] = {}
        self._ahead = 0.0

    def of(self, connection: Connection, found: CursorResult[Any], ahead: float) -> list[Item]:
        """The items of all rows that a statement has found; see `item_of`."""
        cursor = found.cursor
        assert cursor is not None  # noqa: S101 - for the type checker: it reads rows
        known = self._known if ahead == self._ahead else {}
        columns = cursor.description or ()
        rows = [tuple(row) for row in cursor.fetchall()]
        found.close()
        new = [row for row in rows if row not in known]
        if new:
            returned = tuple(column[1] for column in columns)
            conversions = _conversions(connection.dialect, returned)
            known = known | {row: item_of(_converted(row, conversions), ahead) for row in new}
        self._known = {row: known[row] for row in rows}
        self._ahead = ahead
        return [*self._known.values()]


def _converted(row: tuple[Any, ...], conversions: list[Callable[[Any], Any] | None]) -> Any:
    values = zip(row, conversions, strict=True)
    converted = (value if convert is None else convert(value) for value, convert in values)
    return SimpleNamespace(**dict(zip(_NAMES, converted, strict=True)))
