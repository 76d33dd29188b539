"""A claim in PostgreSQL passes nothing that was handed out before, though its index keeps that."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from sqlalchemy.dialects import postgresql as dialect

from batch_loop.core.model.item_life import Event, On, after_event
from batch_loop.core.model.items import Claim, Item, ItemState
from batch_loop.core.model.loop_key import LoopKey
from batch_loop.core.model.policy import ErrorHandling, Policy
from batch_loop.core.model.prompt import Prompt
from batch_loop.core.model.shared_roots import NO_ROOTS
from batch_loop.core.store.databases.postgresql import open_postgresql
from batch_loop.core.store.interface import NeedsItsTurn, Store
from batch_loop.core.store.schema import statements
from batch_loop.core.store.sql import beside as of_beside
from batch_loop.core.store.sql import items as of_items
from batch_loop.tests.support.statements import asked_of
from batch_loop.tests.unit.store.databases.test_plans import ASKED_FOR_EACH_IMAGE
from batch_loop.tests.unit.store.test_interface import KEY, begin
from batch_loop.tools.postgresql import Postgresql

NAMES = [f"{at:05}" for at in range(10_000)]
MANY = 9_000
FAR = 3
POLICY = Policy(ErrorHandling.SKIP)


class Server:
    """A server's store."""

    def __init__(self, name: str, address: str) -> None:
        self.name = name
        self.store: Store = open_postgresql(address, NO_ROOTS)

    def claim(self, *, beside: bool = False) -> str:
        """Claim the next item, in a transaction."""
        with self.store.transaction(beside=self.name if beside else None):
            self.store.will_claim(KEY, self.name)
            prompt = Prompt(f"of {self.name}", 1.0)
            claim = Claim(prompt, POLICY, since=1.0, server=self.name)
            item = self.store.claim(KEY, claim)
        assert item is not None
        return item.path

    def put_back(self, path: str, *, beside: bool = False) -> None:
        """Have an item's prompt stopped, in a transaction."""
        with self.store.transaction(beside=self.name if beside else None):
            item = self._item(path)
            self.store.put(KEY, item, after_event(item, Event(On.STOPPED)))

    def fail(self, path: str) -> None:
        """Have an item's prompt fail, in a transaction."""
        with self.store.transaction():
            item = self._item(path)
            failed = after_event(item, Event(On.UNREADABLE), POLICY)
            assert failed.state is ItemState.FAILED
            self.store.put(KEY, item, failed)

    def _item(self, path: str) -> Item:
        item = self.store.item(KEY, path)
        assert item is not None
        return item


@pytest.fixture
def address(postgresql: Postgresql) -> str:
    return postgresql.new_database()


@pytest.fixture
def servers(address: str) -> Iterator[tuple[Server, Server]]:
    """Two servers that have seen each other at work."""
    one, other = (Server(name, address) for name in ("one", "other"))
    with one.store.transaction():
        begin(one.store, KEY, NAMES)
    assert [server.claim() for server in (one, other, one)] == NAMES[:3]
    yield one, other
    for server in (one, other):
        server.store.close()


def blocks_of(address: str, name: str) -> int:
    """How many blocks the database looks at to find what comes next."""
    with psycopg.connect(address.replace("+psycopg", "")) as connection:
        row = connection.execute("SELECT listing, pending_from FROM batch_loop_loops").fetchone()
    listing, pending_from = row or ()
    given = {"of_loop": KEY.id, "of_server": "one"}
    given |= {"of_listing": listing, "of_from": pending_from}
    return blocks_of_a(address, getattr(statements, name).params(given))


def blocks_of_a(address: str, statement: Any) -> int:
    """How many blocks the database looks at for a statement."""
    asked = statement.compile(dialect=dialect.dialect(), compile_kwargs={"literal_binds": True})
    with psycopg.connect(address.replace("+psycopg", ""), autocommit=True) as connection:
        # The first time, it notes which entries are of rows that are no more.
        for _ in range(2):
            found = connection.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {asked}")
            (plan,) = found.fetchone() or ()
    read: int = plan[0]["Plan"]["Shared Hit Blocks"] + plan[0]["Plan"]["Shared Read Blocks"]
    return read


