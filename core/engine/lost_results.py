"""Results that are gone when they are needed: their images are to be done again."""

from __future__ import annotations

from collections.abc import Collection
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
    """Notes that results of a batch are gone."""

    @in_transaction(patient=True)
    def results_gone(self, key: LoopKey, batch: int, paths: Collection[str], node: str) -> None:
        """Note that items have lost a result that `node` needs: those that are DONE are FAILED.

        So Retry failed does them again, and nothing else. What they were handed out with goes with
        them. Nothing is noted if the loop has begun another batch since.
        """
        lost = Failure(_REASON, node, ASSEMBLE_VIDEO)
        group = self._loops.group(key)
        self._loops.take(group)
        entry = self._store.load(key)
        if entry is None or entry.batch != batch:
            return
        for path in paths:
            item = self._store.item(key, path)
            if item is None or item.state is not ItemState.DONE:
                continue
            self._lost(key, item, lost)
            for other in group:
                partner = None if other == key else self._store.item_at(other, item.index)
                if partner is not None and partner.state is ItemState.DONE:
                    beside = replace(lost, reason=together_with(key, path, _REASON))
                    self._lost(other, partner, beside)

    def _lost(self, key: LoopKey, item: Item, failure: Failure) -> None:
        self._items.happens(key, item, Event(On.RESULT_GONE, failure=failure))
        if item.lost_transparency:
            # It counts once more when it is done again.
            known = self._loops.entry(key).lost_transparency
            self._loops.save(key, lost_transparency=known - 1)
