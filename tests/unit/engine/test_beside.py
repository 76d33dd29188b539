"""Several servers in processes of their own, which work on one batch as fast as they can."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from batch_loop.core.model.items import Counts
from batch_loop.core.model.shared_roots import NO_ROOTS
from batch_loop.core.store.databases.postgresql import open_postgresql
from batch_loop.tools.bench.claimants import Task, at_work
from batch_loop.tools.pgbouncer import PgBouncer
from batch_loop.tools.postgresql import Postgresql

IMAGES = 400


@pytest.fixture(params=["directly", "by way of a pooler"])
def address(request: pytest.FixtureRequest, postgresql: Postgresql) -> Iterator[str]:
    """The address of a new database."""
    address = postgresql.new_database()
    if request.param == "directly":
        yield address
        return
    with PgBouncer(postgresql) as pooler:
        yield pooler.through(address)


def test_each_image_is_done_once_and_all_are_counted(address: str) -> None:
    began = time.time()
    # An error if an image is done twice.
    work = at_work([Task(address, f"process {at}", IMAGES, 2, 0.0, 60.0) for at in range(3)])
    took = time.time() - began
    assert len(work.done) == IMAGES
    store = open_postgresql(address, NO_ROOTS)
    with store.transaction():
        (key,) = store.loops()
        entry, counts = store.load(key), store.counts(key)
    store.close()
    assert counts == Counts(done=IMAGES)
    assert entry is not None
    assert entry.completed_at is not None
    assert entry.times.ended == IMAGES
    assert 0 < entry.times.last <= entry.times.seconds < took
