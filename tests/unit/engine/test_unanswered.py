"""A change that the database has kept, and could not say so of, is made once, and all follows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from batch_loop.core.common.errors import (
    NotNow,
    StoreAway,
    Unanswered,
    UnknownLoop,
    UnreadableImage,
    UnwritableImage,
)
from batch_loop.core.engine.changes import transactions
from batch_loop.core.engine.registry import LoopRegistry
from batch_loop.core.model.items import ItemState
from batch_loop.core.model.policy import IterationMode
from batch_loop.core.model.prompt import Ending, Failure
from batch_loop.core.sources.image_folder import ImageFolder
from batch_loop.core.store.memory import MemoryStore
from batch_loop.tests.support.background import FakeWrites, turn_of
from batch_loop.tests.support.fake_host import ByHand
from batch_loop.tests.unit.engine.test_registry import Loop


class CutOff(MemoryStore):
    """A store that is cut off from whoever asks, as it ends a transaction."""

    def __init__(self) -> None:
        super().__init__()
        self.is_cut_off: Callable[[], bool] = lambda: False
        """Whether the transaction that ends now is kept without an answer."""
        self.away = 0
        """How often nobody can tell then whether it was kept."""

    @contextmanager
    def transaction(self, *, beside: str | None = None) -> Iterator[None]:
        with super().transaction(beside=beside):
            yield
        if self.is_cut_off():
            self.is_cut_off = lambda: False
            raise Unanswered("cut off", self._was_kept)

    def _was_kept(self) -> bool:
        if self.away:
            self.away -= 1
            raise StoreAway("away")
        return True


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transactions, "RETRY_SECONDS", 0.0)


@pytest.fixture
def writes() -> FakeWrites:
    return FakeWrites()


@pytest.fixture
def store() -> CutOff:
    return CutOff()


@pytest.fixture
def loop(store: CutOff, writes: FakeWrites) -> Loop:
    loop = Loop("a", "b", "c")
    loop.registry = LoopRegistry(
        store, loop.host, ImageFolder(loop._list, loop._sight), writes, poll_outcomes=ByHand
    )
    return loop


def loop_id(loop: Loop) -> str:
    return loop.request.key.id


def state(store: CutOff, loop: Loop, path: str) -> ItemState:
    item = store.item(loop.request.key, path)
    assert item is not None
    return item.state


def test_a_reset_starts_the_batch_over_once(loop: Loop, store: CutOff) -> None:
    loop.run()
    loop.run()
    key = loop.request.key
    loop.request = replace(loop.request, mode=IterationMode.RESET)
    store.is_cut_off = lambda: bool(store.open_items(key))
    assert [loop.run() for _ in range(3)] == ["a", "b", "c"]
    assert loop.snapshot().batch == 2


@pytest.mark.parametrize("away", [0, 3])
def test_an_image_that_cannot_be_read_stops_the_run(loop: Loop, store: CutOff, away: int) -> None:
    iteration = loop.acquire()
    store.is_cut_off, store.away = lambda: True, away
    with pytest.raises(UnreadableImage):
        loop.registry.reject(iteration, UnreadableImage("it is cut off", "cut off"), "cut off")
    item = store.item(loop.request.key, "a")
    assert item is not None
    assert (item.state, item.attempts, item.stopped) == (ItemState.PENDING, 1, True)


def test_the_next_run_is_told_what_could_not_be_written(
    loop: Loop, store: CutOff, writes: FakeWrites
) -> None:
    iteration = loop.acquire()
    turn = turn_of(iteration)
    loop.registry.end(iteration)
    loop.host.finish(iteration.prompt)
    writes.end(turn, Failure("the disk is full"))
    store.is_cut_off = lambda: True
    loop.registry.reconcile_all()
    assert not loop.registry.reconcile_all()
    assert writes.failure(turn) is None
    with pytest.raises(UnwritableImage, match="the disk is full"):
        loop.acquire()
    assert loop.run() == "a"


def test_an_image_is_skipped(loop: Loop, store: CutOff) -> None:
    loop.run(Ending.ERROR)
    assert loop.registry.full_snapshot(loop_id(loop)).stopped
    store.is_cut_off = lambda: state(store, loop, "a") is ItemState.FAILED
    assert loop.registry.skip(loop_id(loop), "a").counts.failed == 1
    with pytest.raises(NotNow):
        loop.registry.skip(loop_id(loop), "a")


def test_a_loop_is_forgotten(loop: Loop, store: CutOff) -> None:
    loop.run()
    loop.snapshot()
    store.is_cut_off = lambda: not store.loops()
    loop.registry.forget(loop_id(loop))
    assert loop.registry.memory._kept == {}
    with pytest.raises(UnknownLoop):
        loop.registry.forget(loop_id(loop))


def test_a_loop_is_started_over_once(loop: Loop, store: CutOff) -> None:
    loop.run()
    store.is_cut_off = lambda: store._entries[loop.request.key].batch == 2
    assert loop.registry.start_over(loop_id(loop)).batch == 2


def test_it_follows_even_where_nobody_waits_for_it(loop: Loop, store: CutOff) -> None:
    """A request outside of a run gives up sooner than the database comes back."""
    loop.run(Ending.ERROR)
    loop.registry.reconcile_all()
    revision = loop.registry.revision
    store.is_cut_off, store.away = (lambda: state(store, loop, "a") is ItemState.FAILED), 3
    with pytest.raises(StoreAway):
        loop.registry.skip(loop_id(loop), "a")
    assert loop.registry.revision == revision
    with pytest.raises(StoreAway):
        loop.registry.store_id()
    assert loop.run() == "b"
    assert loop.registry.revision > revision


def test_what_was_not_kept_is_made_again(loop: Loop, store: CutOff) -> None:
    transaction, tries = store.transaction, 0

    @contextmanager
    def cut_off_before(*, beside: str | None = None) -> Iterator[None]:
        nonlocal tries
        with transaction(beside=beside):
            yield
            tries += 1
            if tries == 1:
                raise Unanswered("cut off", lambda: False)

    store.transaction = cut_off_before  # type: ignore[method-assign]
    assert loop.run() == "a"
    assert loop.snapshot().counts.done == 1


def test_no_change_is_made_inside_of_another(loop: Loop) -> None:
    changes = loop.registry._transactions
    with pytest.raises(RuntimeError, match="inside of another"):
        changes.run(lambda: changes.run(lambda: None))
    assert loop.run() == "a"
