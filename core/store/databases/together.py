"""A connection to PostgreSQL that sends several statements in one round trip.

A statement that only has to be carried out is kept back (`ConnectionTogether.later`), and sent
along with the next one whose result somebody waits for, or with the commit. PostgreSQL carries them
out one after the other, each with a snapshot of its own, and none after one that has failed.

BEGIN and COMMIT are such statements: the driver, which would wait for an answer to each, is told to
commit by itself, and does not as long as the transaction that was begun goes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import psycopg
from psycopg.abc import Params
from psycopg.pq import TransactionStatus

_READS = "SELECT"
"""How each statement of the store begins that writes nothing, and none that does."""


class ConnectionTogether(psycopg.Connection[Any]):
    """See the module."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.cursor_factory = _Cursor
        self.has_written = False
        """Whether the transaction that runs has executed what may have written something."""
        # An old libpq has no pipelines, nor has the first psycopg 3.
        pipeline = getattr(psycopg, "Pipeline", None)
        self._is_able = pipeline is not None and pipeline.is_supported()
        self._keeps_back = False
        self._waiting: list[tuple[psycopg.Cursor[Any], Any, Params | None]] = []

    @property
    def autocommit(self) -> bool:
        """What the driver is told when it connects, whatever transactions are begun here."""
        return True

    @autocommit.setter
    def autocommit(self, value: bool) -> None:
        pass

    @contextmanager
    def later(self) -> Iterator[None]:
        """Keep back what is executed inside; its results are not to be asked for."""
        self._keeps_back = self._is_able
        try:
            yield
        finally:
            self._keeps_back = False

    def keep_back(self, query: Any, params: Params | None) -> bool:
        """Note a statement that is about to be executed; whether it is sent later instead."""
        self._begin()
        self.has_written |= not str(query).startswith(_READS)
        if self._keeps_back:
            self._send_later(query, params)
        return self._keeps_back

    def _begin(self) -> None:
        """Begin a transaction, unless one goes on or is about to."""
        if self._waiting or self.pgconn.transaction_status != TransactionStatus.IDLE:
            return
        level = self.isolation_level
        isolation = "" if level is None else f" ISOLATION LEVEL {level.name.replace('_', ' ')}"
        self._send_later(f"BEGIN{isolation}")

    def _send_later(self, query: Any, params: Params | None = None) -> None:
        self._waiting.append((psycopg.Cursor(self), query, params))

    @contextmanager
    def together(self) -> Iterator[None]:
        """Send what was kept back along with what is done inside."""
        waiting, self._waiting = self._waiting, []
        with self.pipeline() if waiting and self._is_able else nullcontext():
            for cursor, query, params in waiting:
                cursor.execute(query, params)
            yield

    def commit(self) -> None:
        """Commit, and carry out before that what was kept back."""
        if self.has_written or self.pgconn.transaction_status != TransactionStatus.IDLE:
            self._send_later("COMMIT")
            with self.together():
                pass
        self._waiting.clear()
        self.has_written = False

    def rollback(self) -> None:
        """Roll back, and drop what was kept back."""
        self._waiting.clear()
        self.has_written = False
        super().rollback()


class _Cursor(psycopg.Cursor[Any]):
    """Executes a statement together with those that were kept back, or keeps it back, too."""

    def execute(
        self,
        query: Any,
        params: Params | None = None,
        *,
        prepare: bool | None = None,
        binary: bool | None = None,
    ) -> _Cursor:
        connection = self.connection
        assert isinstance(connection, ConnectionTogether)  # noqa: S101 - for the type checker
        if not connection.keep_back(query, params):
            with connection.together():
                super().execute(query, params, prepare=prepare, binary=binary)
        return self

    def executemany(
        self, query: Any, params_seq: Iterable[Params], *, returning: bool = False
    ) -> None:
        connection = self.connection
        assert isinstance(connection, ConnectionTogether)  # noqa: S101 - for the type checker
        connection.has_written = True
        with connection.together():
            pass
        super().executemany(query, params_seq, returning=returning)
