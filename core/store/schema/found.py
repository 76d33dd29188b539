"""Rows as the driver returns them: to convert them takes longer than to read them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, CursorResult, Dialect, Executable, Table

Conversion = Callable[[Any], Any]
"""From a value of the driver's to ours."""


class Found(NamedTuple):
    """What a statement has found."""

    rows: list[tuple[Any, ...]]
    types: tuple[object, ...]
    """The type of each column, as the driver calls it."""


def found_by(connection: Connection, statement: Executable, given: Mapping[str, Any]) -> Found:
    """What a statement that reads has found."""
    result: CursorResult[Any] = connection.execute(statement, dict(given))
    cursor = result.cursor
    assert cursor is not None  # noqa: S101 - for the type checker: it reads rows
    types = tuple(column[1] for column in cursor.description or ())
    found = Found([tuple(row) for row in cursor.fetchall()], types)
    result.close()
    return found


@functools.cache
def conversions(
    dialect: Dialect, table: Table, types: tuple[object, ...]
) -> list[tuple[int, Conversion]]:
    """The places in a row of a table, perhaps with more after it, of what to convert, and how."""
    each = (
        column.type.dialect_impl(dialect).result_processor(dialect, returned)
        for column, returned in zip(table.columns, types, strict=False)
    )
    return [(at, convert) for at, convert in enumerate(each) if convert is not None]