@pytest.mark.parametrize("name", [*ASKED_FOR_EACH_IMAGE, "loop_rows"])
def test_a_claim_looks_at_as_little_when_many_were_handed_out(
    servers: tuple[Server, Server], address: str, name: str
) -> None:
    one, _ = servers
    with psycopg.connect(address.replace("+psycopg", ""), autocommit=True) as connection:
        # No vacuum, and no statistics on what is there now.
        connection.execute("ALTER TABLE batch_loop_items SET (autovacuum_enabled = off)")
        connection.execute("ANALYZE batch_loop_items")
        before = blocks_of(address, name)
        done = "UPDATE batch_loop_items SET state = %s, turns = 1 WHERE position < %s"
        connection.execute(done, (ItemState.DONE.value, MANY))
        counted = "UPDATE batch_loop_loops SET running = 0, done = %s, pending = %s"
        connection.execute(counted, (MANY, len(NAMES) - MANY))
    assert one.claim() == NAMES[MANY]
    assert blocks_of(address, name) <= before + 3


def test_beside_others_a_claim_has_the_loop_to_itself_now_and_then(
    servers: tuple[Server, Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(of_items, "FAR_BEHIND", FAR)
    one, other = servers
    with pytest.raises(NeedsItsTurn):
        one.claim(beside=True)
    claimed = [one.claim(beside=True)]
    # That one had it, so the others are at work beside each other again.
    claimed += [server.claim(beside=True) for server in (other, one)]
    with pytest.raises(NeedsItsTurn):
        other.claim(beside=True)
    assert claimed == NAMES[3:6]


def test_it_has_so_too_where_the_places_for_it_are_not_pending(
    servers: tuple[Server, Server], address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(of_items, "FAR_BEHIND", 4)
    with psycopg.connect(address.replace("+psycopg", ""), autocommit=True) as connection:
        done = "UPDATE batch_loop_items SET state = %s, turns = 1 WHERE position %% 4 = 0"
        connection.execute(done, (ItemState.DONE.value,))
    one, _ = servers
    assert [one.claim(beside=True) for _ in range(5)] == [NAMES[at] for at in (3, 5, 6, 7, 9)]
    with pytest.raises(NeedsItsTurn):
        one.claim(beside=True)


def test_while_many_are_pending_none_is_locked_to_be_left(
    servers: tuple[Server, Server], address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = servers
    with psycopg.connect(address.replace("+psycopg", "")) as connection:
        connection.execute("SELECT FROM batch_loop_items WHERE position > 3 FOR UPDATE")
        assert one.claim(beside=True) == NAMES[3]
        # Too few for the other, who has seen many.
        monkeypatch.setattr(of_beside, "MANY", len(NAMES) - 3)
        with pytest.raises(NeedsItsTurn):
            other.claim(beside=True)
    assert [other.claim(beside=True), other.claim(beside=True)] == NAMES[4:6]


@pytest.mark.parametrize("beside", [False, True])
def test_an_image_that_is_pending_again_is_the_next(
    servers: tuple[Server, Server], *, beside: bool
) -> None:
    one, other = servers
    assert other.claim() == NAMES[3]
    one.put_back(NAMES[0], beside=beside)
    for server, name in ((other, NAMES[0]), (one, NAMES[4])):
        if beside:
            # It has looked from where it was last.
            with pytest.raises(NeedsItsTurn):
                server.claim(beside=True)
        assert server.claim(beside=beside) == name


def test_one_that_others_leave_is_the_next(servers: tuple[Server, Server]) -> None:
    one, other = servers
    with suppress(ZeroDivisionError), one.store.transaction(beside="one"):
        one.store.will_claim(KEY, "one")
        item = one.store.claim(KEY, Claim(Prompt("p", 1.0), POLICY, since=1.0, server="one"))
        assert item is not None
        assert item.path == NAMES[3]
        assert other.claim(beside=True) == NAMES[4]
        raise ZeroDivisionError
    assert [other.claim(), one.claim()] == [NAMES[3], NAMES[5]]


def test_failed_images_are_the_next_once_they_are_retried(
    servers: tuple[Server, Server],
) -> None:
    one, other = servers
    one.fail(NAMES[0])
    assert other.claim() == NAMES[3]
    with other.store.transaction():
        assert other.store.retry(KEY) == 1
    assert other.claim() == NAMES[0]


@pytest.mark.parametrize("beside", [False, True])
def test_what_another_version_has_put_back_is_handed_out(
    servers: tuple[Server, Server], address: str, *, beside: bool
) -> None:
    """A version that does not know the place, beside one that has added it, leaves it as it is."""
    with psycopg.connect(address.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("UPDATE batch_loop_loops SET pending_from = %s", (len(NAMES),))
    one, other = servers
    # Beside others each looks from where it was last.
    assert [one.claim(beside=beside), other.claim(beside=beside)] == NAMES[3:5]


def test_another_s_listing_is_not_taken_for_the_one_before(servers: tuple[Server, Server]) -> None:
    one, other = servers
    with other.store.transaction():
        other.store.relist(KEY, NAMES[::-1])
    with pytest.raises(NeedsItsTurn):
        one.claim(beside=True)
    assert one.claim(beside=True) == NAMES[-1]


@pytest.mark.parametrize("what", ["relist", "start_batch"])
def test_another_listing_begins_at_its_beginning(servers: tuple[Server, Server], what: str) -> None:
    one, _ = servers
    with one.store.transaction():
        getattr(one.store, what)(KEY, NAMES[::-1])
    assert one.claim() == NAMES[-1]


def test_a_batch_that_is_put_back_begins_where_it_was(servers: tuple[Server, Server]) -> None:
    one, _ = servers
    with one.store.transaction():
        one.store.start_batch(KEY, NAMES, keep=True)
    for at in range(6):
        assert one.claim() == NAMES[at]
    with one.store.transaction():
        one.store.put_back(KEY)
    assert one.claim() == NAMES[3]


PAIR = [KEY, replace(KEY, name="of pairs")]


@pytest.fixture
def server(address: str) -> Iterator[Server]:
    """A server with two loops that go together."""
    server = Server("one", address)
    with server.store.transaction():
        for key in PAIR:
            begin(server.store, key, NAMES)
    yield server
    server.store.close()


def claim_together(server: Server) -> int | None:
    """The place of the next pair, which is claimed."""
    with server.store.transaction():
        place = server.store.first_together(PAIR)
        for key in PAIR if place is not None else ():
            set_state(server, key, place, On.ACQUIRED)
    return place


def set_state(server: Server, key: LoopKey, place: int, on: On) -> None:
    """Have something happen to an item, in a transaction that runs."""
    item = server.store.item_at(key, place)
    assert item is not None
    claim = Claim(Prompt("of a pair", 1.0), POLICY, since=1.0, server=server.name)
    server.store.put(key, item, after_event(item, Event(on, claim=claim), POLICY))


def blocks_of_pairs(address: str) -> int:
    """How many blocks the database looks at to find the next pair."""
    given: dict[str, Any] = {}
    with psycopg.connect(address.replace("+psycopg", "")) as connection:
        rows = connection.execute("SELECT listing, pending_from FROM batch_loop_loops")
        for at, (listing, place) in enumerate(rows):
            given |= {f"of_listing_{at}": listing, f"of_from_{at}": place}
    return blocks_of_a(address, statements.first_together(len(PAIR)).params(given))


def test_so_does_a_claim_of_a_pair(server: Server, address: str) -> None:
    with psycopg.connect(address.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("ALTER TABLE batch_loop_items SET (autovacuum_enabled = off)")
        connection.execute("ANALYZE batch_loop_items")
        before = blocks_of_pairs(address)
        done = "UPDATE batch_loop_items SET state = %s, turns = 1 WHERE position < %s"
        connection.execute(done, (ItemState.DONE.value, MANY))
        counted = "UPDATE batch_loop_loops SET done = %s, pending = %s"
        connection.execute(counted, (MANY, len(NAMES) - MANY))
    assert claim_together(server) == MANY
    assert blocks_of_pairs(address) <= before + 6


def test_an_image_that_waits_for_its_partner_stays_the_next_of_its_own_loop(
    server: Server,
) -> None:
    with server.store.transaction():
        set_state(server, PAIR[1], 1, On.ACQUIRED)
    assert [claim_together(server) for _ in range(2)] == [0, 2]
    with server.store.transaction():
        assert [server.store.first_pending(key) for key in PAIR] == [NAMES[1], NAMES[3]]
        set_state(server, PAIR[1], 1, On.STOPPED)
    assert [claim_together(server) for _ in range(2)] == [1, 3]


def test_a_pair_that_another_version_has_put_back_is_handed_out(
    server: Server, address: str
) -> None:
    with psycopg.connect(address.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("UPDATE batch_loop_loops SET pending_from = %s", (len(NAMES),))
    assert [claim_together(server) for _ in range(2)] == [0, 1]


def test_nothing_is_looked_for_again_once_one_has_none_left(server: Server) -> None:
    names = NAMES[:1]
    with server.store.transaction():
        server.store.relist(PAIR[1], names)
    assert claim_together(server) == 0
    with asked_of(server.store) as asked:
        assert claim_together(server) is None
    assert sum("together" in text for text, _ in asked.statements) == 1
