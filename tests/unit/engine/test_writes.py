"""Results written in the background: an item is done once they and its prompt are."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from batch_loop.core.common.errors import UnwritableImage
from batch_loop.core.engine.batches import Request
from batch_loop.core.engine.registry import LoopRegistry
from batch_loop.core.model.background_writes import Turn
from batch_loop.core.model.go_or_stop import Stands, standing_of
from batch_loop.core.model.items import Item, ItemState
from batch_loop.core.model.loop_key import LoopKey
from batch_loop.core.model.policy import DEFAULT_POLICY, ErrorHandling, Policy, WhenComplete
from batch_loop.core.model.prompt import Ending, Failure
from batch_loop.core.model.records import Iteration
from batch_loop.core.model.selection import Selection
from batch_loop.core.sources.image_folder import ImageFolder
from batch_loop.core.store.interface import Store
from batch_loop.core.store.memory import MemoryStore
from batch_loop.tests.support.background import FakeWrites, turn_of
from batch_loop.tests.support.fake_host import ByHand, FakeHost
from batch_loop.tests.support.stores import HERE, new_store
from batch_loop.tests.support.waiting import wait_for

KEY = LoopKey("", os.path.abspath("folder"))
NAMES = ["a", "b", "c"]
FULL = Failure("the disk is full", "9", "BatchLoopSaveImage")
SKIP = Policy(error_handling=ErrorHandling.SKIP)
AGAIN = Policy(when_complete=WhenComplete.START_OVER)


class Batch:
    """A registry whose prompts each write one result in the background."""

    def __init__(self, store: Store) -> None:
        self.host = FakeHost()
        self.writes = FakeWrites()
        self.names = list(NAMES)
        self.registry = LoopRegistry(
            store,
            self.host,
            ImageFolder(lambda *_args, **_seed: self.names, lambda _path: 0.0),
            self.writes,
        )

    def acquire(self, policy: Policy = DEFAULT_POLICY) -> Iteration:
        return self.registry.acquire(Request(KEY, Selection(), policy=policy), self.host.submit())

    def run(
        self, ending: Ending = Ending.SUCCESS, policy: Policy = DEFAULT_POLICY, *, end: bool = True
    ) -> Turn:
        """Run a prompt whose write continues after it; its turn."""
        iteration = self.acquire(policy)
        turn = turn_of(iteration)
        self.writes.begin(turn)
        if end:
            self.registry.end(iteration)
        self.host.finish(iteration.prompt, ending)
        return turn

    def items(self) -> dict[str, Item]:
        return {item.path: item for item, _ in self.registry.report(KEY.id)[1]}

    def states(self) -> list[str]:
        return [item.state.value for item in self.items().values()]


@pytest.fixture(params=HERE)
def batch(request: pytest.FixtureRequest, tmp_path: Path) -> Batch:
    return Batch(new_store(request.param, tmp_path, request))


@pytest.fixture
def aside() -> Callable[[Callable[[], Any]], Future[Any]]:
    """Do something in another thread."""
    return ThreadPoolExecutor(1).submit


def test_an_interrupted_batch_stays_paused_when_an_earlier_image_is_written(batch: Batch) -> None:
    turn = batch.run()
    interrupted = batch.acquire()
    batch.host.finish(interrupted.prompt, Ending.STOPPED)
    batch.registry.reconcile_all()
    batch.writes.end(turn)
    batch.registry.reconcile_all()
    assert batch.states() == ["done", "pending", "pending"]
    assert standing_of(batch.registry.full_snapshot(KEY.id)).stands is Stands.PAUSED


def test_a_new_file_joins_even_if_the_image_before_is_written_at_the_last_moment(
    batch: Batch,
) -> None:
    batch.writes.end(batch.run())
    late = batch.run()
    batch.names.append("d")
    last = batch.acquire()
    batch.writes.end(late)
    batch.registry.end(last)
    batch.host.finish(last.prompt, Ending.SUCCESS)
    assert batch.states() == ["done", "done", "done", "pending"]


def test_an_item_is_done_once_its_prompt_has_ended_and_its_files_are_written(batch: Batch) -> None:
    turn = batch.run()
    assert batch.states() == ["finishing", "pending", "pending"]
    batch.writes.end(turn)
    assert batch.states() == ["done", "pending", "pending"]


def test_an_item_is_done_soon_after_the_last_write_without_being_asked(batch: Batch) -> None:
    turn = batch.run()
    looks, revision = batch.writes.looks, batch.registry.revision
    wait_for(lambda: batch.writes.looks > looks + 2, "somebody to look, in vain")
    batch.writes.end(turn)
    wait_for(lambda: batch.registry.revision > revision, "the item to be reconciled", 1.0)


def test_an_item_written_early_is_not_done_before_its_prompt_ends(batch: Batch) -> None:
    iteration = batch.acquire()
    batch.writes.begin(turn_of(iteration))
    batch.registry.end(iteration)
    batch.writes.end(turn_of(iteration))
    assert batch.states()[0] == "finishing"
    batch.host.finish(iteration.prompt)
    assert batch.states()[0] == "done"


def test_the_next_image_does_not_wait_for_the_write(batch: Batch) -> None:
    batch.run()
    item = batch.acquire().item
    assert item is not None
    assert item.path == "b"
    assert batch.states() == ["finishing", "running", "pending"]


def test_a_prompt_that_needs_a_carried_value_waits_for_it(
    batch: Batch, aside: Callable[..., Future[Any]]
) -> None:
    iteration = batch.acquire()
    batch.writes.begin(turn_of(iteration))
    batch.registry.end(iteration, "carried")
    batch.host.finish(iteration.prompt)
    waiting = aside(batch.acquire)
    batch.writes.wait_for_a_wait()
    assert not waiting.done()
    batch.writes.end(turn_of(iteration))
    assert waiting.result(10).carried.value == "carried"


@pytest.mark.parametrize(
    ("ending", "end"),
    [
        (Ending.ERROR, True),
        (Ending.STOPPED, True),
        (Ending.STOPPED, False),
        (Ending.SUCCESS, False),
    ],
)
def test_an_image_is_not_tried_again_while_its_file_is_written(
    batch: Batch, aside: Callable[..., Future[Any]], ending: Ending, *, end: bool
) -> None:
    turn = batch.run(ending, end=end)
    waiting = aside(batch.acquire)
    batch.writes.wait_for_a_wait()
    assert not waiting.done()
    batch.writes.end(turn)
    assert waiting.result(10).item.path == "a"


def test_a_new_batch_waits_for_the_old_one_s_writes(
    batch: Batch, aside: Callable[..., Future[Any]]
) -> None:
    for _ in NAMES[1:]:
        batch.writes.end(batch.run(policy=AGAIN))
    turn = batch.run(policy=AGAIN)
    waiting = aside(lambda: batch.acquire(AGAIN))
    batch.writes.wait_for_a_wait()
    assert not waiting.done()
    batch.writes.end(turn)
    assert waiting.result(10).batch == 2


def test_with_stop_on_error_a_failed_write_is_reported_by_the_next_run_and_retried_by_the_one_after(
    batch: Batch,
) -> None:
    batch.writes.end(batch.run(), FULL)
    with pytest.raises(UnwritableImage, match="the disk is full"):
        batch.acquire()
    item = batch.items()["a"]
    assert (item.state, item.attempts, item.failure) == (ItemState.PENDING, 1, FULL)
    batch.writes.end(batch.run())
    assert batch.states() == ["done", "pending", "pending"]
    assert batch.items()["a"].failure is None


def test_with_skip_on_error_a_failed_write_fails_the_image(batch: Batch) -> None:
    batch.writes.end(batch.run(policy=SKIP), FULL)
    assert turn_of(batch.acquire(SKIP)).path == "b"
    item = batch.items()["a"]
    assert (item.state, item.failure) == (ItemState.FAILED, FULL)


@pytest.mark.parametrize("ending", [Ending.SUCCESS, Ending.ERROR])
def test_no_image_is_to_blame_for_a_full_disk(batch: Batch, ending: Ending) -> None:
    batch.writes.end(batch.run(ending, SKIP), replace(FULL, blames_image=False))
    if ending is Ending.SUCCESS:
        with pytest.raises(UnwritableImage, match="the disk is full"):
            batch.acquire(SKIP)
    else:
        batch.registry.reconcile_all()
    item = batch.items()["a"]
    assert (item.state, item.attempts, item.failure) == (ItemState.PENDING, 0, FULL)
    assert batch.registry.full_snapshot(KEY.id).stopped
    assert turn_of(batch.acquire(SKIP)).path == "a"


def test_a_failed_write_is_the_reason_if_it_made_the_prompt_fail(batch: Batch) -> None:
    batch.writes.end(batch.run(Ending.ERROR, SKIP), FULL)
    batch.acquire(SKIP)
    assert batch.items()["a"].failure == FULL


def test_a_prompt_that_failed_by_itself_keeps_its_own_reason(batch: Batch) -> None:
    batch.writes.end(batch.run(Ending.ERROR), FULL)
    assert turn_of(batch.acquire()).path == "a"


def test_only_one_image_s_results_are_on_their_way_at_a_time(
    batch: Batch, aside: Callable[..., Future[Any]]
) -> None:
    turn = batch.run()
    second = batch.acquire()
    # This prompt's own writes are not waited for.
    batch.writes.begin(turn_of(second))
    meanwhile: list[bool] = []
    waiting = aside(
        lambda: batch.registry.finish_earlier(
            second, lambda: meanwhile.append(batch.writes.busy(second.key.id))
        )
    )
    batch.writes.wait_for_a_wait()
    assert not waiting.done()
    assert meanwhile == [True]
    batch.writes.end(turn)
    assert waiting.result(10) is True
    assert batch.states() == ["done", "running", "pending"]
    # Now nothing is waited for.
    assert not batch.registry.finish_earlier(second, lambda: meanwhile.append(True))
    assert meanwhile == [True]


def test_the_end_waits_for_every_write(batch: Batch, aside: Callable[..., Future[Any]]) -> None:
    for _ in NAMES[1:]:
        batch.writes.end(batch.run())
    last = batch.acquire()
    batch.writes.begin(turn_of(last))
    batch.registry.end(last)
    waiting = aside(lambda: batch.registry.finish(last))
    batch.writes.wait_for_a_wait()
    assert not waiting.done()
    batch.writes.end(turn_of(last))
    assert waiting.result(10).complete


def test_before_the_end_no_prompt_waits(batch: Batch) -> None:
    first = batch.acquire()
    batch.writes.begin(turn_of(first))
    batch.registry.end(first)
    assert not batch.registry.finish(first).complete


def test_at_the_end_a_prompt_s_own_failed_write_is_an_error(batch: Batch) -> None:
    for _ in NAMES[1:]:
        batch.writes.end(batch.run())
    last = batch.acquire()
    batch.writes.begin(turn_of(last))
    batch.registry.end(last)
    batch.writes.end(turn_of(last), FULL)
    with pytest.raises(UnwritableImage, match="the disk is full"):
        batch.registry.finish(last)
    batch.host.finish(last.prompt, Ending.ERROR)
    # It has been reported, so the next run retries at once.
    assert turn_of(batch.acquire()).path == "c"


def test_a_batch_with_an_earlier_failed_write_is_not_complete(batch: Batch) -> None:
    batch.writes.end(batch.run())
    second = batch.run()
    last = batch.acquire()
    batch.registry.end(last)
    batch.writes.end(second, FULL)
    assert not batch.registry.finish(last).complete
    batch.host.finish(last.prompt)
    assert batch.states() == ["done", "pending", "done"]


def test_a_new_batch_does_not_report_the_old_one_s_failed_write(batch: Batch) -> None:
    batch.writes.end(batch.run(), FULL)
    assert batch.states()[0] == "pending"
    batch.registry.start_over(KEY.id)
    assert turn_of(batch.acquire()).path == "a"


def test_a_failed_write_is_forgotten_once_its_prompt_has_ended_in_another_batch(
    batch: Batch,
) -> None:
    turn = batch.run()
    batch.registry.start_over(KEY.id)
    batch.writes.end(turn, FULL)
    wait_for(lambda: batch.writes.failure(turn) is None, "the failure to be forgotten")


def test_once_files_are_written_it_is_looked_at_once_how_their_prompts_have_ended() -> None:
    hurried: list[bool] = []

    class Hurried(ByHand):
        def hurry(self) -> None:
            hurried.append(True)

    writes = FakeWrites()
    source = ImageFolder(lambda *_args, **_seed: NAMES, lambda _path: 0.0)
    LoopRegistry(MemoryStore(), FakeHost(), source, writes, poll_outcomes=Hurried)
    assert not hurried
    writes.tell()
    assert hurried == [True]
