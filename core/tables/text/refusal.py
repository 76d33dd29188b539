"""How tables that cannot be read are refused."""

from __future__ import annotations

from collections.abc import Iterable

from ...common.errors import UnreadableTable, quoted

TYPED = ""
"""The name of a table that was typed into a node."""

NUL = "\0"
"""No text has this character, and no name of a file may have it."""


def refusal(
    name: str, reason: str, remedy: str, line: int | None = None, unit: str = "line"
) -> UnreadableTable:
    """The error for a table called `name`: the reason, without a full stop, and what to do."""
    what = f"the table {quoted(name)}" if name else "the text that was typed as a table"
    where = "" if line is None else f"{unit} {line}: "
    return UnreadableTable(f"Cannot read {what}: {where}{reason}. {remedy}", reason, line)


def refuse_nul(name: str, values: Iterable[object], line: int, unit: str = "line") -> None:
    """Raise UnreadableTable if one of these values is a text with a `NUL`."""
    if any(isinstance(value, str) and NUL in value for value in values):
        reason = "it holds the character NUL, as no text does"
        raise refusal(name, reason, "Take it out, and run again.", line, unit)
