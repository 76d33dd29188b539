"""Reports of several servers on one batch are combined."""

from __future__ import annotations

from typing import Any

import pytest

from batch_loop.batch_loop_cli.progress import Progress, says_stop, stops_the_run


def said(kind: str, done: int, **more: Any) -> dict[str, Any]:
    told = {"kind": kind, "loop": "a", "done": done, "failed": 0, "total": 9}
    return {**told, **({"filename": ""} if kind == "iteration" else {}), **more}


def test_figures_never_go_backwards() -> None:
    progress = Progress()
    for done, failed in ((3, 0), (2, 0), (3, 1), (3, 0)):
        progress.note(said("progress", done, failed=failed))
    assert (progress.done, progress.failed, progress.total) == (3, 1, 9)


def test_each_loop_has_its_own_figures() -> None:
    progress = Progress()
    progress.note(said("progress", 5))
    progress.note(said("progress", 1, loop="b", total=2))
    assert (progress.loop, progress.done, progress.total) == ("b", 1, 2)


def test_the_image_shown_is_the_newest_of_any_server() -> None:
    progress = Progress()
    progress.note(said("iteration", 3, filename="d.png"))
    progress.note(said("iteration", 2, filename="e.png"))
    # A server that has nothing left to take.
    progress.note(said("iteration", 3))
    assert progress.filename == "e.png"


@pytest.mark.parametrize("why", [{"is_over": True}, {"problem": "broken"}, {"is_given_up": True}])
def test_the_batch_ends_when_end_queue_says_stop(why: dict[str, Any]) -> None:
    assert not Progress().ends
    assert Progress(**why).ends


def test_what_says_nothing_of_how_far_a_batch_is_changes_no_figure() -> None:
    progress = Progress()
    progress.note(said("progress", 3))
    progress.note({"kind": "film_changed", "loop": "other"})
    assert (progress.loop, progress.done) == ("a", 3)


def test_end_queue_s_verdict_counts_only_once_its_prompt_has_ended() -> None:
    progress = Progress()
    progress.note({"kind": "end_queue", "next": "stop"})
    assert not progress.ends


@pytest.mark.parametrize("last", ["stop", "watch"])
def test_a_loop_without_end_queue_speaks_for_itself(last: str) -> None:
    begun = {"kind": "iteration", "loop": "a", "next": "go", "decides": True}
    ended = {"kind": "progress", "loop": "a", "next": last}
    other = {**begun, "loop": "b"}
    verdict = {"kind": "end_queue", "next": "stop", "of_batch": True}
    assert not says_stop([begun])
    assert says_stop([begun, ended])
    assert not says_stop([begun, {**ended, "next": "wait"}])
    assert not says_stop([begun, ended, other])
    assert not says_stop([begun, verdict])
    assert says_stop([begun, ended, verdict])
    assert says_stop([{**begun, "next": last}])
    # Where End Queue decides, the loop itself does not.
    assert not says_stop([{**begun, "decides": False}, ended])


@pytest.mark.parametrize(
    ("said", "stops"),
    [
        ([], False),
        ([(True, None)], True),
        ([(True, True)], True),
        ([(True, True), (False, True)], False),
        ([(True, True), (True, True)], True),
        ([(False, True), (True, False)], True),
        ([(True, None), (False, None)], True),
    ],
)
def test_the_first_of_two_batches_to_complete_does_not_end_the_other(
    said: list[tuple[bool, bool | None]], *, stops: bool
) -> None:
    verdicts = [
        {"kind": "end_queue", "next": "stop" if stop else "go", "of_batch": which}
        for stop, which in said
    ]
    assert says_stop(verdicts) is stops


@pytest.mark.parametrize(
    ("following", "of_batch", "stops"),
    [("stop", False, True), ("stop", None, True), ("stop", True, False), ("go", False, False)],
)
def test_only_an_end_queue_that_depends_on_more_than_the_batch_stops_the_run(
    following: str, *, of_batch: bool | None, stops: bool
) -> None:
    verdict = {"kind": "end_queue", "next": following, "of_batch": of_batch}
    assert stops_the_run([said("progress", 1, next="stop"), verdict]) is stops
