"""Statements that go to PostgreSQL together: in their order, all or none."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import event

from batch_loop.core.engine.batches import Request
from batch_loop.core.engine.registry import LoopRegistry
from batch_loop.core.model.loop_key import LoopKey
from batch_loop.core.model.selection import Selection
from batch_loop.core.model.shared_roots import NO_ROOTS
from batch_loop.core.store.databases.postgresql import open_postgresql
from batch_loop.core.store.databases.together import ConnectionTogether
from batch_loop.core.store.sql.sql_store import SqlStore
from batch_loop.tests.support.fake_host import ByHand, FakeHost
from batch_loop.tools.postgresql import Postgresql

MOST_WAITS = 8
"""To claim an image: the loop's row, its open items, the claim, the image after it, the commit. To
end its turn: the row, the open items, the commit."""


@pytest.fixture
def connection(postgresql: Postgresql) -> Iterator[ConnectionTogether]:
    address = postgresql.new_database().replace("+psycopg", "")
    with psycopg.connect(address) as first:
        first.execute("CREATE TABLE numbers (number INTEGER PRIMARY KEY)")
    connection = ConnectionTogether.connect(address, autocommit=True)
    yield connection
    connection.close()


def add_later(connection: ConnectionTogether, *numbers: int) -> None:
    with connection.later():
        for number in numbers:
            connection.execute("INSERT INTO numbers VALUES (%s)", (number,))


def numbers_of(connection: ConnectionTogether) -> list[int]:
    found = connection.execute("SELECT number FROM numbers ORDER BY number").fetchall()
    return [number for (number,) in found]


def test_the_next_statement_sees_what_was_kept_back(connection: ConnectionTogether) -> None:
    add_later(connection, 1, 2)
    assert numbers_of(connection) == [1, 2]


def test_many_rows_at_once_come_after_what_was_kept_back(connection: ConnectionTogether) -> None:
    add_later(connection, 1)
    connection.cursor().executemany("UPDATE numbers SET number = number + %s", [(1,), (2,)])
    assert connection.has_written
    assert numbers_of(connection) == [4]


@pytest.mark.parametrize("reads_before", [True, False])
def test_a_commit_carries_out_what_was_kept_back(
    connection: ConnectionTogether, *, reads_before: bool
) -> None:
    if reads_before:
        numbers_of(connection)
    add_later(connection, 1, 2)
    connection.commit()
    connection.rollback()
    assert numbers_of(connection) == [1, 2]


@pytest.mark.parametrize("reads_before", [True, False])
def test_nothing_is_kept_if_any_of_it_fails(
    connection: ConnectionTogether, *, reads_before: bool
) -> None:
    if reads_before:
        numbers_of(connection)
    add_later(connection, 1, 1, 2)
    with pytest.raises(psycopg.errors.UniqueViolation):
        connection.commit()
    connection.rollback()
    assert numbers_of(connection) == []


def test_a_rollback_drops_what_was_kept_back(connection: ConnectionTogether) -> None:
    add_later(connection, 1)
    connection.rollback()
    assert not connection.has_written
    connection.commit()
    assert numbers_of(connection) == []


def test_little_of_an_image_is_waited_for(postgresql: Postgresql) -> None:
    store = open_postgresql(postgresql.new_database(), NO_ROOTS)
    assert isinstance(store, SqlStore)
    host = FakeHost()
    names = [f"{number}.png" for number in range(9)]
    registry = LoopRegistry(
        store, host, lambda *_args, **_seed: names, lambda _path: 0.0, poll_outcomes=ByHand
    )

    def image() -> None:
        prompt = host.submit()
        registry.end(registry.acquire(Request(LoopKey("", "/folder"), Selection()), prompt))
        host.finish(prompt)

    image()
    image()
    engine = store._connections.engine
    sent: list[str] = []

    @event.listens_for(engine, "after_cursor_execute")
    def _executed(_c: object, cursor: psycopg.Cursor, text: str, *_rest: object) -> None:
        # What was kept back has no result yet.
        if cursor.pgresult is not None:
            sent.append(text)

    @event.listens_for(engine, "commit")
    def _committed(_connection: object) -> None:
        sent.append("COMMIT")

    image()
    assert len(sent) <= MOST_WAITS, sent
    store.close()
