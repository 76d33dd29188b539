"""What a page asks and tells the registry, to show a batch and to control it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from batch_loop.core.common.errors import (
    LoopForgotten,
    NotNow,
    UnknownItem,
    UnknownLoop,
    UnreadableImage,
)
from batch_loop.core.engine.registry import LoopRegistry
from batch_loop.core.model.background_writes import Turn
from batch_loop.core.model.if_exists import Owner
from batch_loop.core.model.items import ItemState
from batch_loop.core.model.loop_key import LoopKey
from batch_loop.core.model.prompt import Ending, Failure
from batch_loop.core.model.records import Snapshot
from batch_loop.core.model.selection import Selection
from batch_loop.core.sources.image_folder import ImageFolder
from batch_loop.core.store.databases.sqlite_store import CARRIED, open_store
from batch_loop.tests.support.background import FakeWrites
from batch_loop.tests.unit.engine.test_registry import SKIP, Loop


@pytest.fixture
def loop() -> Loop:
    return Loop("a", "b", "c")


def full(loop: Loop) -> Snapshot:
    return loop.registry.full_snapshot(loop.request.key.id)


def skip(loop: Loop, path: str) -> Snapshot:
    return loop.registry.skip(loop.request.key.id, path)


def forget(loop: Loop) -> None:
    loop.registry.forget(loop.request.key.id)


# When it ran, and what is under way.


def test_a_loop_ran_when_an_image_was_handed_out_and_when_it_was_reconciled(loop: Loop) -> None:
    iteration = loop.acquire()
    assert iteration.item is not None
    assert iteration.item.claim is not None
    assert loop.snapshot().ran_at == iteration.item.claim.since
    loop.registry.end(iteration)
    assert loop.snapshot().ran_at == iteration.item.claim.since
    loop.host.finish(iteration.prompt)
    reconciled_at = loop.snapshot().ran_at
    assert reconciled_at is not None
    assert reconciled_at > iteration.item.claim.since
    assert loop.snapshot().ran_at == reconciled_at


def test_it_ran_until_its_prompt_ended_however_late_somebody_looks(loop: Loop) -> None:
    first, second = loop.acquire(), loop.acquire()
    assert second.item is not None
    assert second.item.claim is not None
    since = second.item.claim.since
    loop.host.finish_at(first.prompt, since - 0.5)
    assert loop.snapshot().ran_at == since
    loop.host.finish_at(second.prompt, since + 0.25)
    snapshot = loop.snapshot()
    assert snapshot.ran_at == since + 0.25


def test_an_image_lost_in_a_crash_does_not_count_as_a_run(loop: Loop) -> None:
    iteration = loop.acquire()
    before = loop.snapshot().ran_at
    loop.host.crash()
    assert loop.snapshot().counts.pending == 3
    assert (loop.snapshot().ran_at, iteration.complete) == (before, False)


def test_looking_and_starting_over_do_not_count_as_runs(loop: Loop) -> None:
    loop.run_all()
    before = loop.snapshot().ran_at
    assert loop.run() == ""
    loop.registry.retry_failed(loop.request.key.id)
    assert loop.registry.start_over(loop.request.key.id).ran_at == before


def test_an_unreadable_image_counts_as_a_run(loop: Loop) -> None:
    iteration = loop.acquire(policy=SKIP)
    before = loop.snapshot().ran_at
    loop.registry.reject(iteration, UnreadableImage("it is broken", "broken"), "broken")
    after = loop.snapshot().ran_at
    assert before is not None
    assert after is not None
    assert after > before


def test_the_loop_that_ran_last_is_listed_first(loop: Loop) -> None:
    keys = [loop.request.key, type(loop.request.key)("second", loop.request.key.directory)]
    for newest in (0, 1, 0):
        loop.request = type(loop.request)(keys[newest], Selection())
        loop.run()
        assert loop.registry.overviews()[0].id == keys[newest].id


def test_images_under_way_are_listed_newest_first() -> None:
    loop = Loop(*"abcdefg")
    assert loop.run() == "a"
    first = loop.acquire()
    for _ in range(5):
        loop.acquire()
    loop.registry.end(first)
    current = loop.snapshot().current
    assert [item.path for item in current] == ["g", "f", "e", "d"]
    since = [item.claim.since for item in current if item.claim]
    assert since == sorted(since, reverse=True)
    assert {item.state for item in current} == {ItemState.RUNNING}


def test_an_image_whose_results_are_being_written_is_under_way(loop: Loop) -> None:
    iteration = loop.acquire()
    loop.registry.end(iteration)
    (item,) = loop.snapshot().current
    assert (item.path, item.state) == ("a", ItemState.FINISHING)
    loop.host.finish(iteration.prompt)
    assert loop.snapshot().current == ()


# Skipping.


def test_a_stopped_run_says_on_which_image(loop: Loop) -> None:
    assert loop.run() == "a"
    assert full(loop).stopped_on is None
    loop.run(Ending.ERROR)
    stopped_on = full(loop).stopped_on
    assert stopped_on is not None
    assert (stopped_on.path, stopped_on.index, stopped_on.attempts) == ("b", 1, 1)
    assert stopped_on.failure is not None
    assert (stopped_on.failure.reason, stopped_on.failure.node_id) == ("it broke", "7")
    again = loop.acquire()
    assert full(loop).stopped_on is None
    loop.host.finish(again.prompt, Ending.STOPPED)
    assert full(loop).stopped_on is not None


def test_the_image_that_a_run_stopped_on_can_be_skipped(loop: Loop) -> None:
    loop.run(Ending.ERROR)
    revision = loop.registry.revision
    snapshot = skip(loop, "a")
    assert loop.registry.revision > revision
    assert snapshot.stopped_on is None
    (failed,) = snapshot.failures
    assert (failed.path, failed.attempts) == ("a", 1)
    assert failed.failure is not None
    assert failed.failure.reason == "it broke"
    assert loop.run_all() == ["b", "c"]
    assert loop.snapshot().complete
    assert loop.registry.retry_failed(loop.request.key.id).counts.pending == 1
    assert loop.run() == "a"


def test_skipping_the_last_image_completes_the_batch() -> None:
    loop = Loop("a")
    loop.run(Ending.ERROR)
    assert skip(loop, "a").complete
    assert loop.run() == ""


@pytest.mark.parametrize("path", ["a", "b", "c", "none", "", "../a"])
def test_no_other_image_can_be_skipped(loop: Loop, path: str) -> None:
    loop.run()
    if path != "b":
        loop.run(Ending.ERROR)
    before = full(loop)
    with pytest.raises(NotNow, match="was not skipped"):
        skip(loop, path)
    assert full(loop) == before


def test_an_image_that_is_being_retried_cannot_be_skipped(loop: Loop) -> None:
    loop.run(Ending.ERROR)
    loop.acquire()
    with pytest.raises(NotNow, match="worked on again"):
        skip(loop, "a")


def test_after_skipping_an_unwritable_result_it_is_not_reported_again() -> None:
    loop = Loop("a", "b", "c", writes=(writes := FakeWrites()))
    iteration = loop.acquire()
    turn = Turn(loop.request.key.id, "a", iteration.prompt)
    writes.begin(turn)
    loop.registry.end(iteration)
    loop.host.finish(iteration.prompt)
    writes.end(turn, Failure("the disk is full"))
    assert full(loop).stopped_on is not None
    skip(loop, "a")
    assert loop.run() == "b"


# Forgetting.


def test_a_forgotten_loop_is_like_one_that_never_ran(loop: Loop) -> None:
    loop.run(value="carried")
    loop.run(Ending.ERROR, policy=SKIP)
    forget(loop)
    for ask in (full, forget, lambda loop: skip(loop, "a")):
        with pytest.raises(UnknownLoop):
            ask(loop)
    assert loop.registry.overviews() == []
    again = loop.acquire()
    assert again.item is not None
    assert (again.item.path, again.batch, again.carried.value) == ("a", 1, None)


def test_a_loop_at_work_is_not_forgotten(loop: Loop) -> None:
    iteration = loop.acquire()
    with pytest.raises(NotNow, match="works on"):
        forget(loop)
    loop.registry.end(iteration)
    with pytest.raises(NotNow):
        forget(loop)
    loop.host.finish(iteration.prompt)
    forget(loop)


def test_a_loop_is_at_rest_once_its_prompts_have_ended_though_started_over(loop: Loop) -> None:
    loop_id = loop.request.key.id
    iteration = loop.acquire()
    for _ in range(2):
        loop.registry.start_over(loop_id)
        with pytest.raises(NotNow, match="works on"):
            loop.registry.check_at_rest(loop_id)
    loop.host.finish(iteration.prompt)
    loop.registry.check_at_rest(loop_id)
    forget(loop)
    with pytest.raises(UnknownLoop):
        loop.registry.check_at_rest(loop_id)


def test_what_was_queued_before_its_loop_was_forgotten_begins_nothing(loop: Loop) -> None:
    loop.run()
    waits, without_a_clock = loop.host.submit(), replace(loop.host.submit(), steady=None)
    forget(loop)
    for prompt in (waits, without_a_clock):
        with pytest.raises(LoopForgotten, match="forgotten after this run was queued"):
            loop.registry.acquire(loop.request, prompt)
    with pytest.raises(UnknownLoop):
        loop.snapshot()
    assert loop.run_all() == ["a", "b", "c"]


def test_what_was_queued_before_takes_nothing_of_the_batch_that_has_begun_since(loop: Loop) -> None:
    loop.run()
    waits = loop.host.submit()
    forget(loop)
    assert loop.run() == "a"
    with pytest.raises(LoopForgotten, match="forgotten after this run was queued"):
        loop.registry.acquire(loop.request, waits)
    assert loop.run_all() == ["b", "c"]


def test_a_prompt_whose_time_nobody_knows_begins_a_forgotten_loop_again(loop: Loop) -> None:
    loop.run()
    forget(loop)
    timeless = replace(loop.host.submit(), steady=None, submitted_at=0.0)
    assert loop.registry.acquire(loop.request, timeless).item is not None


@pytest.mark.parametrize("ask", [forget, lambda loop: skip(loop, "b")])
def test_a_refusal_keeps_what_it_has_found_done(loop: Loop, ask: Callable[[Loop], object]) -> None:
    loop.acquire()
    ended = loop.acquire()
    loop.registry.end(ended)
    loop.host.finish(ended.prompt)
    revision = loop.registry.revision
    with pytest.raises(NotNow):
        ask(loop)
    assert loop.registry.revision > revision, "the change is kept, and told"


def test_a_prompt_outlives_its_loop(loop: Loop) -> None:
    iteration = loop.acquire()
    loop.registry.start_over(loop.request.key.id)
    forget(loop)
    assert loop.registry.claim_outputs(iteration, ["/out/a"]) == {"/out/a": Owner.NEW}
    loop.registry.end(iteration, "value")
    loop.registry.finish_earlier(iteration)
    loop.host.finish(iteration.prompt)
    assert not loop.registry.reconcile_all()
    assert loop.run() == "a"
    assert loop.acquire().carried.value is None


def test_a_carried_value_s_file_is_deleted_with_its_loop(tmp_path: Path) -> None:
    loop = Loop("a", "b")
    loop.registry = LoopRegistry(
        open_store(str(tmp_path)), loop.host, ImageFolder(loop._list, loop._sight)
    )
    loop.run(value="kept")
    loop.snapshot()
    assert len(list((tmp_path / CARRIED).iterdir())) == 1
    forget(loop)
    assert list((tmp_path / CARRIED).iterdir()) == []


# Pages, and files.


def test_a_page_says_how_many_items_there_are() -> None:
    loop = Loop(*"abcdefg")
    loop.run()
    for _ in range(3):
        loop.run(Ending.ERROR, policy=SKIP)
    page = loop.registry.page(loop.request.key.id, 2, 3)
    assert (page.total, page.start) == (7, 2)
    assert [(item.path, item.index, item.state.value) for item, _ in page.items] == [
        ("c", 2, "failed"),
        ("d", 3, "failed"),
        ("e", 4, "pending"),
    ]
    failed = loop.registry.page(loop.request.key.id, 1, 5, failed=True)
    assert (failed.total, failed.start) == (3, 1)
    assert [item.path for item, _ in failed.items] == ["c", "d"]


def test_only_an_item_s_own_files_are_given(loop: Loop) -> None:
    iteration = loop.acquire()
    loop.registry.claim_outputs(iteration, ["/out/2.png"])
    loop.registry.claim_outputs(iteration, ["/out/1.png"])
    loop_id = loop.request.key.id
    assert loop.registry.file_of(loop_id, "b").endswith("folder/b")
    assert loop.registry.file_of(loop_id, "a", 0) == "/out/1.png"
    assert loop.registry.file_of(loop_id, "a", 1) == "/out/2.png"
    for path, output in (("a", 2), ("a", -1), ("b", 0)):
        with pytest.raises(UnknownItem, match="results of this item"):
            loop.registry.file_of(loop_id, path, output)
    for path in ("none", "", ".", "../folder/a", "/etc/passwd", "a/"):
        with pytest.raises(UnknownItem, match="no such item"):
            loop.registry.file_of(loop_id, path)


def test_an_item_s_results_are_in_natural_order(loop: Loop) -> None:
    iteration = loop.acquire()
    names = ["/out/a_1.png", "/out/a_2.png", "/out/a_10.png", "/out/b_3.png"]
    for name in reversed(names):
        loop.registry.claim_outputs(iteration, [name])
    _, results = loop.registry.files_of(loop.request.key.id, "a")
    assert list(results) == names


def test_a_preview_changes_nothing(loop: Loop) -> None:
    key, selection = loop.request.key, Selection(limit=2)
    assert loop.registry.preview(key, selection) == (False, ["a", "b"])
    assert loop.registry.overviews() == []
    loop.run()
    before, revision = full(loop), loop.registry.revision
    loop.names.append("d")
    assert loop.registry.preview(key, Selection()) == (True, ["a", "b", "c", "d"])
    assert (full(loop), loop.registry.revision) == (before, revision)


def test_what_a_run_adds_to_a_complete_batch_is_known_where_it_is_certain(loop: Loop) -> None:
    key, selection = loop.request.key, Selection()

    def joining(selection: Selection) -> int:
        return loop.registry.joining(key, selection, loop.registry.preview(key, selection)[1])

    assert joining(selection) == 0
    loop.run()
    loop.names.append("d")
    assert joining(selection) == 0
    loop.names.remove("d")
    for _ in range(2):
        loop.run()
    loop.names.remove("a")
    loop.names.extend(["d", "e"])
    assert joining(selection) == 2
    assert joining(Selection(limit=9)) == joining(Selection(recursive=True)) == 0
    loop.run()
    assert joining(selection) == 0


def test_of_a_text_that_is_edited_what_is_known_is_not_new(loop: Loop) -> None:
    key = loop.request.key

    def typed(text: str) -> Selection:
        return Selection(options=(("header", "none"), ("text", text)))

    def joining(selection: Selection) -> int:
        return loop.registry.joining(key, selection, loop.registry.preview(key, selection)[1])

    loop.request = replace(loop.request, selection=typed("a b c"))
    for _ in range(4):
        loop.run()
    assert full(loop).complete
    loop.names.remove("a")
    loop.names.extend(["d", "e"])
    assert joining(typed("b c d e")) == 2
    more = [f"more {number}" for number in range(2_000)]
    loop.names.extend(more)
    assert joining(typed("b c d e and more")) == 2 + len(more)
    del loop.names[-len(more) :]
    # In a table that is read in another way, all rows may be others.
    assert joining(Selection(options=(("text", "b c d e"),))) == 0
    loop.request = replace(loop.request, selection=typed("b c d e"))
    for _ in range(3):
        loop.run()
    assert full(loop).complete
    loop.names.append("a")
    # It was done before it was taken out of the text.
    assert joining(typed("b c d e a")) == 0


# What others do meanwhile.


def skip_a(loop: Loop) -> Snapshot:
    return skip(loop, "a")


def retry(loop: Loop) -> Snapshot:
    return loop.registry.retry_failed(loop.request.key.id)


def start_over(loop: Loop) -> Snapshot:
    return loop.registry.start_over(loop.request.key.id)


@pytest.mark.parametrize("ask", [skip_a, retry, start_over])
def test_a_loop_that_is_forgotten_meanwhile_is_unknown(
    loop: Loop, monkeypatch: pytest.MonkeyPatch, ask: Callable[[Loop], Snapshot]
) -> None:
    loop.run(Ending.ERROR)
    group = loop.registry._group

    def then_forget(loop_id: str) -> list[LoopKey]:
        found = group(loop_id)
        loop.registry.forget(loop_id)
        return found

    monkeypatch.setattr(loop.registry, "_group", then_forget)
    with pytest.raises(UnknownLoop):
        ask(loop)
    assert loop.registry.overviews() == []


def test_what_joins_can_be_asked_of_a_batch_that_is_forgotten_meanwhile(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, contents = loop.request.key, loop.registry._contents
    unknown = contents.unknown

    def then_forget(*asked: Any) -> tuple[Sequence[str], Collection[str]]:
        found = unknown(*asked)
        forget(loop)
        return found

    loop.request = replace(loop.request, selection=Selection(options=(("text", "a b c"),)))
    for _ in range(4):
        loop.run()
    monkeypatch.setattr(contents, "unknown", then_forget)
    edited = Selection(options=(("text", "a b c d"),))
    assert loop.registry.joining(key, edited, ["a", "b", "c", "d"]) == 1
    assert loop.registry.overviews() == []
    assert not loop.registry.are_done(key, ["a"])


@pytest.mark.parametrize("ask", [skip_a, retry, start_over])
def test_what_is_asked_of_a_pair_is_done_without_one_that_is_forgotten_meanwhile(
    loop: Loop, monkeypatch: pytest.MonkeyPatch, ask: Callable[[Loop], Snapshot]
) -> None:
    other = replace(loop.request, key=LoopKey("other", loop.request.key.directory))
    prompt = loop.host.submit()
    loop.registry.acquire(loop.request, prompt, [other])
    loop.host.finish(prompt, Ending.ERROR)
    group = loop.registry._group

    def then_forget(loop_id: str) -> list[LoopKey]:
        found = group(loop_id)
        loop.registry._transactions.run(partial(loop.registry._forget_now, other.key))
        return found

    monkeypatch.setattr(loop.registry, "_group", then_forget)
    assert ask(loop).id == loop.request.key.id
    assert [one.id for one in loop.registry.overviews()] == [loop.request.key.id]


def test_starting_over_finds_out_first_which_results_are_whole(loop: Loop) -> None:
    iteration = loop.acquire()
    loop.registry.claim_outputs(iteration, ["/out/a.png"])
    loop.registry.end(iteration)
    loop.host.finish(iteration.prompt)
    start_over(loop)
    (known,) = loop.registry._store.outside.written_below("/out")
    assert known.whole
