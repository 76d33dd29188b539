"""What a store knows of all items of a loop, as a transaction sees it."""

from __future__ import annotations

from batch_loop.core.model.loop_key import LoopKey
from batch_loop.core.model.records import ReportedItem
from batch_loop.core.store.interface import Store


def reported(store: Store, key: LoopKey) -> list[ReportedItem]:
    """Every item of the listing in order, with the files that it wrote; in a transaction."""
    return store.page(key, 0, store.counts(key).total, failed=False)
