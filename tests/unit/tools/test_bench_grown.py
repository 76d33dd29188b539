"""A batch that the benchmark makes larger is as the store would have written it."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.rows import dict_row

from batch_loop.core.model.loop_key import LoopKey
from batch_loop.core.model.policy import IterationMode
from batch_loop.core.model.selection import Selection
from batch_loop.core.model.shared_roots import NO_ROOTS
from batch_loop.core.store.databases.postgresql import open_postgresql
from batch_loop.core.store.records import LoopEntry
from batch_loop.tools.bench.grown import grow
from batch_loop.tools.errors import ToolError
from batch_loop.tools.postgresql import Postgresql

KEY = LoopKey("", "/folder")
FEW, MANY = 7, 30


def begun(postgresql: Postgresql, images: int) -> str:
    """The address of a new database with one loop of as many images."""
    address = postgresql.new_database()
    store = open_postgresql(address, NO_ROOTS)
    with store.transaction():
        store.start_batch(KEY, [f"{at:08}.png" for at in range(images)])
        store.save(KEY, LoopEntry(Selection(), 1, IterationMode.CONTINUE, looked_at=0.0))
    store.close()
    return address


def rows(address: str) -> Iterator[dict[str, object]]:
    """All that the loop and its items have, but for what names a listing and the time."""
    asked = ("SELECT * FROM batch_loop_loops", "SELECT * FROM batch_loop_items ORDER BY path")
    with psycopg.connect(address.replace("+psycopg", ""), row_factory=dict_row) as connection:
        for each in asked:
            for row in connection.execute(each):
                yield {name: row[name] for name in row if name not in {"listing", "looked_at"}}


def test_its_rows_are_those_of_the_store(postgresql: Postgresql) -> None:
    written, grown = begun(postgresql, MANY), begun(postgresql, FEW)
    grow(grown, MANY)
    assert list(rows(grown)) == list(rows(written))
    assert len(list(rows(grown))) == 1 + MANY


def test_a_database_of_several_loops_is_left_alone(postgresql: Postgresql) -> None:
    address = begun(postgresql, FEW)
    store = open_postgresql(address, NO_ROOTS)
    with store.transaction():
        store.start_batch(LoopKey("", "/other"), ["a.png"])
    store.close()
    with pytest.raises(ToolError, match="is not of one loop"):
        grow(address, MANY)
