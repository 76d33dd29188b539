"""Statements as they are sent to PostgreSQL when nobody asks SQLAlchemy for their results.

It would prepare for these results each time, which takes several times as long as the rest.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Dialect, Executable

if TYPE_CHECKING:
    # The driver may be missing.
    from psycopg.abc import Params

_MOST_KNOWN = 500
"""Of an item's row, the columns that change are not always the same."""

_Conversion = tuple[str, Callable[[Any], Any]]


class Statement(NamedTuple):
    """A statement with its parameters, written as the driver takes them."""

    query: str
    params: Params | None = None


class Sending:
    """Writes statements as they are sent; it remembers those of one dialect, which it is used for.

    A process may have several stores, and each has a dialect of its own.
    """

    def __init__(self) -> None:
        self._compiled = functools.lru_cache(_MOST_KNOWN)(_compiled)

    def as_sent(
        self, statement: Executable, given: Mapping[str, Any], dialect: Dialect
    ) -> Statement:
        """A statement of SQLAlchemy's with its parameters; it must add no defaults of columns."""
        text, values, conversions = self._compiled(statement, tuple(given), dialect)
        values = {**values, **given}
        for name, convert in conversions:
            values[name] = convert(values[name])
        return Statement(text, values)


def _compiled(
    statement: Any, names: tuple[str, ...], dialect: Dialect
) -> tuple[str, dict[str, Any], list[_Conversion]]:
    """The text of a statement, its own parameters, and how to convert each."""
    compiled: Any = dialect.statement_compiler(dialect, statement, column_keys=[*names])
    found = (
        (name, bound.type.dialect_impl(dialect).bind_processor(dialect))
        for name, bound in compiled.binds.items()
    )
    conversions = [(name, convert) for name, convert in found if convert is not None]
    return str(compiled), dict(compiled.params), conversions
