"""Reconciling: looking which prompts with open items have ended, and noting how.

Methods that must be called inside a transaction say so.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from functools import partial

from ...common.errors import BatchLoopError, StoreAway
from ...model.background_writes import Turn, Writes
from ...model.item_life import Event, On, after_event
from ...model.items import Item
from ...model.loop_key import LoopKey
from ...model.prompt import Host, Prompt
from ...store.interface import Store
from ..changes.loops import Loops, in_order
from ..changes.transactions import Transactions, in_transaction
from .ended_prompts import EndedPrompts, Over
from .outcomes import Outcomes
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
        outcomes: Outcomes,
        ended_prompts: EndedPrompts,
        writes: Writes,
        clean_up: Callable[[Collection[str], Collection[str]], object],
        poll: Poll,
        reached_the_end: Callable[[LoopKey, Item, float], object],
    ) -> None:
        """`reached_the_end` is told of the ends that have waited, and when they were."""
        self._store = store
        self._host = host
        self._transactions = transactions
        self._memory = transactions.memory
        self._loops = loops
        self._outcomes = outcomes
        self._ended_prompts = ended_prompts
        self._writes = writes
        self._clean_up = clean_up
        self._poller = poll(self.reconcile_all)
        self._reached_the_end = reached_the_end
        # While the model works on the next image. Left to the regular looks, the prompt's own
        # thread has to do it as often as not, between two images.
        writes.when_written(self._poller.hurry)

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
        over: defaultdict[Prompt, list[Over]] = defaultdict(list)
        goes_on: set[Prompt] = set()
        for each in keys:
            self._reconcile_kept(each)
            self.note_ends(each)
            for item in self._outcomes.to_look_at(each):
                if item.claim is not None:
                    outcome = self._outcomes.of(each, item)
                    if outcome is None:
                        goes_on.add(item.claim.prompt)
                    else:
                        over[item.claim.prompt].append(Over(each, item, item.claim, outcome))
        for prompt in goes_on:
            over.pop(prompt, None)
        ended = [each for together in over.values() for each in together]
        gone = {one.claim.server for one in ended if one.claim.server != self._host.server}
        if gone:
            self._clean_up_behind(gone)
        for together in over.values():
            self._ended_prompts.reconcile(together)
        for each in in_order(one.key for one in ended):
            self._loops.note_completion(each)
        for each in keys:
            self._outcomes.note_lost(each)

    def note_ends(self, key: LoopKey) -> None:
        """Write down which prompts here have reached Loop End, in a transaction."""
        for item in self._store.at_hand(key):
            at = self._outcomes.end_waits_since(key, item)
            if at is not None:
                self._reached_the_end(key, item, at)

    def _reconcile_kept(self, key: LoopKey) -> None:
        """Reconcile what prompts of this server do in the batch before, while that is kept.

        Another server may put it back. An image whose prompt has ended by then waits: if it were
        still claimed, nobody would look how that prompt has ended.
        """
        entry = self._store.load(key)
        if entry is None:
            return
        if entry.kept_at is None:
            if not self._memory[key].kept_turns:
                return
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
        ended = {key: set(filter(self._outcomes.is_over, awaited[key])) for key in awaited}
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

    @in_transaction(beside=True)
    def _reconcile_ended(self, key: LoopKey, ended: Collection[Turn]) -> None:
        """Reconcile a loop, and stop waiting for the outcomes of turns that have `ended`.

        A turn stays while a result of what goes together with it is still being written.
        """
        self.reconcile(key)
        # Also those whose items were given back or started over before: they are not open.
        is_open = {item.claim.prompt for item in self._store.at_hand(key) if item.claim}
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

    def _clean_up_behind(self, gone: Collection[str]) -> None:
        """Have unfinished files of servers that have ended deleted, if there may be any."""
        folders = {os.path.dirname(target) for target in self._store.open_outputs()}
        if folders:
            self._transactions.after_commit(lambda: self._clean_up(folders, gone))
