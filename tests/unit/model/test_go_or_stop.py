"""What is next for a loop, and the word for how it is doing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from batch_loop.core.model.go_or_stop import (
    BETWEEN_SECONDS,
    next_of,
    next_on_error,
    standing,
    standing_in,
    standing_of,
)
from batch_loop.core.model.items import Claim, Counts, Item, ItemState
from batch_loop.core.model.loop_key import LoopKey
from batch_loop.core.model.policy import ErrorHandling, Policy
from batch_loop.core.model.prompt import Prompt
from batch_loop.core.model.records import Arrived, Iteration, Overview

KEY = LoopKey("", "/in")
PROMPT = Prompt("p", 1.0)
PENDING = Counts(pending=2, done=1)
LAST_ELSEWHERE = Counts(running=1, done=2)
COMPLETE = Counts(done=3)


@pytest.mark.parametrize(
    ("counts", "how", "following", "stands"),
    [
        (Counts(pending=3), {}, "go", "fresh"),
        (PENDING, {}, "go", "paused"),
        (PENDING, {"recent": True}, "go", "running"),
        (PENDING, {"stopped": True, "recent": True}, "stop", "stopped"),
        (PENDING, {"watch": True}, "go", "paused"),
        (Counts(pending=1, running=1), {}, "go", "running"),
        (Counts(pending=1, running=1), {"elsewhere": 1}, "go", "running"),
        (Counts(pending=1, running=1), {"in_part": True}, "stop", "running"),
        (Counts(running=1, done=2), {}, "go", "running"),
        (LAST_ELSEWHERE, {"elsewhere": 1}, "wait", "waiting"),
        (LAST_ELSEWHERE, {"elsewhere": 1, "watch": True}, "wait", "waiting"),
        (Counts(finishing=1, done=2), {"elsewhere": 1}, "wait", "waiting"),
        (Counts(pending=2, unpaired=2, running=1), {"elsewhere": 1}, "wait", "waiting"),
        (Counts(finishing=1, done=2), {}, "stop", "running"),
        (COMPLETE, {"recent": True}, "stop", "complete"),
        (COMPLETE, {"watch": True}, "watch", "complete"),
        (Counts(done=2, failed=1), {}, "stop", "failures"),
        (Counts(pending=2, unpaired=2, done=1), {}, "stop", "complete"),
        (Counts(), {}, "stop", "complete"),
    ],
)
def test_a_record_has_one_next_and_one_word(
    counts: Counts, how: dict[str, bool], following: str, stands: str
) -> None:
    found = standing(counts, **how)
    assert (found.next.value, found.stands.value) == (following, stands)


def test_between_two_images_a_loop_still_counts_as_running() -> None:
    loop = Overview("l", "", "/in", 1, PENDING, ran_at=100.0)
    for passed, stands in ((BETWEEN_SECONDS - 0.1, "running"), (BETWEEN_SECONDS, "paused")):
        assert standing_of(replace(loop, told_at=100.0 + passed)).stands.value == stands
    assert standing_of(replace(loop, ran_at=None)).stands.value == "paused"
    assert standing_of(replace(loop, told_at=100.0, interrupted=True)).stands.value == "paused"
    # The clock has been set back since.
    assert standing_of(replace(loop, told_at=100.0 - 3600)).stands.value == "paused"


def claimed(error_handling: ErrorHandling) -> Iteration:
    claim = Claim(PROMPT, Policy(error_handling), 1.0)
    item = Item("a.png", 0, ItemState.RUNNING, claim=claim)
    return Iteration(KEY, PROMPT, 1, Counts(running=1), item)


def test_the_policy_says_what_an_error_on_an_image_means() -> None:
    skips, stops = claimed(ErrorHandling.SKIP), claimed(ErrorHandling.STOP)
    assert [standing_in(each).next.value for each in (skips, stops)] == ["go", "go"]
    assert [next_on_error(each).value for each in (skips, stops)] == ["go", "stop"]


def test_a_part_of_the_workflow_finishes_nothing() -> None:
    part = replace(claimed(ErrorHandling.SKIP), without=("Save Image #9",))
    assert (standing_in(part).next.value, next_on_error(part).value) == ("stop", "stop")


def test_without_an_image_an_error_would_recur() -> None:
    nothing = Iteration(KEY, PROMPT, 1, COMPLETE, watch=True)
    assert (standing_in(nothing).next.value, next_on_error(nothing).value) == ("watch", "stop")
    waits = replace(nothing, counts=LAST_ELSEWHERE, elsewhere=1)
    assert standing_in(waits).next.value == "wait"


def test_new_images_end_the_watching() -> None:
    assert next_of(Arrived("l", "/in", growing=1)).value == "watch"
    assert next_of(Arrived("l", "/in", ready=1)).value == "go"
