"""Several servers at one loop in PostgreSQL, in the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

import psycopg
import pytest

from batch_loop.core.model.item_life import Event, On, after_event
from batch_loop.core.model.items import Claim, Item
from batch_loop.core.model.policy import IterationMode, Policy
from batch_loop.core.model.prompt import Prompt
from batch_loop.core.model.shared_roots import NO_ROOTS
from batch_loop.core.store.databases.postgresql import open_postgresql
from batch_loop.core.store.interface import NeedsItsTurn, Store
from batch_loop.core.store.sql.beside import Others
from batch_loop.tests.support.waiting import wait_for
from batch_loop.tests.unit.store.test_interface import KEY, begin
from batch_loop.tools.postgresql import Postgresql

NAMES = [*"abcdefgh"]


@dataclass
class Server:
    """A server's store."""

    name: str
    store: Store

    def claim(self) -> Item | None:
        """Claim the next item, inside of a transaction."""
        self.store.will_claim(KEY, self.name)
        prompt = Prompt(f"of {self.name}", 1.0)
        return self.store.claim(KEY, Claim(prompt, Policy(), since=1.0, server=self.name))

    def end(self, path: str) -> None:
        """Note that the prompt with an item has reached Loop End, inside of a transaction."""
        item = self.store.item(KEY, path)
        assert item is not None
        self.store.put(KEY, item, after_event(item, Event(On.REACHED_LOOP_END)))

    def passes(self, seconds: float, until: float) -> None:
        """Note that time has passed, inside of a transaction."""
        entry = self.store.load(KEY)
        assert entry is not None
        self.store.save(KEY, replace(entry, times=entry.times.passed(seconds, until)))


@pytest.fixture
def address(postgresql: Postgresql) -> str:
    """The address of a new database."""
    return postgresql.new_database()


@pytest.fixture
def servers(address: str) -> Iterator[tuple[Server, Server]]:
    """Two servers that have seen each other at work: one has a and c, the other has b."""
    one, other = (Server(name, open_postgresql(address, NO_ROOTS)) for name in ("one", "other"))
    with one.store.transaction():
        begin(one.store, KEY, NAMES)
        one.store.note_output(KEY, "/known", "h")
    for server in (one, other, one):
        with server.store.transaction():
            server.claim()
            server.passes(0.0, 100.0)
    yield one, other
    for server in (one, other):
        server.store.close()


def wait_for_a_wait(address: str, kind: str) -> None:
    """Wait until a server waits in the database for a lock of a kind."""
    asked = "FROM pg_stat_activity WHERE datname = current_database() AND wait_event = %s"

    def waits() -> bool:
        with psycopg.connect(address.replace("+psycopg", "")) as connection:
            return connection.execute(f"SELECT count(*) {asked}", (kind,)).fetchone() == (1,)

    wait_for(waits, f"a server to wait for a lock of the kind {kind}")


def test_each_claims_an_image_of_its_own(servers: tuple[Server, Server]) -> None:
    one, other = servers
    with one.store.transaction(beside="one"):
        first = one.claim()
        with other.store.transaction(beside="other"):
            second = other.claim()
    assert (first and first.path, second and second.path) == ("d", "e")
    with one.store.transaction():
        counts = one.store.counts(KEY)
        assert (counts.pending, counts.running) == (3, 5)
        open_items = one.store.open_items(KEY)
    claimed = {item.path: item.claim.server for item in open_items if item.claim}
    assert claimed == {"a": "one", "b": "other", "c": "one", "d": "one", "e": "other"}


def test_an_image_that_was_not_claimed_after_all_is_the_next_one(
    servers: tuple[Server, Server],
) -> None:
    one, other = servers
    with suppress(ZeroDivisionError), one.store.transaction(beside="one"):
        one.claim()
        with other.store.transaction(beside="other"):
            other.claim()
        raise ZeroDivisionError
    with one.store.transaction(beside="one"):
        claimed = one.claim()
    assert claimed is not None
    assert claimed.path == "d"


def test_the_last_pending_image_is_nobody_s_beside_others(servers: tuple[Server, Server]) -> None:
    one, other = servers
    for _ in "def":
        with one.store.transaction():
            one.claim()
    with one.store.transaction(beside="one"):
        claimed = one.claim()
        with pytest.raises(NeedsItsTurn), other.store.transaction(beside="other"):
            other.claim()
    assert claimed is not None
    assert claimed.path == "g"


def test_what_comes_after_an_image_is_not_one_that_another_claims(
    servers: tuple[Server, Server],
) -> None:
    one, other = servers
    with one.store.transaction(beside="one"):
        one.claim()
        with other.store.transaction(beside="other"):
            other.claim()
            # One of the two that the other server has is b, and d is not yet known to be its own.
            assert other.store.first_pending(KEY, 2) == "h"


