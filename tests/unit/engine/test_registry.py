"""The registry's rules, with a host that ends prompts when the test says so."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from batch_loop.core.common.errors import LoopEndNotReached, NoImages, UnknownLoop, UnreadableImage
from batch_loop.core.engine.batches import Request
from batch_loop.core.engine.changes.moments import LOOK, Moments
from batch_loop.core.engine.outcomes.poller import OutcomePoller, Poll
from batch_loop.core.engine.registry import LoopRegistry
from batch_loop.core.files import same_file as spelling
from batch_loop.core.model.background_writes import Writes
from batch_loop.core.model.go_or_stop import Next, standing_of
from batch_loop.core.model.if_exists import Owner
from batch_loop.core.model.loop_key import AUDIO, VIDEOS, LoopKey
from batch_loop.core.model.policy import ErrorHandling, IterationMode, Policy, WhenComplete
from batch_loop.core.model.prompt import Ending, Prompt, Saved
from batch_loop.core.model.records import MADE_SHOWN, Iteration, Snapshot
from batch_loop.core.model.result_names import ResultName
from batch_loop.core.model.selection import Selection
from batch_loop.core.sources.image_folder import ImageFolder
from batch_loop.core.store.memory import MemoryStore
from batch_loop.tests.support.fake_host import ByHand, FakeHost
from batch_loop.tests.support.waiting import wait_for

SKIP = Policy(error_handling=ErrorHandling.SKIP)


class Loop:
    """A registry, a host and a folder that is a list of names."""

    def __init__(
        self, *names: str, writes: Writes | None = None, poll: Poll = OutcomePoller
    ) -> None:
        self.host = FakeHost()
        self.names = list(names)
        self.listings = 0
        self.times: dict[str, float] = {}
        self.registry = LoopRegistry(
            MemoryStore(),
            self.host,
            ImageFolder(self._list, self._sight),
            writes,
            poll_outcomes=poll,
        )
        self.request = Request(LoopKey("", os.path.abspath("folder")), Selection())

    def _list(self, directory: str, selection: Selection, **_given: object) -> list[str]:  # noqa: ARG002
        self.listings += 1
        end = selection.start_index + selection.limit if selection.limit else None
        return self.names[selection.start_index : end]

    def _sight(self, path: str) -> float | None:
        name = os.path.basename(path)
        return self.times.get(name, 0.0) if name in self.names else None

    def acquire(self, prompt: Prompt | None = None, **changes: object) -> Iteration:
        return self.registry.acquire(replace(self.request, **changes), prompt or self.host.submit())

    def run(self, ending: Ending = Ending.SUCCESS, value: object = None, **changes: object) -> str:
        """One whole prompt; the path of its item, "" if there was none."""
        iteration = self.acquire(**changes)
        self.registry.end(iteration, value)
        self.host.finish(iteration.prompt, ending)
        return "" if iteration.item is None else iteration.item.path

    def run_all(self, **changes: object) -> list[str]:
        """Prompts until one has nothing to do; the paths in the order they were handed out."""
        return list(iter(partial(self.run, **changes), ""))

    def snapshot(self) -> Snapshot:
        return self.registry.snapshot(self.request.key.id)


@pytest.fixture
def loop() -> Loop:
    return Loop("a", "b", "c")


def test_each_item_is_handed_out_once_in_order(loop: Loop) -> None:
    assert loop.run_all() == ["a", "b", "c"]
    assert loop.snapshot().counts.done == 3
    assert loop.snapshot().complete


def test_a_listing_is_taken_once_and_again_with_the_last_image(loop: Loop) -> None:
    for listings in (1, 1, 2, 3):
        loop.run()  # the last one is on a complete batch
        assert loop.listings == listings


def test_a_folder_of_one_image_is_listed_once(loop: Loop) -> None:
    loop.names = ["a"]
    loop.run()
    assert loop.listings == 1


def test_a_loop_has_a_listing_under_the_selection_of_its_newest_run(loop: Loop) -> None:
    assert not loop.registry.has_listing(loop.request)
    loop.run()
    assert loop.registry.has_listing(loop.request)
    assert not loop.registry.has_listing(replace(loop.request, selection=Selection(limit=1)))


def test_one_prompt_is_always_given_one_item(loop: Loop) -> None:
    first = loop.acquire()
    assert loop.acquire(first.prompt).item == first.item
    loop.registry.end(first)
    assert loop.acquire(first.prompt).item.path == "a"


def test_two_prompts_with_the_same_id_are_told_apart(loop: Loop) -> None:
    first = loop.acquire(Prompt("same", 1.0))
    loop.registry.end(first)
    loop.host.finish(first.prompt)
    assert loop.acquire(Prompt("same", 2.0)).item.path == "b"


def test_an_item_is_done_only_once_its_prompt_has_succeeded(loop: Loop) -> None:
    iteration = loop.acquire()
    loop.registry.end(iteration)
    assert (loop.snapshot().counts.finishing, loop.snapshot().counts.done) == (1, 0)
    loop.host.finish(iteration.prompt)
    assert (loop.snapshot().counts.finishing, loop.snapshot().counts.done) == (0, 1)


@pytest.mark.parametrize("reach_end", [False, True])
@pytest.mark.parametrize("ending", [Ending.ERROR, Ending.STOPPED])
def test_with_stop_on_error_the_item_is_handed_out_again(
    loop: Loop, ending: Ending, *, reach_end: bool
) -> None:
    iteration = loop.acquire()
    if reach_end:
        loop.registry.end(iteration)
    loop.host.finish(iteration.prompt, ending)
    assert loop.run_all() == ["a", "b", "c"]


@pytest.mark.parametrize("reach_end", [False, True])
def test_with_skip_on_error_the_item_fails_and_says_why(loop: Loop, *, reach_end: bool) -> None:
    loop.run(policy=SKIP)
    iteration = loop.acquire(policy=SKIP)
    if reach_end:
        loop.registry.end(iteration)
    loop.host.finish(iteration.prompt, Ending.ERROR)
    assert loop.run_all(policy=SKIP) == ["c"]
    (failed,) = loop.snapshot().failures
    assert (failed.path, failed.attempts) == ("b", 1)
    assert (failed.failure.reason, failed.failure.node_type) == ("it broke", "TestRaise")
    assert (loop.snapshot().counts.done, loop.snapshot().counts.failed) == (2, 1)


def test_skip_on_error_makes_max_attempts(loop: Loop) -> None:
    policy = replace(SKIP, max_attempts=3)
    for path in ("a", "a", "a", "b"):
        assert loop.run(Ending.ERROR, policy=policy) == path
        full = loop.registry.full_snapshot(loop.request.key.id)
        (listed,) = loop.registry.overviews()
        assert (full.stopped_on, full.stopped, listed.stopped) == (None, False, False)
        assert standing_of(full).next is Next.GO


def test_an_interrupt_does_not_count_as_an_attempt(loop: Loop) -> None:
    for _ in range(3):
        assert loop.run(Ending.STOPPED, policy=SKIP) == "a"
    assert loop.snapshot().counts.failed == 0


def test_an_interrupt_pauses_at_once_what_else_runs_between_two_images(loop: Loop) -> None:
    success, stopped = (Ending.SUCCESS, "running"), (Ending.STOPPED, "paused")
    for ending, stands in (success, stopped, success):
        loop.run(ending)
        for told in (loop.snapshot(), *loop.registry.overviews()):
            assert told.ran_at is not None
            at_once = replace(told, told_at=told.ran_at)
            assert standing_of(at_once).stands.value == stands


def test_an_unreadable_file_is_skipped_in_the_same_prompt(loop: Loop) -> None:
    iteration = loop.acquire(policy=SKIP)
    loop.registry.reject(iteration, UnreadableImage("a is broken", "cut short"), "cut short")
    assert loop.acquire(iteration.prompt, policy=SKIP).item.path == "b"
    assert loop.snapshot().failures[0].failure.reason == "cut short"
    assert loop.snapshot().failures[0].failure.node_id is None


def test_with_stop_on_error_an_unreadable_file_fails_the_prompt(loop: Loop) -> None:
    for _ in range(2):
        iteration = loop.acquire()
        with pytest.raises(UnreadableImage, match="a is broken"):
            loop.registry.reject(iteration, UnreadableImage("a is broken", "cut"), "cut")
        loop.host.finish(iteration.prompt, Ending.ERROR)
    assert loop.run() == "a"


def test_after_two_missed_loop_ends_the_third_prompt_is_an_error(loop: Loop) -> None:
    for _ in range(2):
        loop.host.finish(loop.acquire().prompt)
    with pytest.raises(LoopEndNotReached, match=r"2 prompts in a row .* 'a'"):
        loop.acquire()
    assert loop.run_all() == ["a", "b", "c"]


def test_a_part_of_the_workflow_finishes_no_item_whatever_it_reaches(loop: Loop) -> None:
    part = replace(loop.request, without=("Save Image #9",))
    for ending in (Ending.SUCCESS, Ending.ERROR, Ending.SUCCESS, Ending.SUCCESS):
        iteration = loop.registry.acquire(part, loop.host.submit())
        assert iteration.item is not None
        assert iteration.item.path == "a"
        loop.registry.end(iteration, "carried")
        assert not loop.snapshot().complete
        loop.host.finish(iteration.prompt, ending)
        assert loop.snapshot().counts.pending == 3
    assert loop.acquire().carried.value is None


def test_one_iterator_in_a_partial_run_makes_the_prompt_partial(loop: Loop) -> None:
    prompt = loop.host.submit()
    whole = loop.registry.acquire(loop.request, prompt)
    loop.registry.end(whole)
    loop.registry.acquire(replace(loop.request, without=("Save Image #9",)), prompt)
    loop.host.finish(prompt)
    assert loop.snapshot().counts.done == 0


def test_one_missed_loop_end_costs_nothing(loop: Loop) -> None:
    for _ in range(3):
        loop.host.finish(loop.acquire().prompt)
        assert loop.run() != ""
    assert loop.snapshot().complete


def test_reset_starts_over_once_when_chosen_and_again_when_complete(loop: Loop) -> None:
    loop.run()
    assert [loop.run(mode=IterationMode.RESET) for _ in range(4)] == ["a", "b", "c", "a"]
    assert loop.snapshot().batch == 3


def test_reset_restarts_a_complete_batch_for_a_new_run_only() -> None:
    loop = Loop("a", "b")
    mode = IterationMode.RESET
    assert loop.run(mode=mode) == "a"
    waiting = loop.host.submit()
    assert loop.run(mode=mode) == "b"
    assert loop.acquire(waiting, mode=mode).complete
    assert loop.run(mode=mode) == "a"
    assert loop.run(mode=mode) == "b"


def test_reset_after_continue_counts_as_chosen_again(loop: Loop) -> None:
    loop.run(mode=IterationMode.RESET)
    loop.run()
    assert loop.run(mode=IterationMode.RESET) == "a"


def test_start_over_takes_effect_with_a_prompt_submitted_after_the_end() -> None:
    loop = Loop("a")
    policy = Policy(when_complete=WhenComplete.START_OVER)
    waiting = [loop.host.submit() for _ in range(2)]
    assert loop.acquire(waiting[0], policy=policy).item.path == "a"
    late = loop.host.submit()
    loop.registry.end(loop.acquire(waiting[0], policy=policy))
    loop.host.finish(waiting[0])
    assert loop.acquire(waiting[1], policy=policy).complete
    assert loop.acquire(late, policy=policy).complete
    assert loop.run(policy=policy) == "a"
    assert loop.snapshot().batch == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"policy": Policy(when_complete=WhenComplete.START_OVER)},
        {"mode": IterationMode.RESET},
    ],
)
def test_a_tab_that_missed_the_end_does_not_start_the_next_batch(changes: dict) -> None:
    loop = Loop("a", "b")
    for client in ("one", "two"):
        iteration = loop.acquire(loop.host.submit(client), **changes)
        loop.registry.end(iteration)
        loop.host.finish(iteration.prompt)
    # Tab two has seen the end. Tab one, whose Auto Queue is still on, is told of it first.
    assert loop.acquire(loop.host.submit("one"), **changes).complete
    assert loop.acquire(loop.host.submit("one"), **changes).item.path == "a"


def test_a_tab_with_reset_and_one_without_share_a_batch(loop: Loop) -> None:
    paths = []
    for client, mode in [("one", IterationMode.RESET), ("two", IterationMode.CONTINUE)] * 2:
        iteration = loop.acquire(loop.host.submit(client), mode=mode)
        loop.registry.end(iteration)
        loop.host.finish(iteration.prompt)
        paths.append(iteration.item.path if iteration.item else "")
    assert paths == ["a", "b", "c", ""]


def test_a_complete_batch_hands_out_nothing(loop: Loop) -> None:
    loop.run_all()
    for _ in range(3):
        assert loop.acquire().complete
    assert loop.snapshot().batch == 1


def test_the_route_starts_over(loop: Loop) -> None:
    loop.run_all()
    snapshot = loop.registry.start_over(loop.request.key.id)
    assert (snapshot.batch, snapshot.counts.pending) == (2, 3)
    assert loop.run_all() == ["a", "b", "c"]


def test_starting_over_during_a_prompt_discards_what_it_does(loop: Loop) -> None:
    iteration = loop.acquire()
    loop.registry.start_over(loop.request.key.id)
    loop.registry.end(iteration)
    loop.host.finish(iteration.prompt)
    assert loop.run_all() == ["a", "b", "c"]


def test_start_over_needs_a_loop_and_images(loop: Loop) -> None:
    with pytest.raises(UnknownLoop, match="run the workflow once"):
        loop.registry.start_over("no such id")
    loop.run()
    loop.names = []
    with pytest.raises(NoImages):
        loop.registry.start_over(loop.request.key.id)
    assert loop.snapshot().counts.done == 1


def test_files_that_come_and_go_shift_no_item(loop: Loop) -> None:
    assert loop.run() == "a"
    loop.names = ["0", "b", "c"]
    assert loop.run_all() == ["b", "c", "0"]
    assert loop.snapshot().counts.total == 4


def test_results_saved_into_the_folder_do_not_join_the_batch(loop: Loop) -> None:
    def run() -> bool:
        iteration = loop.acquire()
        if iteration.item is None:
            return False
        result = f"{iteration.item.path}_out"
        target = os.path.join(loop.request.key.directory, result)
        loop.registry.end(iteration)
        loop.names.append(result)
        if iteration.item.path == "a":
            loop.host.finish(iteration.prompt, Ending.SUCCESS, target)
        else:
            assert loop.registry.claim_outputs(iteration, [target]) == {target: Owner.NEW}
            loop.host.finish(iteration.prompt)
        return True

    loop.names = ["a", "b"]
    while run():
        pass
    assert loop.snapshot().counts.done == 2


@pytest.mark.parametrize("seconds", [-3600.0, 0.0, 3600.0])
def test_files_that_a_running_prompt_may_have_saved_do_not_join(loop: Loop, seconds: float) -> None:
    """Not yet: for the next run it is a file like any other, whatever its modification time."""
    loop.run()
    loop.run()
    for name in ("there before", "changed since", "gone since"):
        loop.names.append(name)
        loop.times[name] = loop.host.now() + seconds
    iteration = loop.acquire()
    loop.names.append("saved by c")
    for name in ("changed since", "saved by c"):
        loop.times[name] = loop.host.now() + seconds
    loop.names.remove("gone since")
    loop.registry.end(iteration)
    loop.host.finish(iteration.prompt)
    assert loop.snapshot().counts.pending == 1
    assert loop.run_all() == ["there before", "changed since", "saved by c"]


def test_a_file_that_came_before_the_last_image_was_tried_again_joins(loop: Loop) -> None:
    loop.run()
    loop.run()
    loop.host.finish(loop.acquire().prompt, Ending.ERROR)
    loop.names.append("d")
    assert loop.run() == "c"
    assert loop.snapshot().counts.pending == 1


def test_unreported_results_do_not_feed_the_loop_forever(loop: Loop) -> None:
    prompts = 0
    while iteration := loop.acquire():
        if iteration.complete:
            break
        prompts += 1
        loop.names.append(f"{iteration.item.path}_out")
        loop.registry.end(iteration)
        loop.host.finish(iteration.prompt)
        # Only a person's later Run adds them; Auto Queue has stopped by then.
        if loop.snapshot().complete:
            break
    assert prompts <= 6


def test_a_range_does_not_grow(loop: Loop) -> None:
    selection = Selection(start_index=1, limit=1)
    assert loop.run(selection=selection) == "b"
    loop.names.insert(0, "0")
    assert loop.acquire(selection=selection).complete


def test_new_files_join_a_complete_batch_at_the_next_run(loop: Loop) -> None:
    loop.run_all()
    waiting = loop.host.submit()
    assert loop.acquire().complete
    loop.names.append("d")
    assert loop.acquire(waiting).complete
    assert loop.run_all() == ["d"]


def test_another_selection_keeps_finished_items(loop: Loop) -> None:
    loop.run()
    loop.names = ["c", "b", "a"]
    assert loop.run_all(selection=Selection(descending=True)) == ["c", "b"]


def test_returning_to_a_selection_repeats_nothing(loop: Loop) -> None:
    few = Selection(limit=1)
    assert loop.run(selection=few) == "a"
    assert loop.run() == "b"
    assert loop.acquire(selection=few).complete
    assert loop.run_all() == ["c"]


def test_each_folder_and_each_name_has_its_own_position(loop: Loop) -> None:
    other = LoopKey("", os.path.abspath("other"))
    named = LoopKey("second", loop.request.key.directory)
    for key in (loop.request.key, other, named, loop.request.key, other):
        loop.run(key=key)
    assert [loop.run(key=key) for key in (loop.request.key, other, named)] == ["c", "c", "b"]


def test_a_value_is_carried_over_only_by_success(loop: Loop) -> None:
    loop.run(value="first")
    assert loop.acquire().carried.value == "first"
    loop.host.finish(loop.host.submit())
    for ending in (Ending.ERROR, Ending.STOPPED):
        iteration = loop.acquire()
        loop.host.finish(iteration.prompt, ending)
        iteration = loop.acquire()
        loop.registry.end(iteration, "lost")
        loop.host.finish(iteration.prompt, ending)
        assert loop.acquire().carried.value == "first"


def test_a_value_does_not_outlive_its_batch(loop: Loop) -> None:
    loop.run(value="old")
    loop.registry.start_over(loop.request.key.id)
    assert loop.acquire().carried.value is None


def test_what_is_made_of_all_results_is_known_as_long_as_their_batch(loop: Loop) -> None:
    iteration = loop.acquire()
    loop.registry.end(iteration)
    loop.host.finish(iteration.prompt)
    loop.snapshot()  # which notes how the prompt has ended
    revision = loop.registry.revision
    for node, paths in (("7", ["/a.mp4"]), ("8", ["/1.png", "/2.png"]), ("7", ["/b.mp4"])):
        loop.registry.note_made_of_all(iteration, node, paths)
    made = (("8", "/1.png", 0), ("8", "/2.png", 0), ("7", "/b.mp4", 0))
    assert loop.snapshot().made_of_all == made
    assert loop.registry.revision == revision  # what was made of it is made again of nothing else
    loop.registry.start_over(loop.request.key.id)
    loop.registry.note_made_of_all(iteration, "7", ["/late.mp4"])
    assert loop.snapshot().made_of_all == ()
    assert loop.registry.undo_start_over(loop.request.key.id).made_of_all == made


def test_of_very_much_that_a_node_makes_the_first_is_kept_and_the_rest_counted(loop: Loop) -> None:
    iteration = loop.acquire()
    films = [f"/{number}.mp4" for number in range(10_000)]
    loop.registry.note_made_of_all(iteration, "7", films)
    loop.registry.note_made_of_all(iteration, "8", films[:MADE_SHOWN])
    made = loop.snapshot().made_of_all
    assert [each.path for each in made] == films[:MADE_SHOWN] * 2
    assert [each.more for each in made if each.more] == [10_000 - MADE_SHOWN]
    assert made[MADE_SHOWN - 1].more == 10_000 - MADE_SHOWN


def test_iterations_count_and_know_the_first_and_the_last(loop: Loop) -> None:
    seen = []
    for _ in range(3):
        iteration = loop.acquire()
        seen.append((iteration.number, iteration.is_first, iteration.is_last))
        loop.registry.end(iteration)
        loop.host.finish(iteration.prompt)
    assert seen == [(0, True, False), (1, False, False), (2, False, True)]


def test_every_change_raises_the_revision(loop: Loop) -> None:
    revisions = [loop.registry.revision]

    def raised() -> bool:
        revisions.append(loop.registry.revision)
        return revisions[-1] > revisions[-2]

    iteration = loop.acquire()
    assert raised()
    loop.registry.end(iteration)
    assert raised()
    loop.host.finish(iteration.prompt)
    loop.snapshot()
    assert raised()
    loop.registry.start_over(loop.request.key.id)
    assert raised()
    loop.snapshot()
    assert not raised()


def test_the_poller_reconciles_without_another_prompt(loop: Loop) -> None:
    iteration = loop.acquire()
    loop.registry.end(iteration)
    before = loop.registry.revision
    loop.host.finish(iteration.prompt)
    wait_for(lambda: loop.registry.revision > before, "the poller to reconcile the item")


def test_the_poller_stops_when_nothing_is_waiting() -> None:
    loop = Loop("a", poll=ByHand)
    loop.registry.end(iteration := loop.acquire())
    assert loop.registry.reconcile_all() is True
    loop.host.finish(iteration.prompt)
    assert loop.registry.reconcile_all() is False


def test_a_loop_that_cannot_be_reconciled_holds_up_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loop = Loop("a", poll=ByHand)
    odd, plain = (Request(LoopKey(name, "/folder"), Selection()) for name in ("odd", "plain"))
    prompts = {}
    for request in (odd, plain):
        prompts[request.key] = prompt = loop.host.submit()
        loop.registry.end(loop.registry.acquire(request, prompt))
        loop.host.finish(prompt)

    def saved(prompt: Prompt) -> tuple[Saved, ...]:
        if prompt == prompts[odd.key]:
            raise ZeroDivisionError
        return ()

    with monkeypatch.context() as broken:
        broken.setattr(loop.host, "saved", saved)
        with pytest.raises(ZeroDivisionError):
            loop.registry.reconcile_all()
        assert loop.registry.snapshot(plain.key.id).counts.done == 1
    assert loop.registry.reconcile_all() is False
    assert loop.registry.snapshot(odd.key.id).counts.done == 1


def test_two_results_with_one_name_are_told_apart(loop: Loop) -> None:
    first = loop.acquire()
    assert loop.registry.claim_outputs(first, ["/out/x.png"]) == {"/out/x.png": Owner.NEW}
    assert loop.registry.claim_outputs(first, ["/out/x.png"]) == {"/out/x.png": Owner.SAME}
    loop.registry.end(first)
    loop.host.finish(first.prompt)
    second = loop.acquire()
    assert loop.registry.claim_outputs(second, ["/out/x.png"]) == {"/out/x.png": Owner.OTHER}
    source = os.path.join(loop.request.key.directory, "c")
    assert loop.registry.claim_outputs(second, [source]) == {source: Owner.SOURCE}


@pytest.mark.parametrize("source", [VIDEOS, AUDIO])
def test_no_result_takes_the_place_of_a_video_or_sound(loop: Loop, source: str) -> None:
    loop.request = replace(loop.request, key=replace(loop.request.key, source=source))
    file = os.path.join(loop.request.key.directory, "b")
    assert loop.registry.claim_outputs(loop.acquire(), [file]) == {file: Owner.SOURCE}


def test_files_are_claimed_together_or_not_at_all(loop: Loop) -> None:
    first = loop.acquire()
    loop.registry.claim_outputs(first, ["/out/x.txt"])
    loop.registry.end(first)
    loop.host.finish(first.prompt)
    second = loop.acquire()
    files = ["/out/x.jpg", "/out/x.txt"]
    owners = {"/out/x.jpg": Owner.NEW, "/out/x.txt": Owner.OTHER}
    assert loop.registry.claim_outputs(second, files) == owners
    assert loop.registry.claim_outputs(second, files) == owners
    assert loop.registry.claim_outputs(second, files[:1]) == {"/out/x.jpg": Owner.NEW}
    assert loop.registry.claim_outputs(second, files[:1]) == {"/out/x.jpg": Owner.SAME}


def test_a_file_that_must_be_kept_is_not_claimed(loop: Loop) -> None:
    iteration = loop.acquire()
    for _ in range(2):
        owners = loop.registry.claim_outputs(iteration, ["/out/x.png"], kept=["/out/x.png"])
        assert owners == {"/out/x.png": Owner.BEFORE}
    loop.registry.claim_outputs(iteration, ["/out/x.png"])
    owners = loop.registry.claim_outputs(iteration, ["/out/x.png"], kept=["/out/x.png"])
    assert owners == {"/out/x.png": Owner.SAME}


def test_an_existing_file_that_was_only_shown_is_not_an_own_result(loop: Loop) -> None:
    file = "/out/x.png"
    for ending in (Ending.ERROR, Ending.SUCCESS):
        iteration = loop.acquire()
        assert loop.registry.claim_outputs(iteration, [file], kept=[file]) == {file: Owner.BEFORE}
        loop.registry.end(iteration)
        loop.host.finish(iteration.prompt, ending, file)
    _, items = loop.registry.report(loop.request.key.id)
    assert items[0][1] == (file,)


def test_an_empty_listing_says_what_was_looked_for() -> None:
    loop = Loop()
    with pytest.raises(NoImages, match="All images matches no file"):
        loop.acquire()
    with pytest.raises(NoImages, match="start_index 5 with limit 0"):
        loop.acquire(selection=Selection(start_index=5))


def test_threads_never_get_the_same_item() -> None:
    names = [f"{number:03}" for number in range(200)]
    loop = Loop(*names)
    taken: list[str] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            while True:
                iteration = loop.acquire()
                if iteration.item is None:
                    return
                loop.registry.end(iteration)
                loop.host.finish(iteration.prompt)
                taken.append(iteration.item.path)
        except BaseException as error:
            errors.append(error)
            raise

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert sorted(taken) == names
    assert loop.snapshot().counts.done == 200


def test_chronology_may_be_asked_while_a_listing_begins(loop: Loop) -> None:
    """A listing notes when it began outside of any transaction, so during any question."""
    key, moments = loop.request.key, Moments(loop.host)
    for _ in range(3):
        moments.note(key, LOOK)

    class Meanwhile(float):
        def __rsub__(self, other: float) -> float:
            moments.note(key, LOOK)
            return other - float(self)

    assert moments.is_before(key, LOOK, Meanwhile(2.0), loop.host.submit())


def test_a_source_in_another_spelling_is_recognised_in_the_present_listing(
    loop: Loop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a folder that ignores case, even if as many files are listed as before.

    The name is one that only a custom pattern lists.
    """
    monkeypatch.setattr(spelling, "_folds", lambda *_place: True)
    loop.request = replace(loop.request, key=LoopKey("", str(tmp_path.resolve())))
    target = tmp_path.resolve() / "img.heic"
    target.touch()
    loop.names = ["other.png"]
    first = loop.acquire()
    assert loop.registry.claim_outputs(first, [str(target)]) == {str(target): Owner.NEW}
    loop.names = ["IMG.heic"]
    second = loop.acquire(selection=Selection(descending=True))
    assert loop.registry.claim_outputs(second, [str(target)]) == {str(target): Owner.SOURCE}


