"""What becomes of the images that prompts work on: by how the prompt ended.

What runs in a transaction says so.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from ..common.errors import StateNotKept, StoreAway
from ..model.prompt import Ending, Failure, Host, Outcome, Prompt
from ..model.state import Claim, ErrorHandling, Item, ItemState, LoopKey
from ..model.writes import Turn, Writes
from ..store.store import Store
from .lease import Lease, LeasesOfOthers, NoLease
from .loops import Loops, in_order
from .outcome_poller import Watcher
from .outputs import Outputs
from .transactions import Transactions, in_transaction

_OUTCOMES_KEPT = 64
"""Prompts whose results are still being written are few."""

CLOSING_SECONDS = 2.0
"""How long ComfyUI's end is held up for a prompt that is about to be over."""


class Settling:
    """The images that are under way, and what tells how their prompts end."""

    def __init__(  # noqa: PLR0913 - what it stands on, each given once
        self,
        store: Store,
        host: Host,
        transactions: Transactions,
        *,
        loops: Loops,
        outputs: Outputs,
        writes: Writes,
        lease_seconds: float | None,
        clean_up: Callable[[Collection[str], Collection[str]], object],
    ) -> None:
        self._store = store
        self._host = host
        self._transactions = transactions
        self._loops = loops
        self._outputs = outputs
        self._writes = writes
        self._clean_up = clean_up
        # What could not be written after its prompt had ended, to be told to the next one.
        self._untold: dict[LoopKey, str] = {}
        # What Loop End was given in prompts that have not ended yet. It dies with the prompt.
        self._candidates: defaultdict[LoopKey, dict[str, Any]] = defaultdict(dict)
        # The turns of this process in which an item is ENDED, each with the item's loop.
        self._waiting: dict[Turn, LoopKey] = {}
        # Those in which an item was handed out, where other machines wait to hear of it.
        self._running: dict[Turn, LoopKey] = {}
        # The turns in which only a part of the workflow runs.
        self._parts: set[Turn] = set()
        # How prompts have ended that the history may not hold any more.
        self._outcomes: dict[Prompt, Outcome] = {}
        # When the item of each of these was handed out, by the steady clock.
        self._began: dict[Turn, float] = {}
        self._watcher = Watcher(self.settle_all)
        self._lease = (
            NoLease()
            if lease_seconds is None
            else Lease(self._renew_lease, self._is_at_work, lease_seconds)
        )
        self._leases_of_others = LeasesOfOthers(store.leases, self._lease.seconds)
        # The loops of which a prompt that has not ended yet has items together.
        self._together: dict[Prompt, tuple[LoopKey, ...]] = {}

    def take_up(self, turn: Turn, key: LoopKey) -> None:
        """Note when an item was handed out, and hold a lease for as long as one is open here."""
        began = self._host.steady()
        self._transactions.when_kept(lambda: self._began.setdefault(turn, began))
        if not self._lease.is_shared:
            return
        if self._lease.is_due:
            self._store.renew(self._host.server, self._lease.seconds)

        def taken_up() -> None:
            self._running[turn] = key
            self._lease.take_up()
            self._watcher.wake()

        self._transactions.when_kept(taken_up)

    def take_together(self, prompt: Prompt, keys: Sequence[LoopKey]) -> None:
        """Have the items of several loops that a prompt was given settled alike."""
        self._transactions.when_kept(lambda: self._together.update({prompt: tuple(keys)}))

    def with_partners(self, keys: Iterable[LoopKey]) -> list[LoopKey]:
        """Loops, with those that prompts have items of together with theirs; `in_order`."""
        found = set(keys)
        for together in self._together.values():
            if not found.isdisjoint(together):
                found.update(together)
        return in_order(found)

    def doubt_lease(self) -> None:
        """Have the lease renewed when work is taken up next, as others found that it had ended."""
        self._lease.doubt()

    def hold_lease(self) -> None:
        """Have others see that this server is at work, though it may have no item; from anywhere.

        To be called again and again.
        """
        if self._lease.is_due:
            self._renew_lease()
            self._lease.take_up()

    def give_back(self, turn: Turn) -> None:
        """Note that an item was given back before its prompt ended, once that is kept."""
        self._transactions.when_kept(lambda: self._running.pop(turn, None))
        self._transactions.when_kept(lambda: self._parts.discard(turn))
        self._transactions.when_kept(lambda: self._began.pop(turn, None))

    def note_part(self, turn: Turn) -> None:
        """Note that only a part of the workflow runs in a turn: whatever it reaches is no end.

        This need not outlive the process: no prompt does, and what it had is PENDING then.
        """
        self._transactions.when_kept(lambda: self._parts.add(turn))

    def is_part(self, turn: Turn) -> bool:
        """Whether only a part of the workflow runs in a turn."""
        return turn in self._parts

    def note_end(self, turn: Turn, key: LoopKey, value: Any) -> None:
        """Note that a turn's prompt has reached Loop End with a value; in a transaction."""
        self._candidates[key].setdefault(turn.path, value)
        self._waiting[turn] = key

    def wake(self) -> None:
        """See to it that what has reached Loop End is settled soon after its prompt has ended."""
        self._watcher.wake()

    def take_untold(self, key: LoopKey) -> str | None:
        """What an earlier prompt could not write, of which nobody was told; in a transaction.

        Once that is kept, it counts as told.
        """
        if key not in self._untold:
            return None
        self.forget_untold(key)
        return self._untold[key]

    def forget_untold(self, key: LoopKey) -> None:
        """Say no more of what could not be written, once that is kept."""
        self._transactions.when_kept(lambda: self._untold.pop(key, None))

    def begin(self, key: LoopKey) -> None:
        """Forget what belongs to the batch before, once the new one is kept."""
        self._transactions.when_kept(lambda: self._candidates.pop(key, None))
        self.forget_untold(key)

    def settle(self, key: LoopKey) -> None:
        """Bring every open item of a loop to what the outcome of its prompt makes of it.

        What a prompt was given together, of other loops too, comes to the same: an image is not
        done whose partner is not.
        """
        keys = self.with_partners([key])
        self._loops.take(keys)
        over: defaultdict[Prompt, list[_Over]] = defaultdict(list)
        goes_on: set[Prompt] = set()
        for each in keys:
            for item in self._store.open_items(each):
                if item.claim is not None:
                    outcome = self.ended(each, item)
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
            self._settle_together(together)
        for each in in_order(one.key for one in ended):
            self._loops.note_completion(each)

    def _settle_together(self, together: Sequence[_Over]) -> None:
        """Settle what one prompt was given: its one item, or one of each of several loops."""
        prompt = together[0].claim.prompt
        self._transactions.when_kept(lambda: self._together.pop(prompt, None))
        known = [replace(one, outcome=self._with_writes(one)) for one in together]
        failed = next((one for one in known if one.outcome.ending is Ending.ERROR), None)
        all_ended = all(one.item.state is ItemState.ENDED for one in known)
        is_part = any(Turn.of(one.key, prompt, one.item) in self._parts for one in known)
        for one in known:
            outcome = one.outcome
            if failed is not None and outcome.ending is not Ending.ERROR:
                failure = _of_partner(failed.key, failed.item, failed.outcome.failure)
                outcome = replace(outcome, ending=Ending.ERROR, failure=failure)
            self._settle_item(one, outcome, has_ended=all_ended, is_part=is_part)

    def _clean_up_behind(self, gone: Collection[str]) -> None:
        """Have the unfinished files of servers that have ended deleted, where there are any."""
        folders = {os.path.dirname(target) for target in self._store.open_outputs()}
        if folders:
            self._transactions.when_kept(lambda: self._clean_up(folders, gone))

    def settle_all(self) -> bool:
        """Settle every loop that waits; whether any still does, so that looking again pays.

        What is wrong with one of them is raised when the others are settled.

        The host is asked first: while prompts run and results are written, the store is left
        alone.
        """
        with self._transactions.lock:
            waiting = self._running | self._waiting
        ended: defaultdict[LoopKey, list[Turn]] = defaultdict(list)
        for turn, key in waiting.items():
            if self._has_ended(turn):
                ended[key].append(turn)
        failed: Exception | None = None
        for key, turns in ended.items():
            try:
                self.settle_one(key)
                is_open = self._open_prompts(key)
            except StoreAway:  # look again, until it is back
                break
            except Exception as error:  # noqa: BLE001 - the other loops are not to wait for it
                failed = failed or error
            else:
                # A result of what goes together with it may still be written.
                self._forget([turn for turn in turns if turn.prompt not in is_open])
        if failed is not None:
            raise failed
        with self._transactions.lock:
            return bool(self._running or self._waiting)

    def _open_prompts(self, key: LoopKey) -> set[Prompt]:
        """The prompts that have an open item of a loop."""
        items = self._transactions.read(partial(self._store.open_items, key))
        return {item.claim.prompt for item in items if item.claim is not None}

    def _forget(self, turns: Collection[Turn]) -> None:
        with self._transactions.lock:
            for turn in turns:
                self._waiting.pop(turn, None)
                self._running.pop(turn, None)
                self._began.pop(turn, None)

    @in_transaction()
    def settle_one(self, key: LoopKey) -> None:
        """Settle a loop, in a transaction of its own."""
        self.settle(key)

    def ended(self, key: LoopKey, item: Item) -> Outcome | None:
        """How the prompt of an open item ended; None while it, or a write for it, goes on."""
        if item.claim is None:
            return None
        outcome = self._outcome(item.claim)
        goes_on = outcome.ending is Ending.RUNNING
        goes_on = goes_on or self._writes.under_way(Turn.of(key, item.claim.prompt, item))
        return None if goes_on else outcome

    def turns_that_go_well(self, key: LoopKey) -> list[Turn]:
        """The turns whose items will be done, as far as can be told before they are written.

        Without those that carry a value over: it is the next iteration's when they are done.
        """
        turns = []
        for item in self._store.open_items(key):
            if item.claim is not None:
                ending = self._outcome(item.claim).ending
                ended = ending is Ending.SUCCESS and item.state is ItemState.ENDED
                carries = self._candidates[key].get(item.path) is not None
                if (ended and not carries) or ending is Ending.RUNNING:
                    turns.append(Turn.of(key, item.claim.prompt, item))
        return turns

    def close(self) -> None:
        """Settle what has ended, and say that this server is at work no more."""
        self._watcher.finish(CLOSING_SECONDS, self._settle_at_the_end)
        self._lease.end()
        if self._lease.was_ever_held:
            with suppress(StateNotKept):
                self._transactions.run(lambda: self._store.release(self._host.server))

    def _settle_at_the_end(self) -> bool:
        """As `settle_all`; whether an item is as good as done, so that a moment pays."""
        self.settle_all()
        with self._transactions.lock:
            return bool(self._waiting)

    def _has_ended(self, turn: Turn) -> bool:
        """Whether a turn's prompt has ended, and its files are written."""
        return not self._writes.under_way(turn) and self._host.has_ended(turn.prompt)

    def _outcome(self, claim: Claim) -> Outcome:
        """How the prompt of a claim ended; of another server's, whether it may still end well."""
        if claim.server == self._host.server:
            return self._own_outcome(claim.prompt)
        return Outcome(Ending.STOPPED if self.is_gone(claim.server) else Ending.RUNNING)

    def is_gone(self, server: str) -> bool:
        """Whether another server is at work no more; in a transaction."""
        is_alive = self._host.is_alive(server, is_here=self._store.is_of_one_machine)
        if is_alive is None:
            is_alive = self._leases_of_others.holds(server)
        return not is_alive

    def _own_outcome(self, prompt: Prompt) -> Outcome:
        """How a prompt of this server ended: also where the history has been cleared since.

        An image may be looked at before its results are written, and settled when they are.
        """
        outcome = self._outcomes.get(prompt)
        if outcome is None:
            outcome = self._host.outcome(prompt)
            if outcome.ending in {Ending.SUCCESS, Ending.ERROR}:
                if len(self._outcomes) >= _OUTCOMES_KEPT:
                    self._outcomes.clear()
                self._outcomes[prompt] = outcome
        return outcome

    def _renew_lease(self) -> None:
        self._store.outside.renew(self._host.server, self._lease.seconds)

    def _is_at_work(self) -> bool:
        """Whether a prompt of this server may have an item; asks for no lock of the registry."""
        return bool(self._running or self._waiting)

    def _with_writes(self, over: _Over) -> Outcome:
        """The outcome of a prompt, with that of what was written for it in the background."""
        key, item, outcome = over.key, over.item, over.outcome
        turn = Turn.of(key, over.claim.prompt, item)
        failure = self._writes.failure(turn)
        self._transactions.when_kept(lambda: self._writes.forget(turn))
        if failure is None or outcome.ending is Ending.STOPPED:
            return outcome
        policy = over.claim.policy
        if outcome.ending is Ending.SUCCESS and policy.error_handling is ErrorHandling.STOP:
            # Nobody was told: the prompt had ended well. This very run is to say it, so it cannot
            # wait for the store; should that fail, the next one says it again.
            self._untold[key] = failure.reason
        return replace(outcome, ending=Ending.ERROR, failure=failure)

    def _settle_item(
        self,
        over: _Over,
        outcome: Outcome,
        *,
        has_ended: bool,
        is_part: bool,
    ) -> None:
        key, item, claim = over.key, over.item, over.claim
        self._transactions.revision += 1
        candidates = self._candidates[key]
        value = candidates.get(item.path)
        self._transactions.when_kept(lambda: candidates.pop(item.path, None))
        turn = Turn.of(key, claim.prompt, item)
        self._transactions.when_kept(lambda: self._waiting.pop(turn, None))
        self._transactions.when_kept(lambda: self._running.pop(turn, None))
        self._transactions.when_kept(lambda: self._parts.discard(turn))
        # Nobody may have looked for long.
        now = self._host.now()
        at = outcome.ended_at or now
        took = self._took(turn, now - at)
        entry = self._loops.entry(key)
        # What was lost without a trace has not been at work until now.
        is_known = outcome.ended_at is not None or outcome.ending is not Ending.STOPPED
        ran_at = entry.ran_at
        if is_known:
            # A time to come is of a clock that was set back since.
            ran_at = max(ran_at, at) if ran_at is not None and ran_at <= now else at
        self._loops.save(key, seconds=entry.seconds + took, ran_at=ran_at)
        saved = self._host.saved(claim.prompt)
        succeeded = outcome.ending is Ending.SUCCESS
        self._outputs.note_saved(key, claim.prompt, item.path, saved, succeeded=succeeded)
        state, changes = _settled(item, claim, outcome, has_ended=has_ended)
        if is_part:
            # A person tries a part: neither what it reaches nor where it fails says anything.
            state, changes = ItemState.PENDING, {}
        self._store.move(key, item, state, claim=None, seconds=item.seconds + took, **changes)
        if state is ItemState.DONE:
            self._store.carry(key, value)

    def _took(self, turn: Turn, ended_ago: float) -> float:
        """For how many seconds a turn's prompt had its item; 0 where only another server knows.

        The history has the time of day at which it ended, and that may have been set meanwhile: so
        no more is told by it than how long ago that is, which is next to nothing.
        """
        began = self._began.get(turn)
        self._transactions.when_kept(lambda: self._began.pop(turn, None))
        if began is None:
            return 0.0
        passed = self._host.steady() - began
        return passed - ended_ago if 0 <= ended_ago <= passed else passed


