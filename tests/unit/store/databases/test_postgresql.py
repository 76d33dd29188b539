"""An unusable database is reported in one line, and one that comes back is used again."""

from __future__ import annotations

import io
import logging
import re
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, Literal
from urllib.parse import quote

import psycopg
import pytest
from hypothesis import given, settings, strategies
from psycopg import sql
from sqlalchemy import func, select

from batch_loop.core.common.errors import StateNotKept, StoreAway, Unanswered
from batch_loop.core.common.variables import DATABASE_VARIABLE
from batch_loop.core.model.items import ItemState
from batch_loop.core.model.loop_key import LoopKey
from batch_loop.core.model.prompt import Failure
from batch_loop.core.model.shared_roots import NO_ROOTS
from batch_loop.core.store.databases.postgresql import open_postgresql
from batch_loop.core.store.databases.round_trip import RoundTrips
from batch_loop.core.store.interface import Store
from batch_loop.core.store.schema.tables import ADDED_LATER, VERSION, marks, versions
from batch_loop.core.store.sql.sql_store import SqlStore
from batch_loop.tests.support.moves import moved
from batch_loop.tests.support.waiting import wait_for
from batch_loop.tests.unit.store.test_interface import CLAIM, KEY, begin
from batch_loop.tools.postgresql import PASSWORD, Postgresql
from batch_loop.tools.programs import HOST


def refusal(store: Store) -> str:
    with pytest.raises(StateNotKept) as raised, store.transaction():
        raise AssertionError("it was to be refused")
    store.close()
    message = str(raised.value)
    assert len(message.splitlines()) == 1
    assert PASSWORD not in message
    assert "secret" not in message
    return message


def test_a_wrong_password_is_reported(postgresql: Postgresql) -> None:
    message = refusal(open_postgresql(postgresql.address_of("secret"), NO_ROOTS))
    assert 'password authentication failed for user "***"' in message
    assert f"Correct the name or the password in {DATABASE_VARIABLE}" in message


def test_a_missing_database_is_reported(postgresql: Postgresql) -> None:
    message = refusal(open_postgresql(f"{postgresql.address}_other", NO_ROOTS))
    assert 'database "postgres_other" does not exist. Create it' in message


def test_a_server_that_does_not_answer_is_reported() -> None:
    message = refusal(open_postgresql("postgresql://user:secret@127.0.0.1:9/batch", NO_ROOTS))
    assert "Connection refused. Start the database, or correct its address" in message
    assert "its database postgresql+psycopg://127.0.0.1/batch: " in message
    assert "user" not in message


@pytest.mark.parametrize("address", ["mysql://user:secret@host/a", "user:secret@host", "sqlite://"])
def test_an_address_of_another_kind_is_refused(address: str) -> None:
    message = refusal(open_postgresql(address, NO_ROOTS))
    assert f"cannot use {DATABASE_VARIABLE}" in message
    assert "Write it like postgresql+psycopg://name:password@machine/database" in message


def test_the_address_is_used_as_given(postgresql: Postgresql) -> None:
    """Database, password and everything else may also come after the `?`."""
    start, _, name = postgresql.new_database().rpartition("/")
    password = quote(PASSWORD, safe="")
    bare = start.replace(f":{password}@", "@")
    for address in (
        f"{bare}/?dbname={name}&password={password}",
        f"{bare.partition('@')[0]}@/{name}?host={HOST}:{postgresql.port}&password={password}",
    ):
        store = open_postgresql(address, NO_ROOTS)
        with store.transaction():
            assert store.loops() == []
        store.close()


# Characters without a meaning in an address, and those with one.
secret = strategies.text("abcXYZ019 äß漢" + "@:/?#&=%+[]'\"\\!$,;", min_size=4, max_size=12).map(
    "~{}~".format
)


def encoded(text: str) -> str:
    return quote(text, safe="")


