"""Several statements in one round trip to PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from batch_loop.core.store.databases.round_trip import RoundTrips
from batch_loop.core.store.databases.sent import Statement
from batch_loop.tools.postgresql import Postgresql


@pytest.fixture
def connection(postgresql: Postgresql) -> Iterator[psycopg.Connection[Any]]:
    address = postgresql.new_database().replace("+psycopg", "")
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("CREATE TABLE numbers (number INTEGER PRIMARY KEY, name TEXT)")
        yield connection


@pytest.fixture
def trips(connection: psycopg.Connection[Any]) -> RoundTrips:
    return RoundTrips(connection)


ADD = "INSERT INTO numbers VALUES (%(number)s, %(name)s) RETURNING number"
COUNT = Statement.of("SELECT count(*) FROM numbers")


def add(number: int, name: str | None = None) -> Statement:
    return Statement.of(ADD, {"name": name, "number": number})


def test_each_statement_has_its_answer(trips: RoundTrips) -> None:
    # Asked once, again, and again once it is prepared.
    for first in (1, 4, 7):
        answers = trips.ask([add(first), COUNT, add(first + 1, "two"), add(first + 2), COUNT])
        found = [answer.fetchall() for answer in answers]
        assert found == [[(first,)], [(first,)], [(first + 1,)], [(first + 2,)], [(first + 2,)]]
    (changed,) = trips.ask([Statement.of("UPDATE numbers SET name = 'x' WHERE number < %s", (3,))])
    assert (changed.rowcount, changed.description) == (2, None)


@pytest.mark.parametrize("times", [1, 2, 3])
def test_what_fails_is_the_first_error_and_nothing_is_carried_out_after_it(
    trips: RoundTrips, times: int
) -> None:
    for number in range(1, times):
        trips.ask([add(number)])
    trips.ask([Statement.of("BEGIN")])
    with pytest.raises(psycopg.errors.UniqueViolation):
        trips.ask([add(50), add(50), add(51), Statement.of("SELECT 1 / 0")])
    trips.ask([Statement.of("ROLLBACK")])
    for number in (52, 53):
        trips.ask([add(number), Statement.of("SELECT number FROM numbers WHERE name = %s", ("y",))])
    (answer,) = trips.ask([COUNT])
    assert answer.fetchone() == (times + 1,)


def test_what_was_to_be_prepared_after_an_error_is_prepared_later(trips: RoundTrips) -> None:
    trips.ask([add(1)])
    for _ in range(2):
        with pytest.raises(psycopg.errors.DivisionByZero):
            trips.ask([Statement.of("SELECT 1 / 0"), add(2)])
    trips.ask([add(2), add(3)])
    assert trips.ask([COUNT])[0].fetchall() == [(3,)]


def test_a_parameter_may_be_named_twice_and_a_percent_sign_doubled(trips: RoundTrips) -> None:
    query = "SELECT %(a)s::TEXT || '%%' || %(b)s::TEXT || %(a)s::TEXT AS text"
    (answer,) = trips.ask([Statement.of(query, {"b": "2", "a": "1"})])
    assert answer.fetchall() == [("1%21",)]
    assert [column[0] for column in answer.description or ()] == ["text"]


def test_more_is_sent_than_fits_at_once(trips: RoundTrips) -> None:
    long = "x" * 3_000_000
    echo = Statement.of("SELECT %(text)s::TEXT", {"text": long})
    assert [answer.fetchone() for answer in trips.ask([echo] * 5)] == [(long,)] * 5


def test_what_cannot_be_sent_leaves_the_connection_as_it_was(trips: RoundTrips) -> None:
    with pytest.raises(psycopg.DataError):
        trips.ask([add(1), add(2, "\0")])
    assert trips.ask([COUNT])[0].fetchall() == [(0,)]


def test_a_connection_that_is_lost_is_closed(
    connection: psycopg.Connection[Any], trips: RoundTrips
) -> None:
    own = "SELECT pg_terminate_backend(pg_backend_pid())"
    with pytest.raises(psycopg.OperationalError):
        trips.ask([add(1), Statement.of(own), add(2)])
    assert connection.closed
    with pytest.raises(psycopg.OperationalError, match="closed"):
        trips.ask([COUNT])


def test_rows_are_fetched_some_at_a_time(trips: RoundTrips) -> None:
    (answer,) = trips.ask([Statement.of("SELECT * FROM generate_series(1, 5)")])
    assert answer.rowcount == 5
    assert answer.fetchone() == (1,)
    assert answer.fetchmany(2) == [(2,), (3,)]
    assert answer.fetchall() == [(4,), (5,)]
    assert answer.fetchone() is None
