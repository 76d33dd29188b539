"""What is on PostgreSQL's disk once a change is made, and who waits for that."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from batch_loop.core.common.errors import StoreAway, Unanswered
from batch_loop.core.model.shared_roots import NO_ROOTS
from batch_loop.core.store.databases.postgresql import open_postgresql
from batch_loop.core.store.interface import Store
from batch_loop.tests.support.waiting import wait_for
from batch_loop.tests.unit.store.test_interface import CLAIM, KEY, begin
from batch_loop.tools.postgresql import Postgresql

LAZY = ("wal_writer_delay = 10s", "lock_timeout = 10s")
"""What nobody waits for stays in memory for long, and a lock that is held for ever is an error."""


@pytest.fixture(scope="module")
def lazy() -> Iterator[Postgresql]:
    with Postgresql(LAZY) as server:
        yield server


@pytest.fixture
def stores(lazy: Postgresql) -> Iterator[list[Store]]:
    """Two stores in one database."""
    address = lazy.new_database()
    stores = [open_postgresql(address, NO_ROOTS) for _ in range(2)]
    for store in stores:
        with store.transaction():
            store.id()
    yield stores
    for store in stores:
        store.close()


@contextmanager
def slow_disk(server: Postgresql) -> Iterator[Callable[[], bool]]:
    """Until the end, whoever waits for the disk waits; given is whether anybody does.

    It is the wait for another machine's disk, of which PostgreSQL is told, and which there is not.
    """
    with psycopg.connect(server.address.replace("+psycopg", ""), autocommit=True) as connection:

        def waits() -> bool:
            asked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
            found: Any = connection.execute(asked).fetchone()
            return bool(found[0])

        connection.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
        connection.execute("SELECT pg_reload_conf()")
        wait_for(lambda: _is_slow(server), "the disk to be slow")
        try:
            yield waits
        finally:
            connection.execute("ALTER SYSTEM RESET synchronous_standby_names")
            connection.execute("SELECT pg_reload_conf()")


@contextmanager
def made_on_a_slow_disk(
    server: Postgresql, store: Store, change: Callable[[], object]
) -> Iterator[None]:
    """Make a change that waits for the disk until the end."""

    def make() -> None:
        with store.transaction():
            change()

    thread = threading.Thread(target=make)
    with slow_disk(server) as waits:
        thread.start()
        wait_for(waits, "the change to wait for the disk")
        yield
        assert thread.is_alive()
    thread.join()


def _is_slow(server: Postgresql) -> bool:
    with psycopg.connect(server.address.replace("+psycopg", ""), autocommit=True) as connection:
        found: Any = connection.execute("SHOW synchronous_standby_names").fetchone()
        return bool(found[0])


def test_others_go_on_while_a_change_waits_for_the_disk(
    lazy: Postgresql, stores: list[Store]
) -> None:
    one, other = stores
    with one.transaction():
        begin(one, KEY, ["a", "b"])
    with made_on_a_slow_disk(lazy, one, lambda: one.claim(KEY, CLAIM)), other.transaction():
        assert other.counts(KEY).running == 1


def test_nobody_hears_of_a_batch_before_it_is_on_the_disk(
    lazy: Postgresql, stores: list[Store]
) -> None:
    one, other = stores
    with made_on_a_slow_disk(lazy, one, lambda: begin(one, KEY, ["a"])):
        assert not other.outside.listed_loops()
    assert other.outside.listed_loops()


def test_nobody_hears_of_a_batchs_end_before_it_is_on_the_disk(
    lazy: Postgresql, stores: list[Store]
) -> None:
    one, other = stores
    with one.transaction():
        begin(one, KEY, ["a"])

    def complete() -> None:
        entry = one.load(KEY)
        assert entry is not None
        one.save(KEY, replace(entry, completed_at=1.0))

    def completed_at() -> float | None:
        entry = other.snapshot_read(lambda: other.load(KEY))
        assert entry is not None
        return entry.completed_at

    with made_on_a_slow_disk(lazy, one, complete):
        assert completed_at() is None
    assert completed_at() == pytest.approx(1.0, abs=0.5)


def test_a_change_without_an_answer_was_kept_once_it_is_on_the_disk(
    lazy: Postgresql, stores: list[Store]
) -> None:
    store = stores[0]
    with store.transaction():
        begin(store, KEY, ["a", "b"])
    unanswered: list[Unanswered] = []

    def claim() -> None:
        try:
            with store.transaction():
                store.claim(KEY, CLAIM)
        except Unanswered as error:
            unanswered.append(error)

    kept: list[bool] = []
    claims = threading.Thread(target=claim)
    asks = threading.Thread(target=lambda: kept.append(unanswered[0].was_kept()))
    with slow_disk(lazy) as waits:
        claims.start()
        wait_for(waits, "the change to wait for the disk")
        asked = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event"
        with psycopg.connect(lazy.address.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(f"{asked} = 'SyncRep'")
        claims.join()
        asks.start()
        wait_for(waits, "the answer to wait for the disk")
        assert not kept
    asks.join()
    assert kept == [True]


def test_a_change_that_was_made_outlasts_a_crash(lazy: Postgresql, stores: list[Store]) -> None:
    one, other = stores
    with one.transaction():
        begin(one, KEY, ["a", "b"])
    with one.transaction():
        one.claim(KEY, CLAIM)
    lazy.crash()
    lazy.start()
    with suppress(StoreAway):  # its connection is stale
        other.snapshot_read(lambda: other.counts(KEY))
    counts = other.snapshot_read(lambda: other.counts(KEY))
    assert counts is not None
    assert (counts.pending, counts.running) == (1, 1)
