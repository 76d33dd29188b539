"""A connection to PostgreSQL that sends several statements in one round trip.

A statement that only has to be carried out is kept back (`ConnectionTogether.later`), and sent
along with the next one whose result somebody waits for, or with the commit. PostgreSQL carries them
out one after the other, each with a snapshot of its own, and none after one that has failed.

BEGIN and COMMIT are such statements: the driver, which would wait for an answer to each, is told to
commit by itself, and does not as long as the transaction that was begun goes on.

A statement whose answer is known to be asked for soon is sent with the next one, and its answer is
there once it is executed again (`ConnectionTogether.along`). Others follow the COMMIT, in a
transaction of their own (`ConnectionTogether.after`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, NamedTuple

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
        pipeline = getattr(psycopg, "Pipeline", None)
        self.is_able: bool = pipeline is not None and pipeline.is_supported()
        """Whether it can send statements together: an old libpq cannot, nor the first psycopg 3.
        What is to be kept back is carried out at once then, but for what comes after the commit."""
        self._keep: Callable[[_Statement], object] | None = None
        self._waiting: list[_Statement] = []
        self._after: list[_Statement] = []
        self._answers: dict[_Asked, psycopg.Cursor[Any]] = {}

    @property
    def autocommit(self) -> bool:
        """What the driver is told when it connects, whatever transactions are begun here."""
        return True

    @autocommit.setter
    def autocommit(self, value: bool) -> None:
        pass

    def later(self) -> AbstractContextManager[None]:
        """Keep back what is executed inside; its results are not to be asked for."""
        return self._keeping(self._waiting.append)

    def along(self) -> AbstractContextManager[None]:
        """Keep back what is executed inside, and have its answer when it is executed again."""
        return self._keeping(self._ask_along)

    def after(self) -> AbstractContextManager[None]:
        """Have what is executed inside follow the commit, in a transaction of its own."""
        return self._keeping(self._after.append)

    @contextmanager
    def _keeping(self, keep: Callable[[_Statement], object]) -> Iterator[None]:
        self._keep = keep if self.is_able else None
        try:
            yield
        finally:
            self._keep = None

    def _ask_along(self, statement: _Statement) -> None:
        self._waiting.append(statement)
        self._answers[_asked(statement.query, statement.params)] = statement.cursor

    def answer(self, query: Any, params: Params | None) -> psycopg.Cursor[Any] | None:
        """The answer to a statement, if it was carried out along with another."""
        if not self._answers or self._keep is not None:
            return None
        return self._answers.pop(_asked(query, params), None)

    def keep_back(self, query: Any, params: Params | None) -> bool:
        """Note a statement that is about to be executed; whether it is sent later instead."""
        self._begin()
        self.has_written |= not str(query).startswith(_READS)
        if self._keep is not None:
            self._keep(_Statement(psycopg.Cursor(self), query, params))
        return self._keep is not None

    def _begin(self) -> None:
        """Begin a transaction, unless one goes on or is about to."""
        if self._waiting or self.pgconn.transaction_status != TransactionStatus.IDLE:
            return
        level = self.isolation_level
        isolation = "" if level is None else f" ISOLATION LEVEL {level.name.replace('_', ' ')}"
        self._waiting.append(_Statement(psycopg.Cursor(self), f"BEGIN{isolation}"))

    @contextmanager
    def together(self) -> Iterator[None]:
        """Send what was kept back along with what is done inside."""
        waiting = self._waiting.copy()
        self._waiting.clear()
        with self.pipeline() if waiting and self.is_able else nullcontext():
            for cursor, query, params in waiting:
                cursor.execute(query, params)
            yield

    def commit(self) -> None:
        """Commit, and carry out before that what was kept back.

        OperationalError if it was kept, and what was to follow has failed.
        """
        if self.has_written or self.pgconn.transaction_status != TransactionStatus.IDLE:
            self._waiting += [_Statement(psycopg.Cursor(self), "COMMIT"), *self._after]
            try:
                with self.together():
                    pass
            except psycopg.Error as error:
                if self._after and self.pgconn.transaction_status == TransactionStatus.IDLE:
                    raise psycopg.OperationalError(str(error)) from error
                raise
        self._forget()

    def rollback(self) -> None:
        """Roll back, and drop what was kept back."""
        self._forget()
        super().rollback()

    def _forget(self) -> None:
        for kept in (self._waiting, self._after, self._answers):
            kept.clear()
        self.has_written = False


class _Statement(NamedTuple):
    cursor: psycopg.Cursor[Any]
    query: Any
    params: Params | None = None


_Asked = tuple[Any, tuple[Any, ...]]


def _asked(query: Any, params: Params | None) -> _Asked:
    return query, tuple(params.items() if isinstance(params, Mapping) else params or ())


class _Cursor(psycopg.Cursor[Any]):
    """Executes a statement together with those that were kept back, or keeps it back, too.

    It has the answer of another cursor if that has executed the same along with another statement.
    """

    _answer: psycopg.Cursor[Any] | None = None

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
        self._answer = connection.answer(query, params)
        if self._answer is None and not connection.keep_back(query, params):
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

    @property
    def description(self) -> list[psycopg.Column] | None:
        return super().description if self._answer is None else self._answer.description

    @property
    def rowcount(self) -> int:
        return super().rowcount if self._answer is None else self._answer.rowcount

    def fetchone(self) -> Any:
        return super().fetchone() if self._answer is None else self._answer.fetchone()

    def fetchmany(self, size: int = 0) -> list[Any]:
        return super().fetchmany(size) if self._answer is None else self._answer.fetchmany(size)

    def fetchall(self) -> list[Any]:
        return super().fetchall() if self._answer is None else self._answer.fetchall()
