"""Several statements in one round trip to PostgreSQL, by the functions of its own library.

The driver's pipelines do the same, but send each statement by itself, and look for an answer after
each: that takes several times as long as the statements do. What is asked is prepared when it is
asked again, as the driver does.
"""

from __future__ import annotations

import itertools
from collections.abc import Generator, Sequence
from typing import Any, NamedTuple

import psycopg
from psycopg import abc, pq
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.waiting import Ready, Wait

from .sent import Statement

_MOST_PREPARED = 500
"""Most statements that a connection prepares or remembers: the store has far fewer."""


class Answer:
    """What a statement has answered, in the manner of a cursor."""

    def __init__(self, loading: abc.Transformer, result: pq.abc.PGresult) -> None:
        self._result = result
        self._next = 0
        self._rows: list[Any] = []
        if result.nfields:
            loading.set_pgresult(result)
            self._rows = loading.load_rows(0, result.ntuples, tuple)

    @property
    def description(self) -> list[tuple[Any, ...]] | None:
        """The columns, in the form of DB-API; None without any."""
        found = self._result
        of_column = range(found.nfields)
        names = [found.fname(at) or b"" for at in of_column]
        rest = (None,) * 5
        columns = [(name.decode(), found.ftype(at), *rest) for at, name in enumerate(names)]
        return columns or None

    @property
    def types(self) -> tuple[int, ...]:
        """The types of the columns, by their numbers in the database."""
        ftype = self._result.ftype
        return tuple([ftype(at) for at in range(self._result.nfields)])

    @property
    def rowcount(self) -> int:
        """How many rows were found or changed; -1 if that is not known."""
        counted = self._result.command_tuples
        return -1 if counted is None else counted

    def fetchmany(self, size: int) -> list[Any]:
        """The next rows."""
        some = self._rows[self._next : self._next + size]
        self._next += len(some)
        return some

    def fetchall(self) -> list[Any]:
        """All rows that are left."""
        return self.fetchmany(len(self._rows))

    def fetchone(self) -> Any:
        """The next row; None if there is none."""
        return next(iter(self.fetchmany(1)), None)


class _Dumped(NamedTuple):
    """A statement as it is sent."""

    key: _Key
    """What is prepared."""
    values: Sequence[Any] | None = None
    formats: Sequence[pq.Format] | None = None


_Key = tuple[bytes, tuple[int, ...]]
"""A query, and the types of its parameters."""


class RoundTrips:
    """Sends statements on one connection."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        # It remembers how to convert what it has met.
        self._converting = Transformer(connection)
        self._names = itertools.count(1)
        # The name under which each is prepared; None if it was asked once.
        self._prepared: dict[_Key, bytes | None] = {}

    def ask(self, statements: Sequence[Statement]) -> list[Answer]:
        """The answers to statements, which are carried out in their order.

        Raises the error of the first that fails, and then carries out none after it.
        """
        connection = self._connection
        server = connection.pgconn
        if server.status != pq.ConnStatus.OK:
            raise psycopg.OperationalError("the connection is closed")
        dumped = [self._dumped(statement) for statement in statements]
        server.enter_pipeline_mode()
        try:
            prepared = [self._send(each) for each in dumped]
            server.pipeline_sync()
            with connection.lock:
                results = connection.wait(_received(server))
            server.exit_pipeline_mode()
        except BaseException:
            # Nobody knows what it has yet to answer.
            connection.close()
            raise
        left = iter(results)
        answers = []
        for each, is_new in zip(dumped, prepared, strict=True):
            if is_new and next(left).status != pq.ExecStatus.COMMAND_OK:
                self._prepared[each.key] = None
            answers.append(next(left))
        _raise_first(results)
        return [Answer(self._converting, result) for result in answers]

    def _dumped(self, statement: Statement) -> _Dumped:
        query, values = statement
        if values is None:
            return _Dumped((query, ()))
        dumping = self._converting
        dumped = dumping.dump_sequence(values, [PyFormat.AUTO] * len(values))
        return _Dumped((query, dumping.types or ()), dumped, dumping.formats)

    def _send(self, dumped: _Dumped) -> bool:
        """Send a statement; returns whether it is prepared before."""
        server = self._connection.pgconn
        key, values, formats = dumped
        name = self._prepared.get(key)
        is_new = name is None and key in self._prepared
        if is_new:
            name = self._prepared[key] = f"batch_loop_{next(self._names)}".encode()
            server.send_prepare(name, *key)
        if name is not None:
            server.send_query_prepared(name, values, formats)
            return is_new
        # Preparing a BEGIN or COMMIT saves nothing.
        if values is not None and len(self._prepared) < _MOST_PREPARED:
            self._prepared[key] = None
        query, types = key
        server.send_query_params(query, values, types, formats)
        return False


def _received(server: pq.abc.PGconn) -> Generator[Wait, Ready | int, list[pq.abc.PGresult]]:
    """All results up to the end of what was sent, one for each command."""
    while server.flush():
        if (yield Wait.RW) & Ready.R:
            server.consume_input()
    results: list[pq.abc.PGresult] = []
    while True:
        while server.is_busy():
            if (yield Wait.R) & Ready.R:
                server.consume_input()
        result = server.get_result()
        if result is not None:
            if result.status == pq.ExecStatus.PIPELINE_SYNC:
                return results
            results.append(result)
        if server.status != pq.ConnStatus.OK:
            _raise_first(results)
            raise psycopg.OperationalError("the connection is lost")


def _raise_first(results: Sequence[pq.abc.PGresult]) -> None:
    """Raise the error of the first that has failed, if any has."""
    for result in results:
        if result.status == pq.ExecStatus.FATAL_ERROR:
            raise error_from_result(result)