PLACES: list[Callable[[str], str]] = [
    lambda hidden: f"postgresql://user:{hidden}@127.0.0.1:9/batch",
    lambda hidden: f"postgresql://user:{encoded(hidden)}@127.0.0.1:9/batch",
    lambda hidden: f"postgresql://{hidden}@127.0.0.1:9/batch",
    lambda hidden: f"postgresql://{encoded(hidden)}@127.0.0.1:9/batch",
    lambda hidden: f"postgresql://127.0.0.1:9/batch?password={hidden}",
    *(
        lambda hidden, name=name: f"postgresql://127.0.0.1:9/batch?{name}={encoded(hidden)}"  # type: ignore[misc]
        for name in ("password", "user", "passfile", "sslpassword", "sslrootcert", "sslmode")
    ),
    lambda hidden: f"postgresql://127.0.0.1:9/batch?port={encoded(hidden)}",
    lambda hidden: f"postgresql://127.0.0.1:9/batch?{encoded(hidden)}=1",
    lambda hidden: f"mysql://user:{hidden}@127.0.0.1/batch",
    lambda hidden: f"{hidden}://user@127.0.0.1/batch",
    lambda hidden: f"user:{hidden}@127.0.0.1/batch",
]


@given(secret, strategies.sampled_from(PLACES))
@settings(max_examples=100, deadline=None)
def test_no_secret_part_of_the_address_is_shown(hidden: str, place: Callable[[str], str]) -> None:
    """What follows an @ that is not encoded may be a part of the password."""
    said = io.StringIO()
    handler = logging.StreamHandler(said)
    logging.getLogger().addHandler(handler)
    store = open_postgresql(place(hidden), NO_ROOTS)
    try:
        with store.transaction():
            raise AssertionError
    except StateNotKept:
        logging.getLogger("batch_loop").exception("as ComfyUI logs it")
    finally:
        logging.getLogger().removeHandler(handler)
        store.close()
    if isinstance(store, SqlStore):
        known = store._connections
        said.write(f"{known.engine!r} {known.engine.url!r} {vars(known)!r} {vars(store)!r}")
    text = said.getvalue().lower()
    for part in re.split("[@:/?#]", hidden.lower()):
        assert len(part) < 3 or part not in text
    assert encoded(hidden).lower() not in text


@pytest.mark.parametrize("password", ["p@zz:w0rd", "p@zz", "p@zz/w0rd", "p@zz?w0rd", "pa/zz", "?"])
def test_an_unencoded_password_is_refused_in_plain_words(password: str) -> None:
    message = refusal(open_postgresql(f"postgresql://user:{password}@127.0.0.1/batch", NO_ROOTS))
    assert "In the name and the password write %40 for @, %3A for :, and %2F for /" in message
    for part in ("user", "zz", "w0rd", "127.0.0.1"):
        assert part not in message


def test_a_missing_driver_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "psycopg"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    message = refusal(open_postgresql("postgresql://user:secret@host/a", NO_ROOTS))
    assert 'pip install "psycopg[binary]"' in message


def test_tables_of_this_version_with_other_columns_are_refused(postgresql: Postgresql) -> None:
    address = postgresql.new_database()
    store = open_postgresql(address, NO_ROOTS)
    assert isinstance(store, SqlStore)
    with store.transaction():
        store._database.exec_driver_sql("ALTER TABLE batch_loop_items DROP COLUMN stopped")
    store.close()
    message = refusal(open_postgresql(address, NO_ROOTS))
    assert "(they have other columns than this one's, as in batch_loop_items)" in message


@pytest.mark.parametrize(
    "lacking",
    [
        pytest.param([f"DROP TABLE {marks.name}"], id="the marks"),
        pytest.param(
            [f"ALTER TABLE {each.table.name} DROP COLUMN {each.name}" for each in ADDED_LATER],
            id="some columns",
        ),
    ],
)
def test_tables_from_before_something_was_added_are_given_it(
    postgresql: Postgresql, lacking: list[str]
) -> None:
    address = postgresql.new_database()
    store = open_postgresql(address, NO_ROOTS)
    assert isinstance(store, SqlStore)
    with store.transaction():
        begin(store, KEY, ["a", "b"])
    with store._connections.engine.begin() as connection:
        for each in lacking:
            connection.exec_driver_sql(each)
    store.close()
    again = open_postgresql(address, NO_ROOTS)
    with again.transaction():
        again.claim(KEY, CLAIM)
    with again.transaction():
        assert (again.counts(KEY).pending, again.counts(KEY).running) == (1, 1)
    again.close()


