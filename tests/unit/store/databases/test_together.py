"""Statements that go to PostgreSQL together: in their order, all or none."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from batch_loop.core.engine.batches import Request
from batch_loop.core.engine.registry import LoopRegistry
from batch_loop.core.model.loop_key import LoopKey
from batch_loop.core.model.selection import Selection
from batch_loop.core.model.shared_roots import NO_ROOTS
from batch_loop.core.sources.image_folder import ImageFolder
from batch_loop.core.store.databases.postgresql import open_postgresql
from batch_loop.core.store.databases.sent import Statement
from batch_loop.core.store.databases.together import ConnectionTogether
from batch_loop.tests.support.fake_host import ByHand, FakeHost
from batch_loop.tools.bench.round_trips import RoundTrips
from batch_loop.tools.postgresql import Postgresql

MOST_ROUND_TRIPS = 4
"""To claim an image: all that is asked, and all that is written. To end its turn, the same."""


NAMES = [f"{number}.png" for number in range(9)]


def opened(address: str) -> tuple[LoopRegistry, FakeHost]:
    """A registry in a database, and its host."""
    host, store = FakeHost(), open_postgresql(address, NO_ROOTS)
    registry = LoopRegistry(
        store,
        host,
        ImageFolder(lambda *_args, **_seed: NAMES, lambda _path: 0.0),
        poll_outcomes=ByHand,
    )
    return registry, host


def image(registry: LoopRegistry, host: FakeHost) -> str:
    """Have a prompt do the next image."""
    prompt = host.submit()
    iteration = registry.acquire(Request(LoopKey("", "/folder"), Selection()), prompt)
    registry.end(iteration)
    host.finish(prompt)
    assert iteration.item is not None
    return iteration.item.path


@pytest.fixture
def connection(postgresql: Postgresql) -> Iterator[ConnectionTogether]:
    address = postgresql.new_database().replace("+psycopg", "")
    with psycopg.connect(address) as first:
        first.execute("CREATE TABLE numbers (number INTEGER PRIMARY KEY)")
    connection = ConnectionTogether.connect(address, autocommit=True)
    yield connection
    connection.close()


def add_later(connection: ConnectionTogether, *numbers: int) -> None:
    for number in numbers:
        connection.send_later(Statement.of("INSERT INTO numbers VALUES (%s)", (number,)))


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


def test_a_statement_can_take_the_place_of_the_last(connection: ConnectionTogether) -> None:
    assert connection.last is None
    add_later(connection, 1)
    another = Statement.of("INSERT INTO numbers VALUES (%s)", (2,))
    connection.send_later(another, instead_of_last=True)
    assert connection.last == another
    connection.commit()
    assert connection.last is None
    assert numbers_of(connection) == [2]


def test_a_rollback_drops_what_was_kept_back(connection: ConnectionTogether) -> None:
    add_later(connection, 1)
    connection.rollback()
    assert not connection.has_written
    connection.commit()
    assert numbers_of(connection) == []


def test_what_is_prepared_stays_so_after_a_rollback(connection: ConnectionTogether) -> None:
    """The driver takes back all that is prepared, if it has prepared anything by itself."""
    add_many = "INSERT INTO numbers VALUES (%s)"
    count = "SELECT count(*) FROM numbers WHERE number < %s"
    for first in range(0, 80, 10):
        numbers = [(first + number,) for number in range(10)]
        connection.cursor().executemany(add_many, numbers)
        assert connection.execute(count, (1000,)).fetchone() == (first + 10,)
    connection.commit()
    connection.cursor().executemany(add_many, [(100,)])
    connection.rollback()
    assert connection.execute(count, (1000,)).fetchone() == (80,)


def test_what_was_asked_along_is_answered_when_it_is_executed(
    connection: ConnectionTogether,
) -> None:
    asked = "SELECT number, number + 1 AS next FROM numbers WHERE number > %(above)s"
    given = {"above": 1}
    add_later(connection, 1, 2, 3)
    connection.ask_along(Statement.of(asked, given))
    assert numbers_of(connection) == [1, 2, 3]
    add_later(connection, 4)
    answer = connection.execute(asked, given)
    # It is that from before, and only for once.
    assert [column[0] for column in answer.description or ()] == ["number", "next"]
    assert answer.rowcount == 2
    assert answer.fetchone() == (2, 3)
    assert answer.fetchall() == [(3, 4)]
    assert connection.execute(asked, given).fetchmany(9) == [(2, 3), (3, 4), (4, 5)]


def test_of_two_answers_the_later_one_counts(connection: ConnectionTogether) -> None:
    asked = "SELECT count(*) FROM numbers"
    for number in (1, 2):
        add_later(connection, number)
        connection.ask_along(Statement.of(asked))
        numbers_of(connection)
    assert connection.execute(asked).fetchone() == (2,)


def test_an_answer_is_not_kept_beyond_its_transaction(connection: ConnectionTogether) -> None:
    asked = "SELECT count(*) FROM numbers"
    connection.ask_along(Statement.of(asked))
    add_later(connection, 1)
    connection.commit()
    assert connection.execute(asked).fetchone() == (1,)


def after(connection: ConnectionTogether, number: int) -> None:
    connection.send_after(Statement.of("INSERT INTO numbers VALUES (%s)", (number,)))


def test_what_comes_after_a_commit_is_kept_by_itself(connection: ConnectionTogether) -> None:
    after(connection, 2)
    add_later(connection, 1)
    connection.commit()
    connection.rollback()
    assert numbers_of(connection) == [1, 2]


def test_a_commit_is_kept_even_if_what_comes_after_it_fails(connection: ConnectionTogether) -> None:
    after(connection, 1)
    add_later(connection, 1)
    with pytest.raises(psycopg.OperationalError):
        connection.commit()
    connection.rollback()
    assert numbers_of(connection) == [1]


def test_nothing_comes_after_what_is_not_kept(connection: ConnectionTogether) -> None:
    after(connection, 2)
    add_later(connection, 1, 1)
    with pytest.raises(psycopg.errors.UniqueViolation):
        connection.commit()
    connection.rollback()
    add_later(connection, 3)
    connection.commit()
    assert numbers_of(connection) == [3]


def test_a_driver_without_pipelines_hands_out_images(
    postgresql: Postgresql, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(psycopg, "Pipeline")
    registry, host = opened(postgresql.new_database())
    assert [image(registry, host) for _ in range(3)] == NAMES[:3]
    registry.close()


def test_little_of_an_image_is_waited_for(postgresql: Postgresql) -> None:
    with RoundTrips(postgresql.port) as trips:
        address = postgresql.new_database().replace(f":{postgresql.port}/", f":{trips.port}/")
        registry, host = opened(address)
        image(registry, host)
        image(registry, host)
        before = trips.count
        image(registry, host)
        assert trips.count - before <= MOST_ROUND_TRIPS
        registry.close()
