"""Databases of the version that knew images only, and listed all of a batch at once."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from batch_loop.core.engine.batches import Request
from batch_loop.core.model.items import Counts
from batch_loop.core.model.loop_key import IMAGES, LoopKey
from batch_loop.core.model.policy import ErrorHandling, Policy
from batch_loop.core.model.prompt import Ending
from batch_loop.core.model.selection import Selection
from batch_loop.core.sources.image_folder import ImageFolder
from batch_loop.core.store.interface import Store
from batch_loop.core.store.schema.tables import loops
from batch_loop.core.store.sql.sql_store import SqlStore
from batch_loop.tests.support.one_store import Server, World, until_the_end
from batch_loop.tests.support.stores import DATABASES, store_opener

FILES = [f"{letter}.png" for letter in "abcdefgh"]
KEY = LoopKey("", os.path.abspath("folder"), workflow="of the page")
SKIP = Policy(ErrorHandling.SKIP)


@pytest.fixture(params=DATABASES)
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Store]]:
    with until_the_end(store_opener(request.param, tmp_path, request)) as one_more:
        yield one_more


@pytest.fixture
def world(opened: Callable[[], Store]) -> World[ImageFolder]:
    source = ImageFolder(lambda *_given, **_more: list(FILES), lambda _path: 0.0)
    return World(opened, source, Request(KEY, Selection(), policy=SKIP))


def make_old(server: Server[Any]) -> None:
    """Take from a database what the version before had not."""
    store = server.store
    assert isinstance(store, SqlStore)
    with store._connections.engine.begin() as connection:
        kept = connection.execute(select(loops.c.kept)).scalar_one()
        if kept is not None:
            before = {name: value for name, value in json.loads(kept).items() if name != "to_list"}
            connection.execute(update(loops).values(kept=json.dumps(before)))
        for name in ("source", "to_list"):
            connection.exec_driver_sql(f"ALTER TABLE {loops.name} DROP COLUMN {name}")


def test_its_loops_keep_their_ids_and_states(world: World[ImageFolder]) -> None:
    server = world.start()
    assert server.run() == "a.png"
    assert server.run(Ending.ERROR) == "b.png"
    assert server.run() == "c.png"
    server.registry.reconcile_all()
    server.take()
    make_old(server)
    server = world.restarted(server)
    (told,) = server.registry.overviews()
    assert told.id == KEY.id
    assert server.counts == Counts(pending=5, done=2, failed=1)
    with server.store.transaction():
        assert server.store.find(KEY.id) == KEY
    assert KEY.source == IMAGES
    assert server.run_all() == FILES[3:]
    assert server.counts == Counts(done=7, failed=1)


def test_a_batch_that_was_kept_is_put_back(world: World[ImageFolder]) -> None:
    server = world.start()
    server.runs(3)
    server.registry.reconcile_all()
    before = server.counts
    server.registry.start_over(KEY.id)
    make_old(server)
    server = world.restarted(server)
    assert server.registry.undo_start_over(KEY.id).counts == before
    assert server.run_all() == FILES[3:]
