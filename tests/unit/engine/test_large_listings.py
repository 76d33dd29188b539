"""A large listing is written to the store in parts, and switched to in one step."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from batch_loop.core.engine.batches import Request
from batch_loop.core.engine.folders import large_listings
from batch_loop.core.engine.outcomes.poller import OutcomePoller, Poll
from batch_loop.core.engine.registry import LoopRegistry
from batch_loop.core.model.items import Counts
from batch_loop.core.model.loop_key import LoopKey
from batch_loop.core.model.policy import IterationMode
from batch_loop.core.model.prompt import Ending
from batch_loop.core.model.records import Iteration
from batch_loop.core.model.selection import Selection
from batch_loop.core.sources.image_folder import ImageFolder
from batch_loop.core.store.interface import Store
from batch_loop.core.store.schema.tables import items, spare_listings
from batch_loop.core.store.sql import listing_rows
from batch_loop.core.store.sql.sql_store import SqlStore
from batch_loop.tests.support.fake_host import ByHand, FakeHost
from batch_loop.tests.support.statements import asked_of
from batch_loop.tests.support.stores import DATABASES, store_opener
from batch_loop.tests.support.waiting import wait_for

LARGE, SMALL = LoopKey("", "/large"), LoopKey("", "/small")
NAMES = [f"img{number}.png" for number in range(9)]
AT_ONCE = 2
SECONDS = 20


class Cancelled(Exception):
    """What the host raises when a person has pressed Cancel."""


class Server:
    """A registry, and what is done while it writes a listing."""

    def __init__(self, store: Store, poll_listings: Poll = OutcomePoller) -> None:
        assert isinstance(store, SqlStore)
        self.store = store
        self.host = FakeHost()
        self.registry = LoopRegistry(
            store,
            self.host,
            ImageFolder(self._list, lambda _path: 0.0),
            poll_outcomes=ByHand,
            poll_listings=poll_listings,
        )
        self.names = list(NAMES)
        self.meanwhile: list[Callable[[], object]] = []
        """Called one after the other, between two parts."""
        self._write = store.outside.write_listing
        store.outside.write_listing = self._write_listing  # type: ignore[method-assign]

    def _list(self, directory: str, selection: Selection, **_given: object) -> list[str]:
        names = self.names if directory == LARGE.directory else self.names[:1]
        names = sorted(names, reverse=selection.descending)
        return names[: selection.limit or None]

    def _write_listing(self, *given: Any) -> None:
        self._write(*given)
        if self.meanwhile:
            self.meanwhile.pop(0)()

    def acquire(
        self,
        selection: Selection | None = None,
        key: LoopKey = LARGE,
        mode: IterationMode = IterationMode.CONTINUE,
    ) -> Iteration:
        request = Request(key, selection or Selection(), mode)
        return self.registry.acquire(request, self.host.submit())

    def done(self, iteration: Iteration) -> None:
        """Have an iteration's prompt succeed."""
        self.registry.end(iteration)
        self.host.finish(iteration.prompt, Ending.SUCCESS)
        self.registry.full_snapshot(iteration.key.id)

    def rows(self) -> int:
        """The number of rows of items, and of listings that no loop has."""
        with self.store._connections.engine.begin() as connection:
            return sum(
                connection.execute(select(func.count()).select_from(table)).scalar_one()
                for table in (items, spare_listings)
            )

    def order(self) -> list[str]:
        return [item.path for item, _ in self.registry.report(LARGE.id)[1]]


@pytest.fixture(params=DATABASES)
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Store]:
    """Opens the same store for one server after the other."""
    return store_opener(request.param, tmp_path, request)


