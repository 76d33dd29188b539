"""Statements as they are sent to PostgreSQL when nobody asks SQLAlchemy for their results.

It would prepare for these results each time, which takes several times as long as the rest.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Dialect, Executable

if TYPE_CHECKING:
    # The driver may be missing.
    from psycopg.abc import Params

_MOST_KNOWN = 500
"""Of an item's row, the columns that change are not always the same."""
_PLACEHOLDER = r"%(?:%|s|\((?P<name>[^)]+)\)s)"


class Statement(NamedTuple):
    """A statement as PostgreSQL takes it."""

    query: bytes
    """With numbered placeholders: `$1`, `$2`."""
    params: Sequence[Any] | None = None
    """The values, in the order of these numbers; None for what has none and is not prepared."""

    @classmethod
    def of(cls, query: str, params: Params | None = None) -> Statement:
        """A statement that is written as the driver takes it."""
        if params is None:
            return cls(query.encode())
        text, names = _numbered(query)
        given: Any = params
        values = [given[name] for name in names] if isinstance(given, Mapping) else [*given]
        return cls(text, values)


class _Compiled(NamedTuple):
    """A statement of SQLAlchemy's, with what it is given by the same names each time."""

    query: bytes
    own: Sequence[Any]
    """The values, in the order of the placeholders; those that are given are None."""
    places: Sequence[tuple[str, int]]
    """The names of those that are given, and their places among them."""
    conversions: Sequence[tuple[int, Callable[[Any], Any]]]
    """The places of those to convert, and how."""


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
        query, own, places, conversions = self._compiled(statement, tuple(given), dialect)
        values = [*own]
        for name, place in places:
            values[place] = given[name]
        for place, convert in conversions:
            values[place] = convert(values[place])
        return Statement(query, values)


def _compiled(statement: Any, names: tuple[str, ...], dialect: Dialect) -> _Compiled:
    compiled: Any = dialect.statement_compiler(dialect, statement, column_keys=[*names])
    query, placed = _numbered(str(compiled))
    own = [None if name in names else compiled.params[name] for name in placed]
    places = [(name, at) for at, name in enumerate(placed) if name in names]
    types = (compiled.binds[name].type.dialect_impl(dialect) for name in placed)
    found = enumerate(each.bind_processor(dialect) for each in types)
    conversions = [(at, convert) for at, convert in found if convert is not None]
    return _Compiled(query, own, places, conversions)


@functools.lru_cache(_MOST_KNOWN)
def _numbered(query: str) -> tuple[bytes, tuple[str, ...]]:
    """A query with numbered placeholders, and the names of its parameters in their order."""
    names: list[str] = []

    def placed(found: re.Match[str]) -> str:
        if found[0] == "%%":
            return "%"
        name = found["name"]
        if name is None or name not in names:
            names.append(name or "")
        return f"${len(names) if name is None else names.index(name) + 1}"

    return re.sub(_PLACEHOLDER, placed, query).encode(), tuple(names)
