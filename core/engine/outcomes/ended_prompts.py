"""What becomes of the items of a prompt that has ended."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from ...common.changed import changed
from ...common.forecast import Spent
from ...model.background_writes import Turn, Writes
from ...model.item_life import Event, On
from ...model.items import Claim, Item, ItemState
from ...model.loop_key import LoopKey
from ...model.prompt import Ending, Failure, Host, Outcome
from ...model.titles import title_of
from ...store.interface import Store
from ..changes.loops import Items, Loops
from ..changes.outputs import Outputs
from ..changes.transactions import Transactions
from .outcomes import Outcomes, Untold


@dataclass(frozen=True)
class Over:
    """An open item whose prompt has ended."""

    key: LoopKey
    item: Item
    claim: Claim
    outcome: Outcome

    @property
    def turn(self) -> Turn:
        """The prompt's turn with the item."""
        return Turn.of(self.key, self.claim.prompt, self.item)


class EndedPrompts:
    """Notes how prompts ended; everything must be called inside a transaction."""

    def __init__(  # noqa: PLR0913 - what it stands on, each given once
        self,
        store: Store,
        host: Host,
        transactions: Transactions,
        *,
        loops: Loops,
        items: Items,
        outputs: Outputs,
        outcomes: Outcomes,
        untold: Untold,
        writes: Writes,
    ) -> None:
        self._store = store
        self._host = host
        self._transactions = transactions
        self._memory = transactions.memory
        self._loops = loops
        self._items = items
        self._outputs = outputs
        self._outcomes = outcomes
        self._untold = untold
        self._writes = writes

    def reconcile(self, together: Sequence[Over]) -> None:
        """Reconcile the items of one prompt: one, or one of each of several loops."""
        known = [changed(one, outcome=self._with_writes(one)) for one in together]
        failed = next((one for one in known if one.outcome.ending is Ending.ERROR), None)
        all_ended = all(one.item.state is ItemState.FINISHING for one in known)
        is_part = any(self._memory.turn(one.key, one.turn).is_part for one in known)
        succeeded = failed is None and known[0].outcome.ending is Ending.SUCCESS
        are_done = succeeded and all_ended and not is_part
        self._note_saved(known, succeeded=succeeded, are_done=are_done)
        for one in known:
            outcome = one.outcome
            if failed is not None and outcome.ending is not Ending.ERROR:
                failure = _of_partner(failed.key, failed.item, failed.outcome.failure)
                outcome = replace(outcome, ending=Ending.ERROR, failure=failure)
            on = _on(outcome, all_ended=all_ended, is_part=is_part)
            self._reconcile_item(one, outcome, on)

    def _note_saved(self, together: Sequence[Over], *, succeeded: bool, are_done: bool) -> None:
        """Note what a prompt has saved, for the images that it was given."""
        prompt = together[0].claim.prompt
        images = {
            iterator: (one.key, one.item.path)
            for one in together
            for iterator in self._memory.turn(one.key, one.turn).iterators
        }
        for saved in self._host.saved(prompt):
            self._outputs.note_saved(prompt, saved, images, succeeded=succeeded)
        for one in together:
            if are_done and one.item.is_lost:
                self._outputs.note_done_anew(one.key, prompt, one.item.path)
            self._outputs.forget_work(one.key, prompt, succeeded=succeeded)

    def _reconcile_item(self, over: Over, outcome: Outcome, on: On) -> None:
        key, item, claim, turn = over.key, over.item, over.claim, over.turn
        known = self._memory.turn(key, turn)
        # The prompt may have ended long before this look.
        now = self._host.now()
        at = outcome.ended_at or now
        took = self._duration(known.began, now - at)
        entry = self._loops.entry(key)
        # A prompt that was lost without a trace has not run until now.
        is_known = outcome.ended_at is not None or outcome.ending is not Ending.STOPPED
        ran_at = entry.ran_at
        if is_known:
            # A time in the future is by a clock that was set back since.
            ran_at = max(ran_at, at) if ran_at is not None and ran_at <= now else at
        if outcome.ending is Ending.STOPPED and claim.server == self._host.server:
            # Until an image is handed out: that of a prompt before it may be reconciled later.
            self._memory.change(key, interrupted=True)
        failure = outcome.failure or Failure("the prompt failed")
        is_failure = on in {On.PROMPT_FAILED, On.FOLDER_GONE}
        event = Event(
            on,
            failure=failure if is_failure else None,
            seconds=took,
            lost_transparency=known.lost_transparency,
        )
        new = self._items.happens(key, item, event, claim.policy)
        times = entry.times
        if is_known:
            times = self._loops.clock.ends(key, times, max(0.0, now - at))
        if new.state in {ItemState.DONE, ItemState.FAILED}:
            times, forecast = times.ended_one(took), self._memory[key].forecast.of(entry.batch)
            reading, late = self._memory.read_ahead(turn)
            writing = self._writes.seconds(turn)
            passed = times.each_since(forecast.times)
            spent = Spent(item.path, took, known.waited, writing, late, reading, passed)
            forecast = changed(forecast.ended_one(spent), times=times)
            self._memory.change(key, forecast=forecast)
        self._loops.save(key, times=times, ran_at=ran_at)
        if new.state is ItemState.DONE:
            self._store.carry(key, known.value)
            if known.lost_transparency:
                self._loops.save(key, lost_transparency=entry.lost_transparency + 1)
            if known.renamed_text:
                self._loops.save(key, renamed_texts=entry.renamed_texts + 1)
        self._memory.end_turns(key, turn.__eq__)

    def _duration(self, began: float | None, ended_ago: float) -> float:
        """For how many seconds a prompt had its item; 0 if only another server knows.

        The history has the time of day at which it ended, and the clock may have been set since. So
        that time only tells how long ago it was, which is next to nothing.
        """
        if began is None:
            return 0.0
        passed = self._host.steady() - began
        return passed - ended_ago if 0 <= ended_ago <= passed else passed

    def _with_writes(self, over: Over) -> Outcome:
        """The outcome of a prompt, together with that of its background writes."""
        turn = over.turn
        outcome, failure = self._outcomes.with_writes(turn, over.outcome)
        self._transactions.after_commit(partial(self._writes.forget, turn))
        if failure is not None:
            self._untold.note(over.key, over.claim.policy, over.outcome, failure)
        return outcome


