"""A folder that is slow to list delays only those that need its listing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from batch_loop.core.common.errors import FolderNotFound
from batch_loop.core.engine.batches import Request
from batch_loop.core.engine.folders.due_listings import Due, Listed, Why
from batch_loop.core.engine.registry import LoopRegistry
from batch_loop.core.model.loop_key import LoopKey
from batch_loop.core.model.policy import ErrorHandling, IterationMode, Policy
from batch_loop.core.model.prompt import Ending
from batch_loop.core.model.records import Iteration
from batch_loop.core.model.selection import Selection
from batch_loop.core.sources.image_folder import ImageFolder
from batch_loop.core.store.databases.sqlite_store import open_store
from batch_loop.core.store.interface import Store
from batch_loop.tests.support.fake_host import FakeHost
from batch_loop.tests.support.stores import HERE, new_store
from batch_loop.tests.support.waiting import wait_for

SLOW, QUICK = LoopKey("", "/slow"), LoopKey("", "/quick")
SECONDS = 20


class Cancelled(Exception):
    """What the host raises when a person has pressed Cancel."""


class Host(FakeHost):
    is_cancelled = False

    def is_alive(self, server: str, *, is_here: bool) -> bool:  # noqa: ARG002
        return True

    def raise_if_cancelled(self) -> None:
        if self.is_cancelled:
            raise Cancelled


class Server:
    """A registry, with a folder whose listing lasts until the test ends it."""

    def __init__(self, store: Store) -> None:
        self.host = Host()
        self.names = [f"img{number}.png" for number in range(3)]
        self.lost = False
        self.listings = 0
        self.listed = threading.Semaphore(0)
        self.goes_on = threading.Event()
        self.goes_on.set()
        self.registry = LoopRegistry(store, self.host, ImageFolder(self._list, lambda _path: 0.0))
        self.pool = ThreadPoolExecutor(4)

    def _list(
        self,
        directory: str,
        selection: Selection,
        *,
        seed: int,  # noqa: ARG002
        going_on: Callable[[], object],
        **_given: object,
    ) -> list[str]:
        if directory == SLOW.directory:
            self.listings += 1
            names = self.names[selection.start_index :]
            self.listed.release()
            while not self.goes_on.wait(0.005):
                going_on()
            if self.lost:
                raise FolderNotFound("gone")
            return names
        return list(self.names)

    def hold(self) -> None:
        """Block listings of the slow folder that begin from now on."""
        self.goes_on.clear()

    def acquire(self, key: LoopKey, selection: Selection | None = None, **given: Any) -> Iteration:
        request = Request(key, selection or Selection(), **given)
        return self.registry.acquire(request, self.host.submit())

    def begin(self, work: Callable[[], Iteration]) -> Future[Iteration]:
        """Begin something in a thread, and wait until it is listing the slow folder."""
        future = self.pool.submit(work)
        assert self.listed.acquire(timeout=SECONDS)
        return future

    def go_on(self, future: Future[Iteration]) -> Iteration:
        self.goes_on.set()
        return future.result(SECONDS)

    def done(self, iteration: Iteration) -> None:
        """Have an iteration's prompt succeed."""
        self.registry.end(iteration)
        self.host.finish(iteration.prompt)
        self.registry.full_snapshot(iteration.key.id)

    def close(self) -> None:
        self.goes_on.set()
        self.pool.shutdown()


@pytest.fixture(params=HERE)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    server = Server(new_store(request.param, tmp_path, request))
    yield server
    server.close()


def path(iteration: Iteration) -> str:
    assert iteration.item is not None
    return iteration.item.path


def test_what_needs_no_listing_continues_while_a_folder_is_listed(server: Server) -> None:
    first = server.acquire(QUICK)
    server.hold()
    slow = server.begin(lambda: server.acquire(SLOW))
    # If the lock were held, all of these would wait forever.
    before = server.registry.revision
    server.done(first)
    assert server.registry.revision > before
    assert path(server.acquire(QUICK)) == "img1.png"
    assert server.registry.has_listing(Request(QUICK, Selection()))
    assert not server.registry.has_listing(Request(SLOW, Selection()))
    assert [loop.id for loop in server.registry.overviews()] == [QUICK.id]
    assert server.registry.start_over(QUICK.id).batch == 2
    assert not slow.done()
    assert path(server.go_on(slow)) == "img0.png"


def test_no_kind_of_listing_keeps_others_waiting(server: Server) -> None:
    server.names.append("img3.png")
    server.acquire(QUICK)
    running = server.acquire(SLOW)
    server.listed.acquire()
    narrow = Selection(start_index=1)

    def others_go_on(work: Callable[[], Iteration]) -> Iteration:
        server.hold()
        future = server.begin(work)
        server.registry.full_snapshot(QUICK.id)
        server.registry.full_snapshot(SLOW.id)
        assert not future.done()
        return server.go_on(future)

    server.done(running)
    # Other settings.
    relisted = others_go_on(lambda: server.acquire(SLOW, narrow))
    assert (path(relisted), relisted.counts.total) == ("img1.png", 3)
    server.done(relisted)
    back = others_go_on(lambda: server.acquire(SLOW))
    assert (path(back), back.counts.total) == ("img2.png", 4)
    server.done(back)
    # The end of the listing.
    server.names.append("img4.png")
    last = others_go_on(lambda: server.acquire(SLOW))
    assert path(last) == "img3.png"
    server.done(last)
    joined = server.acquire(SLOW)
    assert path(joined) == "img4.png"
    server.done(joined)
    # A run on a complete batch.
    server.names.append("img5.png")
    new = others_go_on(lambda: server.acquire(SLOW))
    assert path(new) == "img5.png"
    server.done(new)
    # The next batch, by a run and by the route.
    again = others_go_on(lambda: server.acquire(SLOW, mode=IterationMode.RESET))
    assert (again.batch, path(again)) == (2, "img0.png")

    def start_over() -> Iteration:
        assert server.registry.start_over(SLOW.id).batch == 3
        return again

    others_go_on(start_over)


