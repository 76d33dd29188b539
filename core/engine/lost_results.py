"""Results that are gone when they are needed: their images are to be done again."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from ..common.names import ASSEMBLE_VIDEO
from ..model.item_life import Event, On
from ..model.items import Item, ItemState
from ..model.loop_key import LoopKey
from ..model.prompt import Failure
from .changes.transactions import in_transaction
from .outcomes.ended_prompts import together_with
from .parts import Parts

_REASON = "its result is gone"


class LostResults(Parts):
    """Notes that results of a batch are gone, or back."""

    @in_transaction(patient=True)
    def results_gone(self, key: LoopKey, batch: int, paths: Collection[str], node: str) -> None:
        """Note that items have lost a result that `node` needs: those that are DONE are FAILED.

        So Retry failed does them again, and nothing else. What they were handed out with goes with
        them. Nothing is noted if the loop has begun another batch since.
        """
        lost = Failure(_REASON, node, ASSEMBLE_VIDEO)

        def is_gone(of: LoopKey, item: Item, path: str) -> bool:
            if item.state is not ItemState.DONE:
                return False
            reason = _REASON if of == key else together_with(key, path, _REASON)
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
            return True

        self._each(key, batch, paths, is_back)

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


def with_loss(failure: Failure, item: Item) -> Failure:
    """Why an item cannot be read; if it was done, and has lost its result, with that."""
    if not item.is_lost:
        return failure
    return replace(failure, reason=f"{failure.reason}; {_LOST_TOO}")


_LOST_TOO = (
    "the result that it had is gone, too: put one of the two back, and press Retry failed, or "
    "press Start over to go on without it"
)