@dataclass(frozen=True)
class _Over:
    """An open item whose prompt has ended."""

    key: LoopKey
    item: Item
    claim: Claim
    outcome: Outcome


def _of_partner(key: LoopKey, item: Item, failure: Failure | None) -> Failure:
    """Why an item failed that went together with one that did."""
    reason = "it failed" if failure is None else failure.reason
    return Failure(together_with(key, item.path, reason))


def together_with(key: LoopKey, path: str, reason: str) -> str:
    """The reason for which an item failed whose partner, the item at `path`, is to blame."""
    return f"it goes together with {path!r} of {os.path.basename(key.directory)!r}: {reason}"


def _settled(
    item: Item, claim: Claim, outcome: Outcome, *, has_ended: bool
) -> tuple[ItemState, dict[str, Any]]:
    """What an open item becomes by the outcome of its prompt, and what changes with that.

    `has_ended`: whether the prompt has reached Loop End, with what goes together with it, too.
    """
    if outcome.ending is Ending.SUCCESS and has_ended:
        return ItemState.DONE, {"failure": None}
    if outcome.ending is Ending.SUCCESS:
        return ItemState.PENDING, {"unended": item.unended + 1}
    if outcome.ending is Ending.STOPPED:
        return ItemState.PENDING, {}
    attempts = item.attempts + 1
    skip = claim.policy.error_handling is ErrorHandling.SKIP
    give_up = skip and attempts >= claim.policy.max_attempts
    return ItemState.FAILED if give_up else ItemState.PENDING, {
        "attempts": attempts,
        "failure": outcome.failure or Failure("the prompt failed"),
    }
