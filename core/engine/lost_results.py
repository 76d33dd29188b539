"""Results that are gone when they are needed: their images are to be done again."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from ..common.names import ASSEMBLE_VIDEO
from ..model.background_writes import Turn
from ..model.item_life import Event, On
from ..model.items import Item, ItemState
from ..model.loop_key import LoopKey
from ..model.prompt import Failure
from ..model.records import Iteration, Partner
from .changes.loops import in_order
from .changes.transactions import in_transaction
from .end_of_turn import Turns
from .outcomes.ended_prompts import together_with

_REASON = "its result is gone"


class LostResults(Turns):
    """Notes that results of a batch are gone, or back."""

    @in_transaction(patient=True)
    def results_gone(
        self,
        key: LoopKey,
        batch: int,
        paths: Collection[str],
        node: str,
        why: str = _REASON,
    ) -> None:
        """Note that items have lost a result that `node` needs: those that are DONE are FAILED.

        So Retry failed does them again, and nothing else; `why` is the reason that they show. What
        they were handed out with goes with them. Nothing is noted if the loop has begun another
        batch since.
        """
        lost = Failure(why, node, ASSEMBLE_VIDEO)

        def is_gone(of: LoopKey, item: Item, path: str) -> bool:
            if item.state is not ItemState.DONE:
                return False
            reason = why if of == key else together_with(key, path, why)
            self._changed(of, item, Event(On.RESULT_GONE, failure=replace(lost, reason=reason)), -1)
            return True

        self._each(key, batch, paths, is_gone)

    @in_transaction(patient=True)
    def results_back(self, key: LoopKey, batch: int, paths: Collection[str]) -> None:
        """Note that all results of items are there that had lost one: they are DONE as before.

        Not those of which a prompt may have written some anew since. What they were handed out with
        comes back with them. Nothing is noted if the loop has begun another batch since.
        """

        def is_back(of: LoopKey, item: Item, _path: str) -> bool:
            if not item.may_be_back:
                return False
            self._changed(of, item, Event(On.RESULT_BACK), 1)
            self._loops.note_completion(of)
            return True

        self._each(key, batch, paths, is_back)

    @in_transaction(patient=True)
    def outputs_together(self, key: LoopKey, path: str) -> tuple[str, ...]:
        """The files that an item wrote in this batch, and those that it was handed out with."""
        item = self._store.item(key, path)
        if item is None:
            return ()
        found = list(self._store.outputs(key, path))
        for other in self._loops.group(key):
            partner = None if other == key else self._store.item_at(other, item.index)
            if partner is not None:
                found += self._store.outputs(other, partner.path)
        return tuple(found)

    def is_done_before(self, iteration: Iteration, is_there: Callable[[str], bool]) -> bool:
        """Whether an iteration's item, which cannot be read, has the results back that it had lost.

        Then it is DONE as before, and the next `acquire` of the same prompt hands out another; so
        it is with what goes together with it. `is_there` tells whether a result is at a real path.
        """
        item = iteration.item
        if item is None or not self.is_lost(iteration.key, item.path):
            return False
        outputs = self.outputs_together(iteration.key, item.path)
        if not outputs or not all(map(is_there, outputs)):
            return False
        return self._give_back_done(iteration, Partner(iteration.key, item.path))

    @in_transaction(patient=True)
    def _give_back_done(self, iteration: Iteration, own: Partner) -> bool:
        """See `is_done_before`; False, with nothing changed, if a prompt may have written some."""
        given = [own, *iteration.partners]
        self._loops.take(in_order(one.key for one in given))
        if self._loops.claimed(iteration) is None:
            return False
        items = [(one.key, self._store.item(one.key, one.path)) for one in given]
        held = [(key, item) for key, item in items if item is not None and item.is_untouched]
        if len(held) < len(given):
            return False
        for key, item in held:
            unread = self._items.happens(key, item, Event(On.UNREADABLE))
            self._changed(key, unread, Event(On.RESULT_BACK), 1)
            self._note_given_back(key, Turn.of(key, iteration.prompt, item))
        return True

    @in_transaction(patient=True)
    def is_lost(self, key: LoopKey, path: str) -> bool:
        """Whether an item was done, and has lost a result since: see `Item.is_lost`."""
        item = self._store.item(key, path)
        return item is not None and item.is_lost

    @in_transaction(patient=True)
    def are_done(self, key: LoopKey, paths: Collection[str]) -> bool:
        """Whether all of these are items of the batch, and DONE."""
        states = self._states(key, paths)
        return all(states.get(path) is ItemState.DONE for path in paths)

    def _each(
        self,
        key: LoopKey,
        batch: int,
        paths: Collection[str],
        change: Callable[[LoopKey, Item, str], bool],
    ) -> None:
        """Change items of a batch, and those that each was handed out with, if it has changed."""
        group = self._loops.group(key)
        self._loops.take(group)
        entry = self._store.load(key)
        if entry is None or entry.batch != batch:
            return
        for path in paths:
            item = self._store.item(key, path)
            if item is None or not change(key, item, path):
                continue
            for other in group:
                partner = None if other == key else self._store.item_at(other, item.index)
                if partner is not None:
                    change(other, partner, path)

    def _changed(self, key: LoopKey, item: Item, event: Event, by: int) -> None:
        self._items.happens(key, item, event)
        if item.lost_transparency:
            # It counts as long as it is done.
            known = self._loops.entry(key).lost_transparency
            self._loops.save(key, lost_transparency=known + by)
