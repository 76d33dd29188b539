"""The life of an item: docs/design.md has the code's table, and nothing else happens."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from batch_loop.core.common.errors import IllegalTransition
from batch_loop.core.model.item_life import (
    LEADS_TO,
    LIFE,
    OPEN,
    Event,
    On,
    after_event,
    check_transition,
)
from batch_loop.core.model.items import Claim, Item, ItemState
from batch_loop.core.model.policy import ErrorHandling, Policy
from batch_loop.core.model.prompt import Failure, Prompt
from batch_loop.tools.layout import ROOT

PAIRS = list(itertools.product(ItemState, ItemState))
POLICIES = [Policy(handling, most) for handling in ErrorHandling for most in (1, 2)]
CLAIM = Claim(Prompt("p", 1.0), POLICIES[0], 1.0)
SKIP = Policy(ErrorHandling.SKIP)
BROKEN = Failure("it broke")


def item_in(state: ItemState) -> Item:
    item = Item("a.png", 3, state, claim=CLAIM if state in OPEN else None, failure=BROKEN)
    # Its result was deleted: so all that can happen to one in its state may.
    is_lost = state in {ItemState.PENDING, ItemState.FAILED}
    return replace(item, turns=1, lost_turn=1) if is_lost else item


def test_the_docs_table_matches_the_code() -> None:
    text = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    lines = text.split("An item's states:")[1].split("\n\n")[1].splitlines()[2:]
    told = [tuple(cell.strip() for cell in line.strip("|").split("|")[:3]) for line in lines]
    order = list(ItemState)
    assert told == [
        (
            ", ".join(state.name for state in sorted(move.before, key=order.index)),
            f"{move.on.value}, {move.condition}" if move.condition else move.on.value,
            move.after.name,
        )
        for move in LIFE
    ]


def test_for_each_policy_one_row_applies() -> None:
    for state, on, policy in itertools.product(ItemState, On, POLICIES):
        item = item_in(state)
        rows = [
            move
            for move in LIFE
            if move.on is on and state in move.before and move.applies(item, policy)
        ]
        if any(move.on is on and state in move.before for move in LIFE):
            assert [after_event(item, Event(on), policy).state] == [row.after for row in rows]
        else:
            with pytest.raises(IllegalTransition, match=rf"'a\.png' is {state.value}"):
                after_event(item, Event(on), policy)


def test_an_item_has_a_claim_while_a_prompt_works_on_it() -> None:
    for state, on, policy in itertools.product(ItemState, On, POLICIES):
        try:
            new = after_event(item_in(state), Event(on, claim=CLAIM), policy)
        except IllegalTransition:
            continue
        assert (new.claim is not None) is (new.state in OPEN)


def test_attempts_are_counted_until_none_is_left() -> None:
    policy = Policy(ErrorHandling.SKIP, max_attempts=2)
    failed = Event(On.PROMPT_FAILED, failure=BROKEN, seconds=1.5)
    once = after_event(item_in(ItemState.RUNNING), failed, policy)
    assert (once.state, once.attempts, once.seconds) == (ItemState.PENDING, 1, 1.5)
    again = after_event(once, Event(On.ACQUIRED, claim=CLAIM), policy)
    twice = after_event(again, failed, policy)
    assert (twice.state, twice.attempts, twice.seconds) == (ItemState.FAILED, 2, 3.0)
    anew = replace(once, attempts=0, failure=None, seconds=3.0, turns=1)
    assert after_event(twice, Event(On.RETRIED)) == anew
    assert after_event(twice, Event(On.NEW_BATCH)) == Item("a.png", 3, turns=1)
    done = replace(twice, state=ItemState.DONE)
    assert after_event(done, Event(On.NEW_BATCH)) == Item("a.png", 3)


def test_a_run_stops_on_an_item_only_if_it_does_not_go_on() -> None:
    failed = Event(On.PROMPT_FAILED, failure=BROKEN)
    running = item_in(ItemState.RUNNING)
    stopped = after_event(running, failed, Policy(ErrorHandling.STOP))
    again = replace(running, stopped=True)
    ends = [
        after_event(again, failed, Policy(ErrorHandling.SKIP, 2)),
        after_event(again, failed, SKIP),
        after_event(replace(again, state=ItemState.FINISHING), Event(On.SUCCEEDED)),
        after_event(stopped, Event(On.SKIPPED)),
    ]
    assert [stopped.stopped, *(item.stopped for item in ends)] == [True, *[False] * 4]
    assert after_event(again, Event(On.STOPPED)).stopped, "the run before did stop"


def test_a_pair_has_the_attempts_of_the_worse_item() -> None:
    item = after_event(Item("a", 0), Event(On.ACQUIRED, claim=CLAIM, attempts=2))
    assert item.attempts == 2


def test_no_image_is_blamed_for_a_missing_folder() -> None:
    item = after_event(item_in(ItemState.RUNNING), Event(On.FOLDER_GONE), SKIP)
    assert (item.state, item.attempts, item.stopped) == (ItemState.PENDING, 0, True)


def test_missed_loop_ends_are_counted_in_a_row() -> None:
    missed = after_event(item_in(ItemState.RUNNING), Event(On.MISSED_LOOP_END))
    again = after_event(missed, Event(On.ACQUIRED, claim=CLAIM))
    assert again.missed_loop_ends == 1
    assert after_event(again, Event(On.STOPPED)).missed_loop_ends == 1
    assert after_event(again, Event(On.PUT_BACK)).missed_loop_ends == 0
    assert after_event(again, Event(On.REACHED_LOOP_END)).missed_loop_ends == 0


@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_only_these_transitions_are_allowed(old: ItemState, new: ItemState) -> None:
    if new in LEADS_TO[old]:
        check_transition("a.png", old, new)
        return
    with pytest.raises(IllegalTransition, match=rf"'a\.png' is {old.value} .* {new.value}"):
        check_transition("a.png", old, new)


def test_only_a_finishing_item_becomes_done_or_one_whose_results_are_back() -> None:
    leads_to_done = [old for old in ItemState if ItemState.DONE in LEADS_TO[old]]
    assert leads_to_done == [ItemState.PENDING, ItemState.FINISHING, ItemState.FAILED]
    # One that has failed only if it was done before, and no prompt has touched its results since.
    failed = Item("a.png", 0, ItemState.FAILED, failure=Failure("broken"), turns=2)
    for never in (failed, replace(failed, lost_turn=1)):
        with pytest.raises(IllegalTransition):
            after_event(never, Event(On.RESULT_BACK))


def lost(turns: int = 1) -> Item:
    done = Item("a.png", 3, ItemState.DONE, turns=turns)
    return after_event(done, Event(On.RESULT_GONE, failure=BROKEN))


def test_an_item_is_lost_until_it_is_done_again_or_given_up() -> None:
    gone = lost()
    assert (gone.is_lost, gone.may_be_back) == (True, True)
    retried = after_event(gone, Event(On.RETRIED))
    again = after_event(retried, Event(On.ACQUIRED, claim=CLAIM))
    assert (retried.is_lost, again.is_lost) == (True, True)
    ended = after_event(again, Event(On.REACHED_LOOP_END))
    stopped = after_event(again, Event(On.UNREADABLE, failure=BROKEN))
    ends = [
        after_event(ended, Event(On.SUCCEEDED)),
        after_event(stopped, Event(On.SKIPPED)),
        after_event(gone, Event(On.RESULT_BACK)),
        after_event(gone, Event(On.NEW_BATCH)),
    ]
    assert [end.is_lost for end in ends] == [False] * 4
    assert ends[2] == Item("a.png", 3, ItemState.DONE, turns=1)


def test_results_count_as_back_only_if_no_prompt_has_touched_them() -> None:
    retried = after_event(lost(2), Event(On.RETRIED))
    again = after_event(retried, Event(On.ACQUIRED, claim=CLAIM))
    unread = after_event(again, Event(On.UNREADABLE, failure=BROKEN), SKIP)
    assert unread.may_be_back
    failed = after_event(again, Event(On.PROMPT_FAILED, failure=BROKEN), SKIP)
    assert (failed.state, failed.is_lost, failed.may_be_back) == (ItemState.FAILED, True, False)
    retried = after_event(failed, Event(On.RETRIED))
    again = after_event(retried, Event(On.ACQUIRED, claim=CLAIM))
    assert not after_event(again, Event(On.UNREADABLE, failure=BROKEN), SKIP).may_be_back


def test_they_count_as_back_where_a_run_has_stopped_on_the_item() -> None:
    again = after_event(after_event(lost(), Event(On.RETRIED)), Event(On.ACQUIRED, claim=CLAIM))
    stopped = after_event(again, Event(On.UNREADABLE, failure=BROKEN))
    assert (stopped.state, stopped.stopped) == (ItemState.PENDING, True)
    back = after_event(stopped, Event(On.RESULT_BACK))
    assert (back.state, back.stopped, back.failure) == (ItemState.DONE, False, None)


def test_an_item_of_a_batch_that_counted_no_turns_is_lost_like_any_other() -> None:
    gone = lost(turns=0)
    assert gone.may_be_back
    again = after_event(after_event(gone, Event(On.RETRIED)), Event(On.ACQUIRED, claim=CLAIM))
    failed = after_event(again, Event(On.PROMPT_FAILED, failure=BROKEN), SKIP)
    assert (failed.is_lost, failed.may_be_back) == (True, False)