@pytest.fixture
def server(opened: Callable[[], Store], monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(listing_rows, "AT_ONCE", AT_ONCE)
    monkeypatch.setattr(large_listings, "WRITTEN_AT_ONCE", AT_ONCE)
    server = Server(opened())
    yield server
    server.registry.close()


def path(iteration: Iteration) -> str:
    assert iteration.item is not None
    return iteration.item.path


def test_no_transaction_writes_many_rows(server: Server) -> None:
    with asked_of(server.store) as asked:
        assert path(server.acquire()) == "img0.png"
    written = []
    for text, given in asked.statements:
        if text.startswith(("INSERT OR IGNORE INTO batch_loop_items", "INSERT INTO batch_loop_it")):
            paths = given["of_paths"] if isinstance(given, dict) else None
            if paths is None:
                paths = next(json.loads(each) for each in given if str(each).startswith("["))
            written.append(len(paths))
    assert written == [2, 2, 2, 2, 1]
    assert asked.transactions > len(written)
    assert server.order() == NAMES


def test_another_loop_continues_while_a_listing_is_written(server: Server) -> None:
    seen: list[Any] = []

    def other() -> None:
        with ThreadPoolExecutor(1) as pool:
            iteration = pool.submit(server.acquire, key=SMALL).result(SECONDS)
            pool.submit(server.done, iteration).result(SECONDS)
            seen.append(path(iteration))
            seen.append([loop.id for loop in server.registry.overviews()])

    server.meanwhile = [lambda: None, other]
    assert path(server.acquire()) == "img0.png"
    assert seen == ["img0.png", [SMALL.id]]


def test_items_stay_known_in_another_order_or_outside_the_listing(server: Server) -> None:
    for _ in range(3):
        server.done(server.acquire())
    turned = server.acquire(Selection(descending=True))
    assert path(turned) == "img8.png"
    assert server.registry.full_snapshot(LARGE.id).counts == Counts(pending=5, running=1, done=3)
    server.done(turned)
    # Only a few of the many that are known.
    few = server.acquire(Selection(limit=1, descending=True))
    assert few.item is None
    assert few.counts == Counts(done=1)
    everything = server.acquire()
    assert path(everything) == "img3.png"
    assert everything.counts == Counts(pending=4, running=1, done=4)
    assert server.order() == NAMES


def test_what_happens_to_an_item_meanwhile_is_known_afterwards(server: Server) -> None:
    first, second = server.acquire(), server.acquire()

    def meanwhile() -> None:
        server.done(first)

    server.meanwhile = [lambda: None, meanwhile, lambda: server.registry.end(second)]
    third = server.acquire(Selection(descending=True))
    assert path(third) == "img8.png"
    assert third.counts == Counts(pending=6, running=1, finishing=1, done=1)
    server.host.finish(second.prompt)
    assert server.registry.full_snapshot(LARGE.id).counts.done == 2


@pytest.mark.parametrize("what", ["start over", "retry"])
def test_a_listing_is_written_again_if_the_loop_has_changed(server: Server, what: str) -> None:
    first = server.acquire()
    # Of the same name as the first, so its thread would take what that one writes for its own.
    other = Server(server.store, ByHand)

    def meanwhile() -> None:
        if what == "start over":
            other.registry.start_over(LARGE.id)
        else:
            server.host.finish(first.prompt, Ending.ERROR)
            server.registry.skip(LARGE.id, "img0.png")
            server.registry.retry_failed(LARGE.id)

    server.meanwhile = [lambda: None, meanwhile]
    turned = server.acquire(Selection(descending=True))
    assert turned.batch == (2 if what == "start over" else 1)
    assert path(turned) == "img8.png"
    assert turned.counts == Counts(pending=8, running=1)


def test_the_former_listing_is_deleted_in_parts(server: Server) -> None:
    server.done(server.acquire())
    server.registry.full_snapshot(LARGE.id)
    with asked_of(server.store) as asked:
        assert server.registry.start_over(LARGE.id).batch == 2
        assert server.rows() == 2 * len(NAMES)
        server.done(server.acquire())
        server.acquire()  # from here on it cannot be put back
        wait_for(lambda: server.rows() == len(NAMES), "the end of what was there before")
    deletions = [text for text, _ in asked.statements if text.startswith("DELETE")]
    deletions = [text for text in deletions if "batch_loop_items" in text]
    assert len(deletions) > len(NAMES) // AT_ONCE
    assert all("LIMIT" in text for text in deletions)
    assert server.order() == NAMES


@pytest.mark.parametrize("number", [60, 240])
def test_many_files_join_with_as_few_statements_as_a_few(
    server: Server, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing_rows, "AT_ONCE", 1000)
    server.names = NAMES[:1]
    server.done(server.acquire())
    server.names = [f"img{at}.png" for at in range(number)]
    with asked_of(server.store) as asked:
        assert server.acquire().counts.total == number
    assert len(asked.statements) < 40


def test_no_statement_of_start_over_scans_all_results(server: Server) -> None:
    for is_done in (True, True, False):
        iteration = server.acquire()
        server.registry.claim_outputs(iteration, [f"/out/{path(iteration)}"])
        if is_done:
            server.done(iteration)
    server.registry.spare_listings.close()
    with asked_of(server.store) as asked:
        assert server.registry.start_over(LARGE.id).batch == 2
    changes = [each for each in asked.statements if "batch_loop_outputs" in each[0]]
    assert changes
    with server.store._connections.engine.begin() as connection:
        for text, given in changes:
            if connection.dialect.name == "sqlite":
                plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", given)
                looks_up = [row[3] for row in plan]
                assert any("path=?" in each for each in looks_up), looks_up
            else:
                assert "path = " in text


def test_a_forgotten_loop_leaves_nothing(server: Server) -> None:
    server.acquire()
    server.host.crash()
    server.registry.forget(LARGE.id)
    wait_for(lambda: server.rows() == 0, "the end of its items")
    assert path(server.acquire()) == "img0.png"


def test_cancel_ends_the_writing_and_leaves_nothing(server: Server) -> None:
    def cancel() -> None:
        raise Cancelled

    server.meanwhile = [lambda: None, cancel]
    with pytest.raises(Cancelled):
        server.acquire()
    wait_for(lambda: server.rows() == 0, "the end of what was written")
    assert server.registry.overviews() == []
    assert path(server.acquire()) == "img0.png"


@pytest.mark.parametrize("before", ["a first batch", "other settings"])
def test_a_crash_midway_leaves_only_what_the_next_start_deletes(
    server: Server, opened: Callable[[], Store], before: str
) -> None:
    settings = None
    expected = 0
    if before == "other settings":
        server.done(server.acquire())
        settings, expected = Selection(descending=True), len(NAMES)

    def crash() -> None:
        # This process does nothing any more.
        server.registry.spare_listings.close()
        raise SystemExit

    server.meanwhile = [lambda: None, crash]
    with pytest.raises(SystemExit):
        server.acquire(settings)
    assert server.rows() == expected + 2 * AT_ONCE + 1
    again = Server(opened())
    again.host._server = 7
    again.registry.recover()
    wait_for(lambda: again.rows() == expected, "the end of what was written")
    iteration = again.acquire(settings)
    assert iteration.counts.total == len(NAMES)
    assert path(iteration) == ("img8.png" if settings else "img0.png")
    again.registry.close()
