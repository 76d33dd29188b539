"""A database that cannot be used says why in one line, and one that comes back is used again."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator

import pytest

from batch_loop.nodes.io.roots import NO_ROOTS
from batch_loop.nodes.loop.errors import StateNotKept, StoreAway
from batch_loop.nodes.loop.postgresql import DATABASE_VARIABLE, open_postgresql
from batch_loop.nodes.loop.sql_store import SqlStore
from batch_loop.nodes.loop.state import LoopKey
from batch_loop.nodes.loop.store import Store
from batch_loop.nodes.loop.tables import versions
from batch_loop.nodes.loop.versions import VERSION
from batch_loop.tests.unit.loop.test_store import CLAIM, KEY, begin
from batch_loop.tools.postgresql import PASSWORD, Postgresql


def refusal(store: Store) -> str:
    with pytest.raises(StateNotKept) as raised, store.transaction():
        raise AssertionError("it was to be refused")
    store.close()
    message = str(raised.value)
    assert len(message.splitlines()) == 1
    assert PASSWORD not in message
    assert "secret" not in message
    return message


def test_a_wrong_password(postgresql: Postgresql) -> None:
    message = refusal(open_postgresql(postgresql.address_of("secret"), NO_ROOTS))
    assert 'password authentication failed for user "batch_loop"' in message
    assert f"Correct the name or the password in {DATABASE_VARIABLE}" in message


def test_a_database_that_is_not_there(postgresql: Postgresql) -> None:
    message = refusal(open_postgresql(f"{postgresql.address}_other", NO_ROOTS))
    assert 'database "postgres_other" does not exist. Create it' in message


def test_nobody_answers() -> None:
    message = refusal(open_postgresql("postgresql://user:secret@127.0.0.1:9/batch", NO_ROOTS))
    assert "Connection refused. Start the database, or correct its address" in message
    assert "user:***@127.0.0.1:9/batch" in message


@pytest.mark.parametrize("address", ["mysql://user:secret@host/a", "user:secret@host", "sqlite://"])
def test_an_address_of_another_kind(address: str) -> None:
    message = refusal(open_postgresql(address, NO_ROOTS))
    assert f"cannot use {DATABASE_VARIABLE}" in message
    assert "Write it like postgresql+psycopg://name:password@machine/database" in message


def test_without_the_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "psycopg"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    message = refusal(open_postgresql("postgresql://user:secret@host/a", NO_ROOTS))
    assert 'pip install "psycopg[binary]"' in message


def test_tables_of_a_later_version(postgresql: Postgresql) -> None:
    address = postgresql.new_database()
    store = open_postgresql(address, NO_ROOTS)
    assert isinstance(store, SqlStore)
    with store.transaction():
        store._database.execute(versions.update().values(version=VERSION + 1))
    store.close()
    message = refusal(open_postgresql(address, NO_ROOTS))
    assert f"they have version {VERSION + 1}" in message
    assert "Update Batch Loop on this machine" in message


@pytest.fixture
def own() -> Iterator[Postgresql]:
    """A database server that a test may end."""
    server = Postgresql()
    with server:
        yield server


def test_one_that_is_started_late_is_used_from_then_on(own: Postgresql) -> None:
    own.stop()
    store = open_postgresql(own.address, NO_ROOTS)
    for _ in range(2):
        with pytest.raises(StateNotKept) as raised, store.transaction():
            raise AssertionError
        assert not isinstance(raised.value, StoreAway)
    own.start()
    with store.transaction():
        begin(store, KEY, ["a", "b"])
    own.stop()
    with pytest.raises(StoreAway, match="Run again when it is back"), store.transaction():
        store.paths(KEY)
    assert_nothing_at_hand(store)
    own.start()
    with store.transaction():
        assert store.counts(KEY).pending == 2
    store.close()


def assert_nothing_at_hand(store: Store) -> None:
    with pytest.raises(StoreAway):
        store.at_hand(lambda: store.load(KEY))


def test_a_change_that_is_cut_off_has_not_happened(own: Postgresql) -> None:
    store = open_postgresql(own.address, NO_ROOTS)
    with store.transaction():
        begin(store, KEY, ["a", "b"])

    def be_cut_off() -> None:
        with store.transaction():
            store.claim(KEY, CLAIM)
            own.restart()

    with pytest.raises(StoreAway):
        be_cut_off()
    with store.transaction():
        assert store.counts(KEY).pending == 2
    store.close()


def test_servers_that_begin_at_once_make_the_tables_once(postgresql: Postgresql) -> None:
    stores = [open_postgresql(address, NO_ROOTS) for address in [postgresql.new_database()] * 4]
    together = threading.Barrier(len(stores))
    found: list[str] = []

    def begin_work(store: Store) -> None:
        together.wait()
        with store.transaction():
            found.append(store.id())
            if store.load(KEY) is None:
                begin(store, KEY, ["a", "b"])
                found.append("begun")

    threads = [threading.Thread(target=begin_work, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for store in stores:
        store.close()
    assert found.count("begun") == 1
    assert len({*found} - {"begun"}) == 1


def test_different_loops_do_not_wait_for_each_other(postgresql: Postgresql) -> None:
    address = postgresql.new_database()
    one, two = (open_postgresql(address, NO_ROOTS) for _ in range(2))
    other = LoopKey("other", KEY.directory)
    with one.transaction():
        begin(one, KEY, ["a"])
        with two.transaction():
            begin(two, other, ["a"])
    with one.transaction():
        one.claim(KEY, CLAIM)
        # Who only looks sees what was kept, and does not wait either.
        assert two.at_hand(lambda: two.counts(KEY).pending if two.load(KEY) else None) == 1
    assert two.at_hand(lambda: two.counts(KEY).running if two.load(KEY) else None) == 1
    for store in (one, two):
        store.close()
