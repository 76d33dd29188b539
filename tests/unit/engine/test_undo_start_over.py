"""Start over can be undone for a while, as a whole or not at all."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from batch_loop.core.common.errors import NotNow, UnknownLoop
from batch_loop.core.engine.changes.loop_memory import OpenTurn
from batch_loop.core.engine.changes.process_memory import Memory
from batch_loop.core.engine.changes.undo import UNDO_SECONDS
from batch_loop.core.model.background_writes import Turn
from batch_loop.core.model.items import ItemState
from batch_loop.core.model.policy import IterationMode
from batch_loop.core.model.prompt import Ending
from batch_loop.core.model.records import Snapshot
from batch_loop.core.store.databases.sqlite_store import open_store
from batch_loop.core.store.memory import MemoryStore
from batch_loop.tests.unit.engine.test_partners import LockNotes, Pairs
from batch_loop.tests.unit.engine.test_registry import SKIP, Loop


@pytest.fixture
def loop() -> Loop:
    """A batch of which one image is done, one has failed, and one waits."""
    loop = Loop("a", "b", "c")
    loop.run(value=7)
    loop.run(Ending.ERROR, policy=SKIP)
    return loop


def start_over(loop: Loop) -> Snapshot:
    return loop.registry.start_over(loop.request.key.id)


def undo(loop: Loop) -> Snapshot:
    return loop.registry.undo_start_over(loop.request.key.id)


def test_no_number_of_a_batch_is_used_twice(loop: Loop) -> None:
    assert [start_over(loop).batch, undo(loop).batch] == [2, 1]
    assert [start_over(loop).batch, start_over(loop).batch, undo(loop).batch] == [3, 4, 1]
    assert loop.acquire(mode=IterationMode.RESET).batch == 5


def test_what_was_done_or_failed_is_so_again(loop: Loop) -> None:
    before = loop.snapshot()
    assert before.undo_until is None
    assert start_over(loop).undo_until is not None
    after = undo(loop)
    assert (after.batch, after.counts, after.failures) == (1, before.counts, before.failures)
    assert after.undo_until is None
    assert loop.acquire().carried.value == 7


def test_a_turn_of_both_batches_is_as_last_noted_with_the_end_of_its_own(loop: Loop) -> None:
    key, memory = loop.request.key, Memory(loop.host)
    turn = Turn(key.id, "a", loop.host.submit())
    with memory.draft():
        memory.change_turn(key, turn, waited=1.0, reached_end_at=2.0, given=(7,))
        for _ in range(2):
            memory.begin_batch(key, keep=True)
            assert memory.turn(key, turn) == OpenTurn(waited=1.0)
        memory.change_turn(key, turn, waited=3.0)
        memory.put_back(key, [turn])
        found = memory.turn(key, turn)
    assert found == OpenTurn(waited=3.0, reached_end_at=2.0, given=(7,))


def test_it_can_be_undone_while_a_run_has_the_first_image(loop: Loop) -> None:
    start_over(loop)
    iteration = loop.acquire()
    assert loop.snapshot().undo_until is not None
    undo(loop)
    loop.registry.end(iteration)
    loop.host.finish(iteration.prompt)
    assert loop.snapshot().counts.done == 1
    assert loop.run_all() == ["c"]


def test_it_cannot_be_undone_once_an_image_is_done(loop: Loop) -> None:
    start_over(loop)
    loop.run()
    assert loop.snapshot().undo_until is None
    with pytest.raises(NotNow, match="cannot be undone"):
        undo(loop)
    assert loop.run_all() == ["b", "c"]


def test_it_cannot_be_undone_later(loop: Loop) -> None:
    start_over(loop)
    loop.host.set_by = UNDO_SECONDS
    assert loop.snapshot().undo_until is None
    with pytest.raises(NotNow):
        undo(loop)


def test_a_batch_that_was_not_started_over_by_a_person_stays(loop: Loop) -> None:
    with pytest.raises(NotNow):
        undo(loop)
    with pytest.raises(UnknownLoop):
        loop.registry.undo_start_over("0" * 16)


def test_the_one_before_a_batch_of_which_nothing_has_come_is_put_back(loop: Loop) -> None:
    start_over(loop)
    start_over(loop)
    assert undo(loop).counts.done == 1


def test_a_run_goes_on_that_had_an_image_all_the_time(loop: Loop) -> None:
    iteration = loop.acquire()
    start_over(loop)
    undo(loop)
    loop.registry.end(iteration, 8)
    loop.host.finish(iteration.prompt)
    assert loop.snapshot().counts.done == 2
    assert loop.acquire().carried.value == 8


def test_an_image_waits_if_its_run_has_ended_meanwhile(loop: Loop) -> None:
    iteration = loop.acquire()
    start_over(loop)
    loop.registry.end(iteration)
    loop.host.finish(iteration.prompt)
    assert undo(loop).counts.pending == 1
    assert loop.run_all() == ["c"]


def test_a_batch_is_complete_again(loop: Loop) -> None:
    loop.run_all()
    assert loop.snapshot().complete
    start_over(loop)
    assert undo(loop).complete
    assert loop.run_all() == []


def test_folders_that_go_together_are_put_back_together() -> None:
    pairs = Pairs(MemoryStore())
    left, right = pairs.acquire()
    for iteration in (left, right):
        pairs.registry.end(iteration)
    pairs.host.finish(left.prompt)
    for undone, other in ((left, right), (right, left)):
        pairs.registry.start_over(undone.key.id)
        pairs.registry.undo_start_over(other.key.id)
        for iteration in (left, right):
            assert pairs.registry.snapshot(iteration.key.id).counts.done == 1


@pytest.mark.parametrize("side", [0, 1])
def test_a_partner_that_comes_back_with_the_batch_is_not_locked_after_it(side: int) -> None:
    """Another server that locks the two in order would wait for this one, and this one for it."""
    store = LockNotes()
    pairs = Pairs(store)
    pairs.run()
    request, partner = [(pairs.left, pairs.right), (pairs.right, pairs.left)][side]
    loop_id = request.key.id
    pairs.registry.start_over(loop_id)
    alone = pairs.registry.acquire(request, pairs.host.submit())
    pairs.host.finish(alone.prompt, Ending.STOPPED)
    pairs.registry.reconcile_all()
    assert pairs.registry.full_snapshot(loop_id).paired == ()
    store.locked.clear()
    assert pairs.registry.undo_start_over(loop_id).paired == (partner.key.directory,)
    assert store.locked == [loop_id]


def test_it_outlives_the_server(tmp_path: Path) -> None:
    pairs = Pairs(open_store(str(tmp_path)))
    left, _ = pairs.acquire()
    pairs.registry.end(left)
    pairs.registry.start_over(left.key.id)
    pairs.registry.close()
    pairs = Pairs(open_store(str(tmp_path)))
    pairs.host.crash()
    pairs.registry.recover()
    pairs.registry.undo_start_over(left.key.id)
    states = partial(pairs.registry.page, left.key.id, 0, 5)
    assert [item.state for item, _ in states().items] == [ItemState.PENDING] * 5
    pairs.registry.forget(left.key.id)
    pairs.registry.close()


def test_results_belong_to_the_batch_that_is_put_back(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    pairs = Pairs(store)
    left, _ = pairs.acquire()
    key = left.key
    result = tmp_path / "result.png"
    pairs.registry.start_over(key.id)
    left, _ = pairs.acquire()
    pairs.registry.claim_outputs(left, [str(result)])
    result.touch()
    pairs.registry.note_written(left, str(result))
    pairs.host.finish(left.prompt, Ending.STOPPED)
    pairs.registry.undo_start_over(key.id)
    (_, outputs), *_ = pairs.registry.page(key.id, 0, 1).items
    assert outputs == (str(result),)
    pairs.registry.close()
