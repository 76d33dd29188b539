"""Items that are read again and again while others work on them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from batch_loop.core.model.items import Item, ItemState
from batch_loop.core.model.shared_roots import NO_ROOTS
from batch_loop.core.store.databases.postgresql import open_postgresql
from batch_loop.core.store.interface import Store
from batch_loop.tests.support.moves import moved
from batch_loop.tests.unit.store.test_interface import CLAIM, KEY, begin
from batch_loop.tools.postgresql import Postgresql


class Clock:
    now = 5000.0


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def stores(postgresql: Postgresql, clock: Clock) -> Iterator[list[Store]]:
    """Two stores in one database; the second one's machine has a clock of its own."""
    address = postgresql.new_database()
    stores = [open_postgresql(address, NO_ROOTS)]
    stores.append(open_postgresql(address, NO_ROOTS, lambda: clock.now))
    yield stores
    for store in stores:
        store.close()


def open_items(store: Store) -> list[Item]:
    with store.transaction():
        return store.open_items(KEY)


def test_what_has_not_changed_is_converted_once(stores: list[Store]) -> None:
    one, other = stores
    with one.transaction():
        begin(one, KEY, ["a", "b", "c"])
        for _ in range(2):
            one.claim(KEY, CLAIM)
    before = open_items(other)
    with one.transaction():
        moved(one, KEY, one.open_items(KEY)[0], ItemState.FINISHING)
    after = open_items(other)
    assert [item.state for item in before] == [ItemState.RUNNING, ItemState.RUNNING]
    assert [item.state for item in after] == [ItemState.FINISHING, ItemState.RUNNING]
    assert after[1] is before[1]


def test_times_are_by_this_machines_clock_if_that_is_set(stores: list[Store], clock: Clock) -> None:
    one, other = stores
    with one.transaction():
        begin(one, KEY, ["a"])
        one.claim(KEY, CLAIM)
    (before,) = open_items(other)
    clock.now += 3600
    (after,) = open_items(other)
    assert before.claim is not None
    assert after.claim is not None
    assert after.claim.since - before.claim.since == pytest.approx(3600, abs=1)