@pytest.mark.parametrize("other", [-3, VERSION - 1, VERSION + 1, 7])
def test_tables_of_another_version_are_refused_and_left_alone(
    postgresql: Postgresql, other: int
) -> None:
    address = postgresql.new_database()
    store = open_postgresql(address, NO_ROOTS)
    assert isinstance(store, SqlStore)
    with store.transaction():
        begin(store, KEY, ["a", "b"])
        store._database.execute(versions.update().values(version=other))
    store.close()
    message = refusal(open_postgresql(address, NO_ROOTS))
    assert f"they have version {other}, and this one's have version {VERSION}" in message
    assert "Install the same Batch Loop on all machines" in message
    assert f"name an empty database in {DATABASE_VARIABLE}" in message
    # Nothing was changed: the version that made them finds everything.
    with store._connections.engine.begin() as connection:
        connection.execute(versions.update().values(version=VERSION))
    again = open_postgresql(address, NO_ROOTS)
    with again.transaction():
        assert again.counts(KEY).pending == 2
    again.close()
    store.close()


@pytest.fixture
def own() -> Iterator[Postgresql]:
    """A database server that a test may end."""
    server = Postgresql()
    with server:
        yield server


def test_a_database_that_is_started_late_is_used_from_then_on(own: Postgresql) -> None:
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
        store.item(KEY, "a")
    assert_nothing_at_hand(store)
    own.start()
    with store.transaction():
        assert store.counts(KEY).pending == 2
    store.close()


def assert_nothing_at_hand(store: Store) -> None:
    with pytest.raises(StoreAway):
        store.snapshot_read(lambda: store.load(KEY))


def test_a_change_that_is_cut_off_is_not_made(own: Postgresql) -> None:
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


