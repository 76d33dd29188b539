"""Items that were read before: most of those that others work on are the same the next time."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Dialect

from ...model.items import Item
from ..schema.found import Conversion, Found, conversions
from ..schema.rows import item_of
from ..schema.tables import items

_NAMES = [column.name for column in items.columns]


class KnownItems:
    """The items of the last rows that were read, by these rows as the driver returns them.

    To convert a row takes much longer than to read it, and to look it up here.
    """

    def __init__(self) -> None:
        self._known: dict[Any, Item] = {}
        self._ahead = 0.0

    def of(self, dialect: Dialect, found: Found, ahead: float) -> list[Item]:
        """The items of all rows that a statement has found; see `item_of`."""
        known = self._known if ahead == self._ahead else {}
        new = [row for row in found.rows if row not in known]
        if new:
            converting = conversions(dialect, items, found.types)
            known = known | {row: item_of(_converted(row, converting), ahead) for row in new}
        self._known = {row: known[row] for row in found.rows}
        self._ahead = ahead
        return [*self._known.values()]


def _converted(row: tuple[Any, ...], converting: Sequence[tuple[int, Conversion]]) -> Any:
    values = [*row]
    for at, convert in converting:
        values[at] = convert(values[at])
    return SimpleNamespace(**dict(zip(_NAMES, values, strict=True)))
