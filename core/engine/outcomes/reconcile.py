"""Reconciling: how a prompt ended decides what becomes of its items.

Methods that must be called inside a transaction say so.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

from ...common.errors import BatchLoopError, StoreAway
from ...common.forecast import Spent
from ...model.background_writes import Turn, Writes
from ...model.item_life import Event, On, after_event
from ...model.items import Claim, Item, ItemState
from ...model.loop_key import LoopKey
from ...model.prompt import Ending, Failure, Host, Outcome, Prompt
from ...store.interface import Store
from ..changes.loops import Items, Loops, in_order
from ..changes.result_owners import Outputs
from ..changes.transactions import Transactions, in_transaction
from .outcomes import Outcomes, Untold
from .poller import Poll

CLOSING_SECONDS = 2.0
"""How long ComfyUI's end is delayed for a prompt that is about to end."""


class Reconciler:
    """Reconciles open items with the outcomes of their prompts."""

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
        clean_up: Callable[[Collection[str], Collection[str]], object],
        poll: Poll,
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
        self._clean_up = clean_up
        self._poller = poll(self.reconcile_all)

    def wake(self) -> None:
        """Have items reconciled soon after their prompts have ended."""
        self._poller.wake()

    def with_partners(self, keys: Iterable[LoopKey]) -> list[LoopKey]:
        """Loops, and those whose items prompts have together with theirs; `in_order`."""
        found: set[LoopKey] = set()
        left = set(keys)
        while left:
            key = left.pop()
            found.add(key)
            known = self._memory[key]
            # The batch before may have been put back by another server.
            for turn in (*known.turns.values(), *known.kept_turns.values()):
                left.update(each for each in turn.together if each not in found)
        return in_order(found)

    def reconcile(self, key: LoopKey) -> None:
        """Reconcile every open item of a loop with the outcome of its prompt.

        In a transaction. Items that a prompt was given together, also of other loops, end alike: an
        image is not done unless its partner is.
        """
        keys = self.with_partners([key])
        self._loops.take(keys)
        over: defaultdict[Prompt, list[_Over]] = defaultdict(list)
        goes_on: set[Prompt] = set()
        for each in keys:
            self._reconcile_kept(each)
            for item in self._store.open_items(each):
                if item.claim is not None:
                    outcome = self._outcomes.of(each, item)
                    if outcome is None:
                        goes_on.add(item.claim.prompt)
                    else:
                        over[item.claim.prompt].append(_Over(each, item, item.claim, outcome))
        for prompt in goes_on:
            over.pop(prompt, None)
        ended = [each for together in over.values() for each in together]
        gone = {one.claim.server for one in ended if one.claim.server != self._host.server}
        if gone:
            self._clean_up_behind(gone)
        for together in over.values():
            self._reconcile_together(together)
        for each in in_order(one.key for one in ended):
            self._loops.note_completion(each)

    def _reconcile_kept(self, key: LoopKey) -> None:
        """Reconcile what prompts of this server do in the batch before, while that is kept.

        Another server may put it back. An image whose prompt has ended by then waits: if it were
        still claimed, nobody would look how that prompt has ended.
        """
        entry = self._store.load(key)
        if entry is None:
            return
        if entry.kept_at is None:
            items = self._store.open_items(key)
            turns = [Turn.of(key, item.claim.prompt, item) for item in items if item.claim]
            self._memory.keeps_no_longer(key, turns)
            return
        for item in self._store.kept_open_items(key):
            is_own = item.claim is not None and item.claim.server == self._host.server
            if is_own and self._outcomes.of(key, item) is not None:
                self._store.put_kept(key, item, after_event(item, Event(On.STOPPED)))

    def reconcile_one(self, key: LoopKey, *, patient: bool = False) -> None:
        """Reconcile a loop, in a transaction of its own; see `Transactions.run`."""
        self._transactions.run(partial(self.reconcile, key), patient=patient)

    def reconcile_others(self, but: Collection[LoopKey]) -> None:
        """Reconcile all loops with a prompt that has ended, except `but`; for prompts, which wait.

        What is wrong with one of them is for its own next prompt to say.
        """
        for key in self._ended():
            if key not in but:
                with suppress(BatchLoopError):
                    self.reconcile_one(key, patient=True)

    def _ended(self) -> dict[LoopKey, set[Turn]]:
        """The turns that are waited for and have ended, by loop; leaves the store alone."""
        with self._transactions.lock:
            awaited = self._memory.awaited()
        ended = {key: set(filter(self._outcomes.has_ended, awaited[key])) for key in awaited}
        return {key: turns for key, turns in ended.items() if turns}

    def reconcile_all(self) -> bool:
        """Reconcile every loop that is waited for; returns whether it pays to look again.

        An error with one of them is raised when the others are reconciled; `StoreAway`, at once.

        The host is asked first: while prompts run and results are written, the store is left
        alone.
        """
        failed: Exception | None = None
        for key, ended in self._ended().items():
            try:
                self._reconcile_ended(key, ended)
            except StoreAway:  # for the other loops, too
                raise
            except Exception as error:  # noqa: BLE001 - the other loops must not wait for it
                failed = failed or error
        if failed is not None:
            raise failed
        return self._memory.is_at_work

    @in_transaction()
    def _reconcile_ended(self, key: LoopKey, ended: Collection[Turn]) -> None:
        """Reconcile a loop, and stop waiting for the outcomes of turns that have `ended`.

        A turn stays while a result of what goes together with it is still being written.
        """
        self.reconcile(key)
        # Also those whose items were given back or started over before: they are not open.
        is_open = {item.claim.prompt for item in self._store.open_items(key) if item.claim}
        over = {turn for turn in ended if turn.prompt not in is_open}
        self._memory.end_turns(key, over.__contains__)
        for turn in over:
            self._transactions.after_commit(partial(self._writes.forget, turn))

    def finish(self) -> None:
        """Reconcile what has ended or is about to; then stop polling."""
        self._poller.finish(CLOSING_SECONDS, self._reconcile_at_the_end)

    def _reconcile_at_the_end(self) -> bool:
        """Like `reconcile_all`; returns whether an item has reached Loop End yet."""
        self.reconcile_all()
        with self._transactions.lock:
            return self._memory.has_reached_end()

    def _reconcile_together(self, together: Sequence[_Over]) -> None:
        """Reconcile the items of one prompt: one, or one of each of several loops."""
        known = [replace(one, outcome=self._with_writes(one)) for one in together]
        failed = next((one for one in known if one.outcome.ending is Ending.ERROR), None)
        all_ended = all(one.item.state is ItemState.FINISHING for one in known)
        is_part = any(self._memory.turn(one.key, one.turn).is_part for one in known)
        succeeded = failed is None and known[0].outcome.ending is Ending.SUCCESS
        self._note_saved(known, succeeded=succeeded)
        for one in known:
            outcome = one.outcome
            if failed is not None and outcome.ending is not Ending.ERROR:
                failure = _of_partner(failed.key, failed.item, failed.outcome.failure)
                outcome = replace(outcome, ending=Ending.ERROR, failure=failure)
            on = _on(outcome, all_ended=all_ended, is_part=is_part)
            self._reconcile_item(one, outcome, on)

    def _note_saved(self, together: Sequence[_Over], *, succeeded: bool) -> None:
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
            self._outputs.forget_work(one.key, prompt, succeeded=succeeded)

    def _reconcile_item(self, over: _Over, outcome: Outcome, on: On) -> None:
        key, item, claim = over.key, over.item, over.claim
        # The prompt may have ended long before this look.
        now = self._host.now()
        at = outcome.ended_at or now
        took = self._duration(over, now - at)
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
        known = self._memory.turn(key, over.turn)
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
            times = times.ended_one(took)
            reading, late = self._memory.read_ahead(over.turn)
            writing = self._writes.seconds(over.turn)
            spent = Spent(item.path, took, known.waited, writing, late, reading)
            self._memory.change(key, forecast=self._memory[key].forecast.ended_one(spent))
        self._loops.save(key, times=times, ran_at=ran_at)
        if new.state is ItemState.DONE:
            self._store.carry(key, known.value)
            if known.lost_transparency:
                self._loops.save(key, lost_transparency=entry.lost_transparency + 1)
            if known.renamed_text:
                self._loops.save(key, renamed_texts=entry.renamed_texts + 1)
        self._memory.end_turns(key, over.turn.__eq__)

    def _duration(self, over: _Over, ended_ago: float) -> float:
        """For how many seconds a prompt had its item; 0 if only another server knows.

        The history has the time of day at which it ended, and the clock may have been set since. So
        that time only tells how long ago it was, which is next to nothing.
        """
        began = self._memory.turn(over.key, over.turn).began
        if began is None:
            return 0.0
        passed = self._host.steady() - began
        return passed - ended_ago if 0 <= ended_ago <= passed else passed

    def _with_writes(self, over: _Over) -> Outcome:
        """The outcome of a prompt, together with that of its background writes."""
        outcome, failure = self._outcomes.with_writes(over.turn, over.outcome)
        self._transactions.after_commit(partial(self._writes.forget, over.turn))
        if failure is not None:
            self._untold.note(over.key, over.claim.policy, over.outcome, failure)
        return outcome

    def _clean_up_behind(self, gone: Collection[str]) -> None:
        """Have unfinished files of servers that have ended deleted, if there may be any."""
        folders = {os.path.dirname(target) for target in self._store.open_outputs()}
        if folders:
            self._transactions.after_commit(lambda: self._clean_up(folders, gone))


@dataclass(frozen=True)
class _Over:
    """An open item whose prompt has ended."""

    key: LoopKey
    item: Item
    claim: Claim
    outcome: Outcome

    @property
    def turn(self) -> Turn:
        return Turn.of(self.key, self.claim.prompt, self.item)


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
    return f"it goes together with {path!r} of {os.path.basename(key.directory)!r}: {reason}"
