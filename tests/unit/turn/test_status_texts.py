"""Texts about a loop's state."""

from __future__ import annotations

from dataclasses import replace

from batch_loop.core.model.items import Counts, Item, ItemState
from batch_loop.core.model.loop_key import LoopKey
from batch_loop.core.model.prompt import Failure, Prompt
from batch_loop.core.model.records import Iteration, Snapshot
from batch_loop.core.turn.status_texts import handed_out, progress, report

KEY = LoopKey("", "/folder")


def snapshot(counts: Counts, *failures: Item) -> Snapshot:
    return Snapshot(KEY.id, "", "/folder", 1, counts, failures=failures)


def failed(path: str, failure: Failure | None, attempts: int = 1) -> Item:
    return Item(path, 0, ItemState.FAILED, attempts=attempts, failure=failure)


def test_a_status_says_what_was_handed_out() -> None:
    item = Item("sub/img3.png", 2, ItemState.RUNNING)
    iteration = Iteration(KEY, Prompt("p", 0.0), 1, Counts(pending=4, running=1, done=2), item)
    assert handed_out(iteration) == "3 of 7: sub/img3.png"


def test_a_status_says_why_nothing_was_handed_out() -> None:
    iteration = Iteration(KEY, Prompt("p", 0.0), 1, Counts(done=6, failed=1))
    assert handed_out(iteration) == "Complete: 6 of 7 done, 1 failed"


def test_progress_includes_the_asking_prompt_s_image() -> None:
    assert progress(snapshot(Counts(pending=1, finishing=1, done=1))) == "2 of 3 done"
    assert progress(snapshot(Counts(finishing=1, done=2))) == "Complete: 3 of 3 done"


def test_a_report_gives_each_failure_s_node_reason_and_attempts() -> None:
    failures = [
        failed("a.png", Failure("out of memory", "7", "KSampler"), attempts=3),
        failed("b.png", Failure("the file is empty")),
        failed("c.png", None),
    ]
    assert report(snapshot(Counts(failed=5), *failures)).splitlines() == [
        "Complete: 0 of 5 done, 5 failed",
        "a.png: KSampler #7: out of memory (after 3 tries)",
        "b.png: the file is empty",
        "c.png",
        "… and 2 more",
    ]


def test_a_report_counts_images_or_runs_that_have_lost_their_transparency() -> None:
    known = replace(snapshot(Counts(done=4)), lost_transparency=4)
    cases = {"": "4 images", " variants": "4 runs"}
    for source, counted in cases.items():
        lines = report(replace(known, source=source)).splitlines()
        assert lines[1] == f"Without their sources' transparency: {counted}"