def test_what_a_prompt_would_be_given_is_expected_and_nothing_is_claimed(loop: Loop) -> None:
    assert loop.registry.expected(loop.request) == "a"
    with pytest.raises(UnknownLoop):
        loop.snapshot()
    assert loop.run() == "a"
    before = loop.snapshot()
    assert loop.registry.expected(loop.request) == "b"
    assert loop.snapshot() == before
    second = loop.acquire()
    assert loop.registry.expected(loop.request) == "c"
    loop.host.finish(second.prompt, Ending.STOPPED)
    assert loop.run_all() == ["b", "c"]
    # Whether that begins another batch is for the prompt to decide.
    assert loop.registry.expected(loop.request) is None


def test_of_a_prompt_that_lists_the_folder_anew_nothing_is_expected(loop: Loop) -> None:
    loop.run()
    assert loop.registry.expected(replace(loop.request, selection=Selection(limit=2))) is None
    listings = loop.listings
    other = replace(loop.request, key=LoopKey("other", os.path.abspath("folder")))
    named = replace(Selection(), finished=(ResultName("folder", "stem"),))
    assert loop.registry.expected(replace(other, selection=named)) is None
    assert loop.listings == listings


def test_a_folder_that_takes_long_to_read_is_not_read_just_to_expect_something() -> None:
    loop = Loop("a")
    asked: list[None] = []

    def lists_for_ever(
        _directory: str,
        _selection: Selection,
        *,
        going_on: Callable[[], object],
        **_given: object,
    ) -> list[str]:
        while True:
            asked.append(None)
            going_on()

    registry = LoopRegistry(
        MemoryStore(), loop.host, ImageFolder(lists_for_ever, loop._sight), poll_outcomes=ByHand
    )
    assert registry.expected(loop.request) is None
    assert asked


def test_what_another_prompt_took_meanwhile_is_not_expected() -> None:
    loop = Loop("a", "b")

    def lists_while_another_runs(*_given: object, **_more: object) -> list[str]:
        other.acquire(loop.request, loop.host.submit())
        return ["a", "b"]

    store = MemoryStore()
    other = LoopRegistry(
        store, loop.host, ImageFolder(loop._list, loop._sight), poll_outcomes=ByHand
    )
    registry = LoopRegistry(
        store, loop.host, ImageFolder(lists_while_another_runs, loop._sight), poll_outcomes=ByHand
    )
    assert registry.expected(loop.request) == "b"
