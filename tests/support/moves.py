"""Brings items to the state that a test needs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from batch_loop.core.model.items import Item, ItemState
from batch_loop.core.model.loop_key import LoopKey
from batch_loop.core.store.interface import Store


def moved(store: Store, key: LoopKey, item: Item, state: ItemState, **changes: Any) -> Item:
    """Bring `item` to `state`, with `changes` to its other fields."""
    return store.put(key, item, replace(item, state=state, **changes))
