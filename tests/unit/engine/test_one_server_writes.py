"""A large listing that several servers need at once is written by one of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from batch_loop.core.engine.batches import Request
from batch_loop.core.engine.folders import large_listings
from batch_loop.core.engine.registry import LoopRegistry
from batch_loop.core.model.loop_key import LoopKey
from batch_loop.core.model.prompt import Prompt
from batch_loop.core.model.records import Iteration
from batch_loop.core.model.selection import Selection
from batch_loop.core.sources.image_folder import ImageFolder
from batch_loop.core.store.interface import Store
from batch_loop.core.store.records import WantedListing, Writer, new_listing_id
from batch_loop.core.store.schema.tables import items, spare_listings
from batch_loop.core.store.sql import listing_rows
from batch_loop.core.store.sql.sql_store import SqlStore
from batch_loop.tests.support.fake_host import ByHand, FakeHost
from batch_loop.tests.support.stores import DATABASES, store_opener
from batch_loop.tests.support.waiting import wait_for

KEY = LoopKey("", "/large")
NAMES = [f"img{number}.png" for number in range(9)]
AT_ONCE = 2
PARTS = 5
SECONDS = 20


class Cancelled(Exception):
    """What the host raises when a person has pressed Cancel."""


class Host(FakeHost):
    """A host that sees nothing of servers on other machines, and whose waits are counted."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.dead: set[str] = set()
        self.waited = 0.0
        self.while_waiting: Callable[[], object] = lambda: None

    @property
    def server(self) -> str:
        return self.name

    def is_alive(self, server: str, *, is_here: bool) -> bool | None:  # noqa: ARG002
        return False if server in self.dead else None

    def submit(self, client_id: str | None = None) -> Prompt:
        prompt = super().submit(client_id)
        return replace(prompt, id=f"{self.name}-{prompt.id}")

    def wait(self, seconds: float) -> None:
        self.waited += seconds
        self.while_waiting()


class Machine:
    """A server on its own machine."""

    def __init__(self, name: str, store: Store) -> None:
        assert isinstance(store, SqlStore)
        self.host = Host(name)
        self.store = store
        self.parts = 0
        self.while_listing: Callable[[], object] = lambda: None
        self.before_part: Callable[[], object] = lambda: None
        self.registry = LoopRegistry(
            store,
            self.host,
            ImageFolder(self._list, lambda _path: 0.0),
            lease_seconds=60.0,
            poll_outcomes=ByHand,
            poll_listings=ByHand,
        )
        self._write = store.outside.write_listing
        store.outside.write_listing = self._write_listing  # type: ignore[method-assign]

    def _list(self, _directory: str, selection: Selection, **_given: object) -> list[str]:
        self.while_listing()
        return sorted(NAMES, reverse=selection.descending)

    def _write_listing(self, *given: Any) -> None:
        self.before_part()
        self._write(*given)
        self.parts += 1

    def take(self, selection: Selection | None = None) -> str:
        request = Request(KEY, selection or Selection())
        return path(self.registry.acquire(request, self.host.submit()))

    def rows(self) -> int:
        """The number of rows of items, and of listings that no loop has."""
        with self.store._connections.engine.begin() as connection:
            return sum(
                connection.execute(select(func.count()).select_from(table)).scalar_one()
                for table in (items, spare_listings)
            )


def path(iteration: Iteration) -> str:
    assert iteration.item is not None
    return iteration.item.path


class HalfWay:
    """A machine that is at work in a thread, and has written one part; the test has it go on."""

    def __init__(self, machine: Machine, selection: Selection | None = None) -> None:
        self._machine = machine
        self._may_write = threading.Semaphore(1)
        self._pool = ThreadPoolExecutor(1)
        machine.before_part = self._wait_until_told
        self._taken: Future[str] = self._pool.submit(machine.take, selection)
        wait_for(lambda: machine.parts == 1, "the first part")

    def _wait_until_told(self) -> None:
        assert self._may_write.acquire(timeout=SECONDS)

    def go_on(self) -> None:
        """Have it write one more part, and after the last take the listing."""
        before = self._machine.parts
        self._may_write.release()
        wait_for(lambda: self._machine.parts > before or self._taken.done(), "the next part")

    def cancel(self) -> None:
        """Have it end with an exception."""

        def cancelled() -> None:
            raise Cancelled

        self._machine.before_part = cancelled
        self._may_write.release()
        with pytest.raises(Cancelled):
            self._taken.result(SECONDS)

    def taken(self) -> str:
        return self._taken.result(SECONDS)


@pytest.fixture(params=DATABASES)
def machines(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[Machine]]:
    """Three machines with one store, whose first batch is about to begin."""
    monkeypatch.setattr(listing_rows, "AT_ONCE", AT_ONCE)
    monkeypatch.setattr(large_listings, "WRITTEN_AT_ONCE", AT_ONCE)
    opened = store_opener(request.param, tmp_path, request)
    machines = [Machine(name, opened()) for name in ("one", "two", "three")]
    yield machines
    for machine in machines:
        machine.registry.close()


