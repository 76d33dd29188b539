"""A connection to PostgreSQL that sends several statements in one round trip.

A statement that only has to be carried out is kept back (`send_later`), and sent along with the
next one whose result somebody waits for, or with the commit. PostgreSQL carries them out one after
the other, each with a snapshot of its own, and none after one that has failed.

BEGIN and COMMIT are such statements: the driver, which would wait for an answer to each, is told to
commit by itself, and does not as long as the transaction that was begun goes on. A statement whose
answer is known to be asked for soon is sent with the next one, and its answer is there once it is
executed (`ask_along`). Others follow the COMMIT, in a transaction of their own (`send_after`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import psycopg
from psycopg.abc import Params
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row

from .round_trip import Answer, RoundTrips
from .sent import Statement

_READS = b"SELECT"
"""How each statement of the store begins that writes nothing, and none that does."""


class ConnectionTogether(psycopg.Connection[Any]):
    """See the module."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.cursor_factory = _Cursor
        self.has_written = False
        """Whether the transaction that runs has executed what may have written something."""
        pipeline = getattr(psycopg, "Pipeline", None)
        self.is_able: bool = pipeline is not None and pipeline.is_supported()
        """Whether it can send statements together: an old libpq cannot, nor the first psycopg 3."""
        self._trips = RoundTrips(self)
        self._waiting: list[Statement] = []
        self._after: list[Statement] = []
        self._failed: psycopg.Error | None = None
        # What was asked along, and its answers.
        self._along: list[Statement] = []
        self._answers: list[tuple[Statement, Answer]] = []

    @classmethod
    def connect(cls, *args: Any, **named: Any) -> ConnectionTogether:
        """Connect as the driver does, which then prepares no statements beside ours.

        If it did, it would have the database drop all that is prepared after each rollback.
        """
        connection = super().connect(*args, **named)
        if connection.is_able:
            connection.prepare_threshold = None
        return connection

    @property
    def autocommit(self) -> bool:
        """What the driver is told when it connects, whatever transactions are begun here."""
        return True

    @autocommit.setter
    def autocommit(self, value: bool) -> None:
        pass

    def cursor(self, *args: Any, **named: Any) -> Any:
        """A cursor; an error of `ask` that has closed the connection is raised again instead."""
        if self.closed:
            self.raise_failed()
        return super().cursor(*args, **named)

    def send_later(self, statement: Statement, *, instead_of_last: bool = False) -> None:
        """Carry a statement out before the next one, or the commit, in the same round trip.

        Or in place of the last one that was kept back so.
        """
        self.begin()
        self.has_written |= not statement.query.startswith(_READS)
        if instead_of_last:
            self._waiting.pop()
        self._waiting.append(statement)

    @property
    def last(self) -> Statement | None:
        """The last statement that is kept back; None if there is none."""
        return self._waiting[-1] if self._waiting else None

    def ask_along(self, statement: Statement) -> None:
        """The same, and have its answer when it is executed once more."""
        self._along.append(statement)
        self.send_later(statement)

    def send_after(self, statement: Statement) -> None:
        """Have a statement follow the commit, in the same round trip and by itself."""
        self._after.append(statement)

    def begin(self) -> None:
        """Begin a transaction, unless one goes on or is about to."""
        if self._waiting or self.pgconn.transaction_status != TransactionStatus.IDLE:
            return
        level = self.isolation_level
        isolation = "" if level is None else f" ISOLATION LEVEL {level.name.replace('_', ' ')}"
        self._waiting.append(Statement(f"BEGIN{isolation}".encode()))

    def answer(self, statement: Statement) -> Answer:
        """The answer to a statement, sent with all that was kept back unless it is there."""
        for at, (asked, answer) in enumerate(self._answers):
            if asked == statement:
                del self._answers[at]
                return answer
        return self._sent(statement)[-1]

    def ask(self, statement: Statement) -> Answer:
        """The answer to a statement of ours, as `answer`; an error is raised again by the next."""
        self.begin()
        try:
            return self.answer(statement)
        except psycopg.Error as error:
            self._failed = error
            raise

    def raise_failed(self) -> None:
        """Raise the error of what was asked last, if it was not raised since."""
        failed, self._failed = self._failed, None
        if failed is not None:
            raise failed

    def send(self, *more: Statement) -> None:
        """Send what was kept back, with some more, and wait until it was carried out."""
        if self._waiting or more:
            self._sent(*more)

    def _sent(self, *more: Statement) -> list[Answer]:
        statements = [*self._waiting, *more]
        self._waiting.clear()
        if not self.is_able:
            for query, params in statements:
                psycopg.Cursor(self).execute(query, params)
            return []
        answers = self._trips.ask(statements)
        if self._along:
            # What was answered before is of the past.
            others = [each for each in self._answers if each[0] not in self._along]
            new = zip(statements, answers, strict=True)
            self._answers = [*others, *(each for each in new if each[0] in self._along)]
            self._along.clear()
        return answers

    def commit(self) -> None:
        """Commit, and carry out before that what was kept back.

        OperationalError if it was kept, and what was to follow has failed.
        """
        if self.has_written or self.pgconn.transaction_status != TransactionStatus.IDLE:
            try:
                self.send(Statement(b"COMMIT"), *self._after)
            except psycopg.Error as error:
                if self._after and self.pgconn.transaction_status == TransactionStatus.IDLE:
                    raise psycopg.OperationalError(str(error)) from error
                raise
        self._forget()

    def rollback(self) -> None:
        """Roll back, and drop what was kept back."""
        self._forget()
        if self.pgconn.transaction_status != TransactionStatus.IDLE:
            super().rollback()

    def _forget(self) -> None:
        for kept in (self._waiting, self._after, self._along, self._answers):
            kept.clear()
        self.has_written = False
        self._failed = None


class _Cursor(psycopg.Cursor[Any]):
    """Executes a statement together with those that were kept back."""

    _answer: Answer | None = None

    def execute(
        self,
        query: Any,
        params: Params | None = None,
        *,
        prepare: bool | None = None,
        binary: bool | None = None,
    ) -> _Cursor:
        connection = self._together
        connection.raise_failed()
        connection.begin()
        connection.has_written |= not str(query).startswith(_READS.decode())
        # The driver's own questions are asked in its own way.
        is_ours = isinstance(query, str) and self.row_factory is tuple_row
        if is_ours and connection.is_able:
            self._answer = connection.answer(Statement.of(query, params))
        else:
            self._answer = None
            connection.send()
            super().execute(query, params, prepare=prepare, binary=binary)
        return self

    def executemany(
        self, query: Any, params_seq: Iterable[Params], *, returning: bool = False
    ) -> None:
        connection = self._together
        connection.begin()
        connection.has_written = True
        connection.send()
        super().executemany(query, params_seq, returning=returning)

    @property
    def _together(self) -> ConnectionTogether:
        connection = self.connection
        assert isinstance(connection, ConnectionTogether)  # noqa: S101 - for the type checker
        return connection

    @property
    def description(self) -> Any:
        return super().description if self._answer is None else self._answer.description

    @property
    def rowcount(self) -> int:
        return super().rowcount if self._answer is None else self._answer.rowcount

    def fetchone(self) -> Any:
        return super().fetchone() if self._answer is None else self._answer.fetchone()

    def fetchmany(self, size: int = 0) -> list[Any]:
        if self._answer is None:
            return super().fetchmany(size)
        return self._answer.fetchmany(size or self.arraysize)

    def fetchall(self) -> list[Any]:
        return super().fetchall() if self._answer is None else self._answer.fetchall()