def test_both_end_an_image(servers: tuple[Server, Server]) -> None:
    one, other = servers
    with one.store.transaction(beside="one"):
        one.end("a")
        with other.store.transaction(beside="other"):
            other.end("b")
    with one.store.transaction():
        counts = one.store.counts(KEY)
    assert (counts.pending, counts.running, counts.finishing) == (5, 1, 2)


def test_what_passes_for_both_has_passed_once(servers: tuple[Server, Server]) -> None:
    one, other = servers
    with one.store.transaction(beside="one"):
        one.passes(3.0, 103.0)
        with other.store.transaction(beside="other"):
            other.passes(5.0, 105.0)
    with one.store.transaction():
        entry = one.store.load(KEY)
    assert entry is not None
    assert entry.times.seconds == pytest.approx(5.0, abs=0.1)
    assert entry.times.until == pytest.approx(105.0, abs=1.0)


def test_a_pause_that_both_have_seen_stays_out(servers: tuple[Server, Server]) -> None:
    one, other = servers
    with one.store.transaction(beside="one"):
        one.passes(2.0, 150.0)
        with other.store.transaction(beside="other"):
            other.passes(1.0, 149.0)
    with one.store.transaction():
        entry = one.store.load(KEY)
    assert entry is not None
    assert entry.times.seconds == pytest.approx(2.0, abs=0.1)


def test_the_last_end_is_counted_up_to(servers: tuple[Server, Server]) -> None:
    one, other = servers

    def ends(server: Server, until: float) -> None:
        entry = server.store.load(KEY)
        assert entry is not None
        times = entry.times.passed(until - 100.0, until)
        server.store.save(KEY, replace(entry, times=replace(times, last=times.seconds)))

    with one.store.transaction(beside="one"):
        ends(one, 103.0)
        with other.store.transaction(beside="other"):
            ends(other, 105.0)
    with one.store.transaction():
        entry = one.store.load(KEY)
    assert entry is not None
    assert (entry.times.seconds, entry.times.last) == pytest.approx((5.0, 5.0), abs=0.1)


def _begins(server: Server) -> None:
    entry = server.store.load(KEY)
    assert entry is not None
    server.store.save(KEY, replace(entry, mode=IterationMode.RESET))


def _gets_its_first_end(server: Server) -> None:
    entry = server.store.load(KEY)
    assert entry is not None
    server.store.save(KEY, replace(entry, times=replace(entry.times, first=1.0)))


def _completes(server: Server) -> None:
    entry = server.store.load(KEY)
    assert entry is not None
    server.store.save(KEY, replace(entry, completed_at=1.0))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda server: server.end("b"), id="another's image ends"),
        pytest.param(_begins, id="a setting"),
        pytest.param(_gets_its_first_end, id="the first end"),
        pytest.param(_completes, id="the end of the batch"),
        pytest.param(lambda server: server.store.carry(KEY, 1), id="a value is carried over"),
        pytest.param(lambda server: server.store.first_together([KEY]), id="pairs are claimed"),
        pytest.param(lambda server: server.store.append(KEY, "i"), id="a file joins"),
        pytest.param(lambda server: server.store.relist(KEY, NAMES), id="another order"),
        pytest.param(lambda server: server.store.start_batch(KEY, NAMES), id="another batch"),
        pytest.param(lambda server: server.store.retry(KEY), id="failed images again"),
        pytest.param(lambda server: server.store.forget(KEY), id="the loop is forgotten"),
        pytest.param(lambda server: server.store.note_output(KEY, "/r", "a"), id="any result"),
        pytest.param(
            lambda server: server.store.note_output(KEY, "/known", "a", in_order=True),
            id="a known result",
        ),
        pytest.param(
            lambda server: server.store.note_output(KEY, "/r", "a", kept=True), id="a kept file"
        ),
        pytest.param(lambda server: server.store.note_replaced(KEY, "/r"), id="replaced"),
        pytest.param(lambda server: server.store.forget_output(KEY, "/r"), id="not written"),
    ],
)
def test_what_others_must_not_miss_needs_its_turn(
    servers: tuple[Server, Server], change: Callable[[Server], object]
) -> None:
    one, _ = servers
    with pytest.raises(NeedsItsTurn), one.store.transaction(beside="one"):
        change(one)
    # Once more, as it is then made, it has its turn.
    with one.store.transaction(beside="one"):
        change(one)