def test_a_second_caller_uses_the_first_one_s_listing(server: Server) -> None:
    server.hold()
    one = server.begin(lambda: server.acquire(SLOW))
    two = server.pool.submit(lambda: server.acquire(SLOW))
    assert path(server.go_on(one)) != path(two.result(SECONDS))
    assert server.listings == 1
    assert server.registry.full_snapshot(SLOW.id).batch == 1


def test_a_change_made_meanwhile_is_seen(tmp_path: Path) -> None:
    """Another server begins the batch while this one reads the folder."""
    one, two = Server(open_store(str(tmp_path))), Server(open_store(str(tmp_path)))
    two.host.crash()  # for another name,
    two.host.submit()  # and other prompts
    one.hold()
    slow = one.begin(lambda: one.acquire(SLOW))
    two.names.append("img3.png")
    assert path(two.acquire(SLOW)) == "img0.png"
    joined = one.go_on(slow)
    assert (joined.batch, path(joined), joined.counts.total) == (1, "img1.png", 4)
    for server in (one, two):
        server.close()


def test_cancel_ends_the_listing_and_the_wait_for_it(server: Server) -> None:
    server.hold()
    listing = server.begin(lambda: server.acquire(SLOW))
    waiting = server.pool.submit(lambda: server.acquire(SLOW))
    server.host.is_cancelled = True
    for future in (listing, waiting):
        with pytest.raises(Cancelled):
            future.result(SECONDS)
    server.host.is_cancelled = False
    server.goes_on.set()
    assert server.registry.overviews() == []
    assert path(server.acquire(SLOW)) == "img0.png"


def test_a_folder_that_vanishes_at_the_end_does_not_fail_the_prompt(server: Server) -> None:
    server.names = ["img0.png", "img1.png"]
    server.done(server.acquire(SLOW))
    server.lost = True
    last = server.acquire(SLOW)
    assert path(last) == "img1.png"
    server.done(last)
    assert server.registry.full_snapshot(SLOW.id).complete
    with pytest.raises(FolderNotFound):
        server.acquire(SLOW)


def test_a_folder_being_listed_is_not_also_read_by_its_watch(server: Server) -> None:
    server.names = ["img0.png"]
    server.done(server.acquire(SLOW))
    server.hold()
    taken = server.listings
    while server.listed.acquire(blocking=False):
        pass
    slow = server.begin(lambda: server.acquire(SLOW))
    assert server.registry.watch(SLOW.id).ready == 0
    assert server.listings == taken + 1
    assert server.go_on(slow).complete


def test_a_caller_that_waits_for_a_listing_holds_no_later_one(server: Server) -> None:
    """Otherwise two that list the folders of a pair might wait for each other."""
    first, second = sorted((SLOW, QUICK), key=lambda key: key.id)
    listings = server.registry.listings

    asked = threading.Event()

    def change(listed: Listed) -> bool | Due:
        for key in (second, first):
            if key not in listed:
                if key == first:
                    asked.set()
                return Due(Why.BEGIN, key, Selection(), 1)
        return True

    def is_free() -> bool:
        with listings.turns.if_free(second) as is_mine:
            return is_mine

    with listings.turns.if_free(first):
        listing = server.pool.submit(listings.with_listings, change)
        assert asked.wait(SECONDS)
        wait_for(is_free, "the turn that is given back")
        assert not listing.done()
    assert listing.result(SECONDS) is True


def test_a_retry_that_is_cancelled_while_the_folder_is_read_changes_nothing(
    server: Server,
) -> None:
    """The folder is read before the last image is handed out, also where that one had failed."""
    del server.names[1:]
    skip = Policy(ErrorHandling.SKIP)
    failed = server.acquire(SLOW, policy=skip)
    server.host.finish(failed.prompt, Ending.ERROR)
    assert server.registry.full_snapshot(SLOW.id).counts.failed == 1
    server.listed.acquire()
    server.hold()
    retry = server.begin(lambda: server.acquire(SLOW, mode=IterationMode.RETRY_FAILED, policy=skip))
    server.host.is_cancelled = True
    with pytest.raises(Cancelled):
        retry.result(SECONDS)
    assert server.registry.full_snapshot(SLOW.id).counts.failed == 1
    server.host.is_cancelled = False
    server.goes_on.set()
    again = server.acquire(SLOW, mode=IterationMode.RETRY_FAILED, policy=skip)
    assert path(again) == "img0.png"