def dies_half_way(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a machine begin, and die after some parts, without telling anybody."""

    def die() -> None:
        if machine.parts == 2:
            monkeypatch.setattr(machine.store.outside, "give_up", lambda _listing: None)
            raise SystemExit

    machine.before_part = die
    with pytest.raises(SystemExit):
        machine.take()


def test_the_others_wait_for_the_one_that_writes(
    machines: list[Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two, three = machines
    # As long as it writes, it does not matter how long it takes.
    monkeypatch.setattr(large_listings, "SILENT_SECONDS", large_listings.SOONEST_SECONDS / 2)
    writing = HalfWay(one)
    two.host.while_waiting = writing.go_on
    images = [two.take(), writing.taken(), three.take()]
    assert sorted(images) == NAMES[:3]
    assert [machine.parts for machine in machines] == [PARTS, 0, 0]
    assert two.host.waited
    assert not three.host.waited
    assert one.rows() == len(NAMES)


def test_a_large_listing_in_another_order_is_written_by_one_server(
    machines: list[Machine],
) -> None:
    one, two, three = machines
    assert three.take() == "img0.png"
    writing = HalfWay(one, Selection(descending=True))
    two.host.while_waiting = writing.go_on
    images = [two.take(Selection(descending=True)), writing.taken()]
    assert sorted(images) == ["img7.png", "img8.png"]
    assert [machine.parts for machine in machines] == [PARTS, 0, PARTS]


def test_what_was_taken_while_the_folder_was_read_is_not_written_again(
    machines: list[Machine],
) -> None:
    one, two, _ = machines
    two.while_listing = one.take
    assert two.take() == "img1.png"
    assert (one.parts, two.parts) == (PARTS, 0)


def test_another_one_goes_on_if_the_server_has_died_half_way(
    machines: list[Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two, three = machines
    dies_half_way(one, monkeypatch)
    assert two.take() == "img0.png"
    assert two.parts == PARTS
    seconds = two.host.waited
    assert large_listings.SILENT_SECONDS <= seconds < 2 * large_listings.SILENT_SECONDS
    assert three.take() == "img1.png"


def test_a_server_that_is_seen_to_be_dead_is_not_waited_for(
    machines: list[Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two, _ = machines
    dies_half_way(one, monkeypatch)
    two.host.dead = {"one"}
    assert two.take() == "img0.png"
    assert not two.host.waited


def test_an_exception_ends_the_turn_at_once(machines: list[Machine]) -> None:
    one, two, _ = machines
    writing = HalfWay(one)
    two.host.while_waiting = writing.cancel
    assert two.take() == "img0.png"
    assert two.host.waited == large_listings.SOONEST_SECONDS


def test_cancel_ends_the_waiting(machines: list[Machine], monkeypatch: pytest.MonkeyPatch) -> None:
    one, two, _ = machines
    writing = HalfWay(one)

    def cancelled() -> None:
        raise Cancelled

    monkeypatch.setattr(two.host, "raise_if_cancelled", cancelled)
    with pytest.raises(Cancelled):
        two.take()
    for _ in range(PARTS):
        writing.go_on()
    assert writing.taken() == "img0.png"


def test_another_selection_does_not_wait(machines: list[Machine]) -> None:
    one, two, _ = machines
    writing = HalfWay(one)
    assert two.take(Selection(descending=True)) == "img8.png"
    assert two.parts == PARTS
    assert not two.host.waited
    writing.cancel()


def test_only_one_goes_on_instead_of_others(machines: list[Machine]) -> None:
    one, two, three = (machine.store.outside for machine in machines)
    wanted = WantedListing(KEY, Selection(), 1, keeps=False)
    names = [new_listing_id() for _ in range(3)]
    new = one.new_listing(wanted, names[0], "one")
    assert new is not None
    one.write_listing(new, 0, NAMES[:2])
    assert two.new_listing(wanted, names[1], "two") is None
    assert two.being_written(wanted) == {names[0]: Writer("one", 1)}
    # A commit may have been kept without an answer.
    assert one.new_listing(wanted, names[0], "one") == new
    assert two.new_listing(wanted, names[1], "two", but=names[:1]) is not None
    assert three.new_listing(wanted, names[2], "three", but=names[:1]) is None
    assert three.new_listing(wanted, names[2], "three", but=names[:2]) is not None
    three.give_up(names[2])
    assert set(one.being_written(wanted)) == {*names[:2]}


@pytest.mark.parametrize(
    "other",
    [
        WantedListing(LoopKey("", "/other"), Selection(), 1, keeps=False),
        WantedListing(KEY, Selection(descending=True), 1, keeps=False),
        WantedListing(KEY, Selection(), 2, keeps=False),
        WantedListing(KEY, Selection(), 1, keeps=True),
    ],
    ids=["loop", "selection", "batch", "with what is known"],
)
def test_what_is_wanted_for_something_else_is_written_too(
    machines: list[Machine], other: WantedListing
) -> None:
    one, two, _ = (machine.store.outside for machine in machines)
    wanted = WantedListing(KEY, Selection(), 1, keeps=False)
    assert one.new_listing(wanted, new_listing_id(), "one") is not None
    assert two.new_listing(other, new_listing_id(), "two") is not None
    assert two.being_written(other).keys().isdisjoint(one.being_written(wanted))


def test_what_a_server_writes_of_another_listing_shows_that_it_is_at_work(
    machines: list[Machine],
) -> None:
    one, two, _ = (machine.store.outside for machine in machines)
    wanted = [WantedListing(LoopKey("", folder), Selection(), 1, keeps=False) for folder in "ab"]
    first, second = (one.new_listing(each, new_listing_id(), "one") for each in wanted)
    assert first is not None
    assert second is not None
    one.write_listing(second, 0, NAMES[:2])
    assert two.being_written(wanted[0]) == {first.id: Writer("one", 1)}