def _on(outcome: Outcome, *, all_ended: bool, is_part: bool) -> On:
    """The event that has happened to the items of a prompt.

    `all_ended` tells whether it has reached Loop End with all of them.
    """
    if is_part:
        # Somebody has tried a part of the graph: neither success nor failure says anything.
        return On.PART_ENDED
    if outcome.ending is Ending.SUCCESS:
        return On.SUCCEEDED if all_ended else On.MISSED_LOOP_END
    if outcome.ending is Ending.STOPPED:
        return On.STOPPED
    return On.PROMPT_FAILED if _blames_image(outcome.failure) else On.FOLDER_GONE


def _blames_image(failure: Failure | None) -> bool:
    return failure is None or failure.blames_image


def _of_partner(key: LoopKey, item: Item, failure: Failure | None) -> Failure:
    """The failure of an item that went together with one that failed."""
    reason = "it failed" if failure is None else failure.reason
    together = together_with(key, item.path, reason)
    return Failure(together, blames_image=_blames_image(failure))


def together_with(key: LoopKey, path: str, reason: str) -> str:
    """The reason for a failure that is due to a partner, the item at `path`."""
    beside = f"{title_of(path)!r} of {os.path.basename(key.directory)!r}"
    return f"it goes together with {beside}: {reason}"


def with_loss(failure: Failure, item: Item) -> Failure:
    """Why an item cannot be read; if it was done, and has lost its result, with that."""
    if not item.is_lost:
        return failure
    return replace(failure, reason=f"{failure.reason}; {_LOST_TOO}")


_LOST_TOO = (
    "the result that it had is gone, too: put one of the two back, and press Retry failed, or "
    "press Start over to go on without it"
)
