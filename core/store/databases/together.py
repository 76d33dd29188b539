"""A connection to PostgreSQL that sends several statements in one round trip.

A statement that only has to be carried out is kept back (`ConnectionTogether.later`), and sent
along with the next one whose result somebody waits for, or with the commit. PostgreSQL carries them
out one after the other, each with a snapshot of its own, and none after one that has failed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
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
        self.has_written |= not str(query).startswith(_READS)
        if self._keeps_back:
            self._waiting.append((psycopg.Cursor(self), query, params))
        return self._keeps_back

    @contextmanager
    def together(self) -> Iterator[None]:
        """Send what was kept back along with what is done inside."""
        if not self._waiting:
            yield
            return
        waiting = self._waiting.copy()
        self._waiting.clear()
        with self.pipeline():
            for cursor, query, params in waiting:
                cursor.execute(query, params)
            yield

    def commit(self) -> None:
        """Commit, and carry out before that what was kept back."""
        if self.info.transaction_status is TransactionStatus.IDLE:
            if self.has_written:
                # A commit that is sent along would take it that there is nothing to commit.
                with self.together():
                    pass
            self._waiting.clear()
        with self.together():
            super().commit()
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
