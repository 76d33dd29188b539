"""The life of an item: how each event changes it. No item changes its state in any other way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from ..common.changed import changed
from ..common.errors import IllegalTransition
from .items import Claim, Item, ItemState
from .policy import DEFAULT_POLICY, Policy
from .prompt import Failure

PENDING, RUNNING, FINISHING, DONE, FAILED = ItemState
OPEN = frozenset({RUNNING, FINISHING})
"""The states in which an item has a claim: a prompt is working on it."""


class On(Enum):
    """What happens to an item, in the words of docs/design.md."""

    ACQUIRED = "`acquire`, which writes down the prompt"
    REACHED_LOOP_END = "its prompt reaches Loop End, or saves where no Loop End follows"
    SUCCEEDED = "its prompt succeeded"
    MISSED_LOOP_END = "its prompt succeeded without doing so"
    PUT_BACK = "`acquire` finds that two prompts in a row did so, and says that instead"
    STOPPED = "its prompt was interrupted or deleted, or is gone without a trace; its server died"
    PART_ENDED = "its prompt has ended, and only a part of the workflow was asked for"
    PROMPT_FAILED = "its prompt failed"
    UNREADABLE = "its file cannot be read"
    FOLDER_GONE = "its folder is gone, or that of the results is full or read-only"
    SKIPPED = "Skip, where a run has stopped on it"
    RESULT_GONE = "Assemble Video finds that a result of it is gone"
    RESULT_BACK = "Assemble Video finds that its results are back"
    RETRIED = "Retry failed"
    NEW_BATCH = "Reset, Start over"


@dataclass(frozen=True)
class Event:
    """An event in the life of an item, with its details."""

    on: On
    claim: Claim | None = None
    """The claim of the prompt that is given the item."""
    failure: Failure | None = None
    """Why it failed; None to keep the reason that is known."""
    seconds: float = 0.0
    """How long the prompt had the item."""
    attempts: int = 0
    """How many prompts have failed on its partners."""
    lost_transparency: bool = False
    """Whether a result is not transparent, as the item is."""


Changes = Mapping[str, Any]
"""The fields of an item that an event changes, besides its state."""


@dataclass(frozen=True)
class Move:
    """A row of the table."""

    before: frozenset[ItemState]
    on: On
    after: ItemState
    changes: Callable[[Item, Event], Changes]
    condition: str = ""
    """When the row applies, if that depends on the policy."""
    applies: Callable[[Item, Policy], bool] = lambda *_given: True


def _claimed(item: Item, event: Event) -> Changes:
    attempts = max(item.attempts, event.attempts)
    return {"claim": event.claim, "attempts": attempts, "turns": item.turns + 1}


def _reached_loop_end(_item: Item, _event: Event) -> Changes:
    return {"missed_loop_ends": 0}


def _given_back(item: Item, event: Event) -> Changes:
    return {"claim": None, "seconds": item.seconds + event.seconds}


def _succeeded(item: Item, event: Event) -> Changes:
    given_back = _given_back(item, event)
    lost = {"lost_transparency": event.lost_transparency}
    return {**given_back, **lost, "failure": None, "stopped": False, "lost_turn": 0}


def _missed_loop_end(item: Item, event: Event) -> Changes:
    return {**_given_back(item, event), "missed_loop_ends": item.missed_loop_ends + 1}


def _put_back(item: Item, event: Event) -> Changes:
    return {**_given_back(item, event), "missed_loop_ends": 0}


def _given_up(item: Item, event: Event) -> Changes:
    failure = event.failure or item.failure
    return {**_given_back(item, event), "failure": failure, "stopped": False}


def _failed(item: Item, event: Event) -> Changes:
    return {**_given_up(item, event), "attempts": item.attempts + 1}


def _not_read(item: Item) -> Changes:
    """Nothing of it was written by a turn in which it could not even be read."""
    return {"lost_turn": item.turns} if item.state is RUNNING and item.is_untouched else {}


def _unreadable(item: Item, event: Event) -> Changes:
    return {**_failed(item, event), **_not_read(item)}


def _stopped_unreadable(item: Item, event: Event) -> Changes:
    return {**_stopped(item, event), **_not_read(item)}


def _skipped(item: Item, event: Event) -> Changes:
    return {**_given_up(item, event), "lost_turn": 0}


def _result_gone(item: Item, event: Event) -> Changes:
    # Batches that are older than the counting of turns have items that were done in none.
    turns = max(item.turns, 1)
    return {**_given_up(item, event), "turns": turns, "lost_turn": turns}


def _result_back(_item: Item, _event: Event) -> Changes:
    return {"failure": None, "stopped": False, "lost_turn": 0}


def _stopped_by_folder(item: Item, event: Event) -> Changes:
    return {**_given_up(item, event), "stopped": True}


def _stopped(item: Item, event: Event) -> Changes:
    return {**_failed(item, event), "stopped": True}


def _retried(_item: Item, _event: Event) -> Changes:
    return {"attempts": 0, "failure": None}


def _as_new(item: Item, _event: Event) -> Changes:
    return vars(Item(item.path, item.index, turns=item.turns if item.undone else 0))


def _may_be_back(item: Item, _policy: Policy) -> bool:
    return item.may_be_back


def _skips(_item: Item, policy: Policy) -> bool:
    return policy.skips


def _stops(_item: Item, policy: Policy) -> bool:
    return not policy.skips


def _gives_up(item: Item, policy: Policy) -> bool:
    return policy.gives_up_after(item.attempts + 1)


def _tries_again(item: Item, policy: Policy) -> bool:
    return policy.skips and not _gives_up(item, policy)


_STOP, _SKIP = "with Stop on error", "with Skip on error"
_LEFT, _NONE_LEFT = f"{_SKIP} and attempts left", f"{_SKIP} and no attempt left"

LIFE = (
    Move(frozenset({PENDING}), On.ACQUIRED, RUNNING, _claimed),
    Move(frozenset({RUNNING}), On.REACHED_LOOP_END, FINISHING, _reached_loop_end),
    Move(frozenset({FINISHING}), On.SUCCEEDED, DONE, _succeeded),
    Move(OPEN, On.MISSED_LOOP_END, PENDING, _missed_loop_end),
    Move(frozenset({RUNNING}), On.PUT_BACK, PENDING, _put_back),
    Move(OPEN, On.STOPPED, PENDING, _given_back),
    Move(OPEN, On.PART_ENDED, PENDING, _given_back),
    Move(OPEN, On.PROMPT_FAILED, PENDING, _stopped, _STOP, _stops),
    Move(OPEN, On.PROMPT_FAILED, PENDING, _failed, _LEFT, _tries_again),
    Move(OPEN, On.PROMPT_FAILED, FAILED, _failed, _NONE_LEFT, _gives_up),
    Move(OPEN, On.UNREADABLE, PENDING, _stopped_unreadable, _STOP, _stops),
    Move(OPEN, On.UNREADABLE, FAILED, _unreadable, _SKIP, _skips),
    Move(OPEN, On.FOLDER_GONE, PENDING, _stopped_by_folder),
    Move(frozenset({PENDING}), On.SKIPPED, FAILED, _skipped),
    Move(frozenset({DONE}), On.RESULT_GONE, FAILED, _result_gone),
    Move(frozenset({PENDING, FAILED}), On.RESULT_BACK, DONE, _result_back, applies=_may_be_back),
    Move(frozenset({FAILED}), On.RETRIED, PENDING, _retried),
    Move(frozenset({DONE, FAILED}), On.NEW_BATCH, PENDING, _as_new),
)
"""Every move that an item can make, as listed in docs/design.md."""

LEADS_TO: Mapping[ItemState, frozenset[ItemState]] = {
    state: frozenset(move.after for move in LIFE if state in move.before) for state in ItemState
}
"""The states that can follow each state."""


def after_event(item: Item, event: Event, policy: Policy = DEFAULT_POLICY) -> Item:
    """The item after an event, under the policy that it was handed out with.

    Raises:
        IllegalTransition: the event cannot happen to an item in this state.

    """
    for move in LIFE:
        if move.on is event.on and item.state in move.before and move.applies(item, policy):
            return changed(item, **{**move.changes(item, event), "state": move.after})
    on = event.on.name.lower().replace("_", " ")
    raise _illegal(
        f"Item {item.path!r} is {item.state.value}, and this cannot happen to it then: {on}."
    )


def check_transition(path: str, old: ItemState, new: ItemState) -> None:
    """Allow the move of the item at `path` from `old` to `new`, or raise IllegalTransition."""
    if new not in LEADS_TO[old]:
        allowed = ", ".join(sorted(state.value for state in LEADS_TO[old]))
        raise _illegal(
            f"Item {path!r} is {old.value} and cannot become {new.value}: "
            f"from {old.value} it can only become {allowed}."
        )


def _illegal(what: str) -> IllegalTransition:
    ask = "This is a fault in Batch Loop; please report it with the steps that led here."
    return IllegalTransition(f"{what} {ask}")
