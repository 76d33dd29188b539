"""How PostgreSQL plans what is asked for each image: once, and by an index that does not grow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy.dialects import postgresql as dialect

from batch_loop.core.model.items import ItemState
from batch_loop.core.model.shared_roots import NO_ROOTS
from batch_loop.core.store.databases.postgresql import open_postgresql
from batch_loop.core.store.schema import statements
from batch_loop.tests.unit.store.test_interface import KEY, begin
from batch_loop.tools.postgresql import Postgresql

NAMES = [f"{at:05}" for at in range(10_000)]
ASKED_FOR_EACH_IMAGE = [
    "own_and_free_rows",
    "own_and_free_rows_of_many",
    "open_and_next_rows_of",
]
GIVEN = {"of_loop": f"'{KEY.id}'", "of_server": "'one'", "of_listing": "'x'"}
TIMES_BEFORE_IT_DECIDES = 5
"""How often PostgreSQL plans a statement that it has prepared before it may keep a plan."""


@pytest.fixture
def connection(postgresql: Postgresql) -> Iterator[psycopg.Connection[Any]]:
    """A connection to a database with a batch that has just begun."""
    address = postgresql.new_database()
    store = open_postgresql(address, NO_ROOTS)
    with store.transaction():
        begin(store, KEY, NAMES)
    store.close()
    with psycopg.connect(address.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("ANALYZE batch_loop_items")
        yield connection


def plan_of(connection: psycopg.Connection[Any], name: str) -> str:
    """The plan by which a statement is carried out once it was asked for a few images."""
    text = str(getattr(statements, name).compile(dialect=dialect.psycopg.dialect()))
    names = [*dict.fromkeys(re.findall(r"%\((\w+)\)s", text))]
    for number, each in enumerate(names, start=1):
        text = text.replace(f"%({each})s", f"${number}")
    connection.execute(f"PREPARE {name} AS {text}".encode())
    given = ", ".join(GIVEN.get(each, "1") for each in names)
    asked = f"EXPLAIN EXECUTE {name} ({given})"
    for _ in range(TIMES_BEFORE_IT_DECIDES + 1):
        lines = connection.execute(asked.encode()).fetchall()
    return "\n".join(line for (line,) in lines)


@pytest.mark.parametrize("name", [*ASKED_FOR_EACH_IMAGE, "next_pending"])
@pytest.mark.parametrize("done", [0, 9_000])
def test_what_is_next_is_found_by_the_index_of_the_pending(
    connection: psycopg.Connection[Any], name: str, done: int
) -> None:
    done_now = "UPDATE batch_loop_items SET state = %s, turns = 1 WHERE position < %s"
    connection.execute(done_now, (ItemState.DONE.value, done))
    plan = plan_of(connection, name)
    assert "batch_loop_items_pending" in plan
    assert "batch_loop_items_listed" not in plan


@pytest.mark.parametrize("name", ASKED_FOR_EACH_IMAGE)
def test_it_is_planned_once(connection: psycopg.Connection[Any], name: str) -> None:
    plan_of(connection, name)
    counted = "SELECT generic_plans FROM pg_prepared_statements WHERE name = %s"
    assert connection.execute(counted, (name,)).fetchall() == [(1,)]
