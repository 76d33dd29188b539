"""Recording the statements that a store sends to its database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import event

from batch_loop.core.store.databases.sent import Statement
from batch_loop.core.store.databases.together import ConnectionTogether
from batch_loop.core.store.sql.sql_store import SqlStore


@dataclass
class Asked:
    """Recorded statements and transactions."""

    statements: list[tuple[str, Any]] = field(default_factory=list)
    """Text and parameters of each."""
    transactions: int = 0


@contextmanager
def asked_of(store: SqlStore) -> Iterator[Asked]:
    """Record everything that `store` asks of its database in the block."""
    asked = Asked()

    def execute(_c: object, _cursor: object, text: str, given: Any, *_rest: object) -> None:
        if not text.startswith("BEGIN"):
            asked.statements.append((text, given))

    def begin(_connection: object) -> None:
        asked.transactions += 1

    listeners = {"before_cursor_execute": execute, "begin": begin}
    heard = [
        (engine, name, listener)
        for engine in (store._connections.engine, store._connections.outside_engine)
        for name, listener in listeners.items()
    ]
    for each in heard:
        event.listen(*each)
    send_later = ConnectionTogether.send_later

    def kept_back(
        connection: ConnectionTogether, statement: Statement, *, instead_of_last: bool = False
    ) -> None:
        # SQLAlchemy does not hear of what PostgreSQL is told without being asked.
        if instead_of_last:
            asked.statements.pop()
        if statement not in connection._along:
            asked.statements.append((statement.query.decode(), statement.params))
        send_later(connection, statement, instead_of_last=instead_of_last)

    try:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(ConnectionTogether, "send_later", kept_back)
            yield asked
    finally:
        for each in heard:
            event.remove(*each)