def test_it_has_its_turn_when_all_others_have_ended(
    servers: tuple[Server, Server], address: str
) -> None:
    one, other = servers
    seen: list[int] = []

    def look() -> None:
        with other.store.transaction():
            seen.append(other.store.counts(KEY).running)

    thread = threading.Thread(target=look)
    with one.store.transaction(beside="one"):
        one.claim()
        thread.start()
        wait_for_a_wait(address, "advisory")
    thread.join()
    assert seen == [4]


def test_the_last_image_and_the_end_need_their_turn(servers: tuple[Server, Server]) -> None:
    one, _ = servers
    for _ in "defgh":
        with one.store.transaction():
            one.claim()
    with pytest.raises(NeedsItsTurn), one.store.transaction(beside="one"):
        one.end("a")


def test_each_reads_its_own_open_images_only(servers: tuple[Server, Server]) -> None:
    one, other = servers
    with one.store.transaction(beside="one"):
        one.claim()
        at_hand = {item.path for item in one.store.at_hand(KEY)}
        assert at_hand == {"a", "c", "d"}
        assert one.store.taken(KEY, "one") == 1
        assert {item.path for item in one.store.open_items(KEY)} == {"a", "b", "c", "d"}
    with other.store.transaction(beside="other"):
        assert [item.path for item in other.store.at_hand(KEY)] == ["b"]
        assert other.store.taken(KEY, "other") == 3
    with other.store.transaction():
        assert len(other.store.at_hand(KEY)) == 4
        assert other.store.taken(KEY, "other") == 3


def test_each_claims_names_for_its_results(servers: tuple[Server, Server]) -> None:
    one, other = servers
    with one.store.transaction(beside="one"):
        assert one.store.note_output(KEY, "/a.png", "a", sights=(), in_order=True)
        with other.store.transaction(beside="other"):
            assert other.store.note_output(KEY, "/b.png", "b", sights=(), in_order=True)
    with one.store.transaction():
        for name in "ab":
            written = one.store.writer(KEY, f"/{name}.png")
            assert written is not None
            assert (written.path, written.under_way) == (name, True)


def test_a_name_that_two_claim_goes_to_one_of_them(
    servers: tuple[Server, Server], address: str
) -> None:
    one, other = servers
    refused: list[bool] = []

    def claim_it_too() -> None:
        with suppress(NeedsItsTurn), other.store.transaction(beside="other"):
            other.store.note_output(KEY, "/a.png", "b", sights=(), in_order=True)
            refused.append(False)
        refused.append(True)

    thread = threading.Thread(target=claim_it_too)
    with one.store.transaction(beside="one"):
        assert one.store.note_output(KEY, "/a.png", "a", sights=(), in_order=True)
        thread.start()
        wait_for_a_wait(address, "transactionid")
    thread.join()
    assert refused == [True]
    with other.store.transaction():
        written = other.store.writer(KEY, "/a.png")
    assert written is not None
    assert written.path == "a"


def test_what_was_in_vain_again_is_tried_again_later_each_time() -> None:
    others = Others()
    row = {"id": "loop", "listing": "its listing", "pending_from": 0, "pending": 1}
    others.note(row, are_there=True)

    def alone() -> int:
        """How many transactions are made alone, once it was in vain."""
        others.note_in_vain("loop")
        number = 0
        while others.seen("loop") is None:
            number += 1
        return number

    assert [alone() for _ in range(5)] == [1, 2, 4, 8, 8]
    others.note_success("loop")
    assert alone() == 1


@pytest.mark.parametrize("held", ["efgh", "gh"])
def test_an_image_that_could_not_be_locked_is_not_claimed(
    servers: tuple[Server, Server], address: str, held: str
) -> None:
    """Several servers are about to claim what is left, or have locked it to leave it over."""
    one, _ = servers
    for _ in "de" if held == "gh" else "":
        with one.store.transaction():
            one.claim()
    lock = "SELECT FROM batch_loop_items WHERE path = ANY(%s) FOR UPDATE"
    with psycopg.connect(address.replace("+psycopg", "")) as others:
        # Whoever waits for one of them gets it after a while.
        others.execute("SET idle_in_transaction_session_timeout = '3s'")
        others.execute(lock, ([name.encode() for name in held],))
        with pytest.raises(NeedsItsTurn), one.store.transaction(beside="one"):
            one.claim()


def test_an_open_item_of_ones_own_that_is_no_longer_listed_is_not_taken_by_others(
    servers: tuple[Server, Server],
) -> None:
    one, other = servers
    with other.store.transaction():
        other.store.relist(KEY, [name for name in NAMES if name != "a"])  # which is open, and one's
    for server in (one, other, one, other):
        with server.store.transaction():
            server.claim()
    taken = []
    for beside in ("one", None):
        with one.store.transaction(beside=beside):
            taken.append(one.store.taken(KEY, "one"))
    assert taken == [3, 3]
