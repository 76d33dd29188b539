"""How tables that cannot be read are refused."""

from __future__ import annotations

from ...common.errors import UnreadableTable, quoted

TYPED = ""
"""The name of a table that was typed into a node."""


def refusal(
    name: str, reason: str, remedy: str, line: int | None = None, unit: str = "line"
) -> UnreadableTable:
    """The error for a table called `name`: the reason, without a full stop, and what to do."""
    what = f"the table {quoted(name)}" if name else "the text that was typed as a table"
    where = "" if line is None else f"{unit} {line}: "
    return UnreadableTable(f"Cannot read {what}: {where}{reason}. {remedy}", reason, line)