class Wire:
    """A wire to a database, which can be cut at the next commit."""

    def __init__(self, port: int) -> None:
        self.how: Literal["", "answer", "question", "unseen"] = ""
        """What is lost: the database's answer, or the question. "unseen": the question, and the
        database does not see that the wire is cut."""
        self._port = port
        self._listening = socket.create_server((HOST, 0))
        self.port: int = self._listening.getsockname()[1]
        self._sockets = [self._listening]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Cut all of it, so that the database sees it."""
        for one in self._sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                here, _ = self._listening.accept()
                there = socket.create_connection((HOST, self._port))
                self._sockets += here, there
                threading.Thread(target=self._carry, args=(there, here), daemon=True).start()
                threading.Thread(target=self._ask, args=(here, there), daemon=True).start()

    def _ask(self, here: socket.socket, there: socket.socket) -> None:
        with suppress(OSError):
            while said := here.recv(65536):
                if self.how and b"COMMIT\0" in said:  # READ COMMITTED is none
                    how, self.how = self.how, ""
                    here.shutdown(socket.SHUT_RDWR)
                    if how == "answer":
                        there.sendall(said)
                    if how != "unseen":
                        there.shutdown(socket.SHUT_WR)
                    return
                there.sendall(said)

    @staticmethod
    def _carry(there: socket.socket, here: socket.socket) -> None:
        with suppress(OSError):
            while said := there.recv(65536):
                here.sendall(said)


@pytest.fixture
def wire(postgresql: Postgresql) -> Iterator[Wire]:
    wire = Wire(postgresql.port)
    yield wire
    wire.close()


@pytest.fixture
def over_wire(postgresql: Postgresql, wire: Wire) -> Iterator[Store]:
    """A store of one loop, which is asked over the wire."""
    address = postgresql.new_database().replace(f":{postgresql.port}/", f":{wire.port}/")
    store = open_postgresql(address, NO_ROOTS)
    with store.transaction():
        begin(store, KEY, ["a", "b"])
    yield store
    store.close()


def commit_without_an_answer(store: Store) -> Unanswered:
    try:
        with store.transaction():
            store.claim(KEY, CLAIM)
            store.carry(KEY, {1})  # remembered by the process alone
    except Unanswered as unanswered:
        return unanswered
    raise AssertionError("it was answered")


def is_answered(unanswered: Unanswered) -> bool:
    try:
        unanswered.was_kept()
    except StoreAway:
        return False
    return True


@pytest.mark.parametrize(("lost", "kept"), [("answer", True), ("question", False)])
def test_a_commit_without_an_answer_can_be_asked_about(
    over_wire: Store, wire: Wire, lost: Any, *, kept: bool
) -> None:
    wire.how = lost
    unanswered = commit_without_an_answer(over_wire)
    wait_for(lambda: is_answered(unanswered), "the database to have noticed")
    assert unanswered.was_kept() is kept
    with over_wire.transaction():
        assert over_wire.counts(KEY).running == kept
        assert over_wire.carried(KEY).value == ({1} if kept else None)


def test_a_commit_that_goes_on_is_neither_kept_nor_not(over_wire: Store, wire: Wire) -> None:
    wire.how = "unseen"
    unanswered = commit_without_an_answer(over_wire)
    for _ in range(2):
        with pytest.raises(StoreAway, match="has yet to notice"):
            unanswered.was_kept()


def test_a_database_put_back_to_an_earlier_time_has_not_kept_it(
    over_wire: Store, wire: Wire
) -> None:
    assert isinstance(over_wire, SqlStore)
    wire.how = "answer"
    unanswered = commit_without_an_answer(over_wire)
    with over_wire._connections.engine.begin() as connection:
        connection.execute(marks.delete())
    wait_for(lambda: is_answered(unanswered), "the database to have noticed")
    assert not unanswered.was_kept()


def test_a_change_that_a_crash_of_the_database_lost_was_not_kept(own: Postgresql) -> None:
    """PostgreSQL gives its number to another transaction, which it keeps."""
    wire = Wire(own.port)
    store = open_postgresql(own.address.replace(f":{own.port}/", f":{wire.port}/"), NO_ROOTS)
    assert isinstance(store, SqlStore)
    with store.transaction():
        begin(store, KEY, ["a", "b"])
    wire.how = "unseen"
    number = select(func.txid_current())
    try:
        with store.transaction():
            store.claim(KEY, CLAIM)
            lost = store._database.execute(number).scalar_one()
    except Unanswered as error:
        unanswered = error
    own.crash()
    own.start()
    again = []
    while lost not in again:
        with store._connections.engine.begin() as connection:
            again.append(connection.execute(number).scalar_one())
        assert again[-1] <= lost
    assert not unanswered.was_kept()
    with store.transaction():
        assert store.counts(KEY).pending == 2
    store.close()
    wire.close()


def test_why_a_connection_was_lost_is_said(postgresql: Postgresql) -> None:
    address = postgresql.new_database()
    store = open_postgresql(address, NO_ROOTS)
    with store.transaction():
        begin(store, KEY, ["a", "b"])
    with psycopg.connect(address.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    with pytest.raises(StoreAway, match="server closed the connection"), store.transaction():
        store.load(KEY)
    with store.transaction():
        assert store.counts(KEY).pending == 2
    store.close()


def test_changes_and_reads_one_after_the_other_take_one_connection(postgresql: Postgresql) -> None:
    address = postgresql.new_database()
    store = open_postgresql(address, NO_ROOTS)
    with store.transaction():
        begin(store, KEY, ["a", "b"])
    assert [loop.key for loop in store.outside.listed_loops()] == [KEY]
    with store.transaction():
        assert store.counts(KEY).pending == 2
    assert store.snapshot_read(lambda: store.counts(KEY).pending) == 2
    with psycopg.connect(address.replace("+psycopg", ""), autocommit=True) as connection:
        found = connection.execute(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchone()
    assert found == (1,)
    store.close()


def test_an_interrupted_question_is_none_that_is_away(
    postgresql: Postgresql, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(trips: RoundTrips, _statements: object) -> None:
        trips._connection.close()
        raise KeyboardInterrupt

    store = open_postgresql(postgresql.new_database(), NO_ROOTS)
    with store.transaction():
        begin(store, KEY, ["a", "b"])
    with monkeypatch.context() as patched:
        patched.setattr(RoundTrips, "ask", interrupted)
        with pytest.raises(KeyboardInterrupt), store.transaction():
            store.load(KEY)
    with store.transaction():
        assert store.counts(KEY).pending == 2
    store.close()


def test_a_change_that_was_made_outlives_a_crash_of_the_database() -> None:
    """Also though others may see it before it is on the disk, where it goes rarely by itself."""
    with Postgresql(("wal_writer_delay = 10s",)) as own:
        store = open_postgresql(own.address, NO_ROOTS)
        with store.transaction():
            begin(store, KEY, ["a", "b"])
        for _ in range(2):
            with store.transaction():
                assert store.claim(KEY, CLAIM) is not None
            own.crash()
            own.start()
            store.close()
            store = open_postgresql(own.address, NO_ROOTS)
        with store.transaction():
            assert store.counts(KEY).running == 2
        store.close()


def test_what_only_reads_is_simply_tried_again(over_wire: Store, wire: Wire) -> None:
    wire.how = "answer"
    with pytest.raises(StoreAway) as raised, over_wire.transaction():
        over_wire.item(KEY, "a")
    assert not isinstance(raised.value, Unanswered)


def test_servers_that_start_together_make_the_tables_once(postgresql: Postgresql) -> None:
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


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("datestyle", "German, DMY"),
        ("timezone", "<-03>+3"),
        ("track_activities", "off"),
        ("default_transaction_isolation", "repeatable read"),
    ],
)
def test_it_does_not_matter_what_a_database_sets_by_default(
    postgresql: Postgresql, wire: Wire, setting: str, value: str
) -> None:
    address = postgresql.new_database()
    with psycopg.connect(address.replace("+psycopg", "")) as first:
        change = sql.SQL("ALTER DATABASE {} SET {} = {}")
        names = map(sql.Identifier, (first.info.dbname, setting))
        first.execute(change.format(*names, sql.Literal(value)))
    store = open_postgresql(address.replace(f":{postgresql.port}/", f":{wire.port}/"), NO_ROOTS)
    with store.transaction():
        begin(store, KEY, ["a", "b"])
    wire.how = "unseen"
    unanswered = commit_without_an_answer(store)
    with pytest.raises(StoreAway, match="has yet to notice"):
        unanswered.was_kept()
    store.close()


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_any_text_goes_into_a_database_of_another_encoding(
    postgresql: Postgresql, encoding: str
) -> None:
    store = open_postgresql(postgresql.new_database(encoding), NO_ROOTS)
    key = LoopKey("ä漢", "/ä漢")
    failure = Failure("ä漢", "1", "ä漢")
    with store.transaction():
        begin(store, key, ["ä漢.png"])
        item = store.claim(key, CLAIM)
        assert item is not None
        moved(store, key, item, ItemState.FAILED, claim=None, failure=failure)
    with store.transaction():
        assert store.loops() == [key]
        assert [found.failure for found in store.failures(key, 1)] == [failure]
    store.close()


def test_changes_of_different_loops_do_not_wait_for_each_other(postgresql: Postgresql) -> None:
    address = postgresql.new_database()
    one, two = (open_postgresql(address, NO_ROOTS) for _ in range(2))
    other = LoopKey("other", KEY.directory)
    with one.transaction():
        begin(one, KEY, ["a"])
        with two.transaction():
            begin(two, other, ["a"])
    with one.transaction():
        one.claim(KEY, CLAIM)
        # A snapshot read sees what is committed, and does not wait either.
        assert two.snapshot_read(lambda: two.counts(KEY).pending if two.load(KEY) else None) == 1
    assert two.snapshot_read(lambda: two.counts(KEY).running if two.load(KEY) else None) == 1
    for store in (one, two):
        store.close()
