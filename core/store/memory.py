"""The store in memory."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from itertools import islice
from typing import Any, NamedTuple, TypeVar

from ..model.item_life import Event, On, after_event, check_transition
from ..model.items import Claim, Counts, Item, ItemState
from ..model.loop_key import LoopKey
from ..model.records import NOTHING_CARRIED, Carried
from .memory_items import ItemTable
from .memory_outputs import MemoryOutputs
from .memory_outside import MemoryOutside, counts_in
from .outside import Outside
from .records import UNLISTED, LoopEntry, NewListing, Standing, gives_up, taken_by_others

T = TypeVar("T")


class _Kept(NamedTuple):
    """A batch that another one has replaced."""

    entry: LoopEntry
    items: ItemTable
    carried: Carried | None


class MemoryStore(MemoryOutputs):
    """A store that lasts as long as the process."""

    is_of_one_machine = True

    def __init__(self, forgets: str = "") -> None:
        """`forgets` says why state is kept in memory; empty if that was asked for."""
        super().__init__()
        self.forgets = forgets
        self.outside: Outside = MemoryOutside(self._entries, self._items, self)
        self._id = secrets.token_hex(16)
        self._ids: dict[str, LoopKey] = {}
        self._carried: dict[LoopKey, Carried] = {}
        self._kept: dict[LoopKey, _Kept] = {}

    def transaction(self, *, beside: str | None = None) -> AbstractContextManager[None]:  # noqa: ARG002
        return self._undo.all_or_nothing()

    def snapshot_read(self, read: Callable[[], T]) -> T | None:
        return read()

    def close(self) -> None:
        pass

    def id(self) -> str:
        return self._id

    # Leases: not needed, as no other server shares this store.

    def renew(self, server: str, seconds: float) -> None:
        pass

    def leases(self) -> Mapping[str, float]:
        return {}

    def release(self, server: str) -> None:
        pass

    # Loops.

    def load(self, key: LoopKey) -> LoopEntry | None:
        return self._entries.get(key)

    def save(self, key: LoopKey, entry: LoopEntry) -> None:
        self._undo.put(self._entries, key, entry)
        self._undo.put(self._ids, key.id, key)

    def find(self, loop_id: str) -> LoopKey | None:
        return self._ids.get(loop_id)

    def loops(self) -> list[LoopKey]:
        return list(self._entries)

    def forget(self, key: LoopKey) -> None:
        self._undo.take(self._entries, key)
        self._undo.take(self._items, key)
        self._undo.take(self._ids, key.id)
        self._undo.take(self._carried, key)
        self._undo.take(self._kept, key)
        self._forget_files(key)

    def counts(self, key: LoopKey) -> Counts:
        return counts_in(self._items[key].counts, self._entries.get(key))

    def carry(self, key: LoopKey, value: Any) -> None:
        self._undo.put(self._carried, key, Carried(value))

    def carried(self, key: LoopKey) -> Carried:
        return self._carried.get(key, NOTHING_CARRIED)

    # Listings.

    def start_batch(
        self,
        key: LoopKey,
        paths: Sequence[str],
        new: NewListing | None = None,  # noqa: ARG002
        *,
        keep: bool = False,
    ) -> None:
        for item in self.open_items(key):
            self._note_not_whole(key, item.path)
        items, before = ItemTable(paths), self._items.get(key)
        if before is not None:
            items.keep_undone(before)
            if not keep:
                self.drop_kept(key)
            elif key not in self._kept or self.counts(key).handled:
                kept = _Kept(self._entries[key], before, self._carried.get(key))
                self._undo.put(self._kept, key, kept)
        self._undo.put(self._items, key, items)
        self._undo.take(self._carried, key)

    def put_back(self, key: LoopKey) -> None:
        kept = self._undo.take(self._kept, key)
        assert kept is not None  # noqa: S101 for the type checker: the caller has looked
        # A copy, as the kept one is left alone if the transaction is undone.
        items = kept.items.relisted(kept.items.order)
        items.note_undone(self._items[key])
        taken_back = self._entries[key].batch
        self.save(key, replace(kept.entry, kept_at=None, taken_back=taken_back))
        self._undo.put(self._items, key, items)
        self._undo.take(self._carried, key)
        if kept.carried is not None:
            self._undo.put(self._carried, key, kept.carried)
        self._put_back_files(key)

    def drop_kept(self, key: LoopKey) -> bool:
        self._undo.take(self._kept, key)
        return False

    def relist(
        self,
        key: LoopKey,
        paths: Sequence[str],
        new: NewListing | None = None,  # noqa: ARG002
    ) -> None:
        # Replaced in one step, as another thread may be reading.
        self._undo.put(self._items, key, self._items[key].relisted(paths))

    def listing(self, key: LoopKey) -> str:
        return self._items[key].listing

    def can_take(self, new: NewListing) -> bool:  # noqa: ARG002
        return True

    def append(self, key: LoopKey, *paths: str) -> None:
        items = self._items[key]
        for path in paths:
            if path not in items.places:
                before = items.known.get(path)
                items.append(path)
                self._undo.by(items.take_last, before)

    # Items.

    def will_claim(self, key: LoopKey, server: str) -> None:
        """Do nothing: nothing is read."""

    def claim(self, key: LoopKey, claim: Claim) -> Item | None:
        items = self._items[key]
        if not items.pending:
            return None
        item = items.at(items.pending[0])
        return self._put(items, item, after_event(item, Event(On.ACQUIRED, claim=claim)))

    def first_pending(self, key: LoopKey, skipping: int = 0) -> str | None:
        items = self._items[key]
        place = next(islice(items.pending_in_order(), skipping, None), None)
        return None if place is None else items.order[place]

    def first_together(self, keys: Sequence[LoopKey]) -> int | None:
        # Starting with the loop that has the fewest: where one has none, nothing is looked through.
        tables = sorted((self._items[key] for key in keys), key=lambda items: len(items.pending))
        fewest, *others = tables
        places = fewest.pending_in_order()
        return next((at for at in places if all(items.is_pending(at) for items in others)), None)

    def put(self, key: LoopKey, old: Item, new: Item) -> Item:
        check_transition(old.path, old.state, new.state)
        if gives_up(old, new.state):
            self._note_not_whole(key, old.path)
        return self._put(self._items[key], old, new)

    def _put(self, items: ItemTable, old: Item, new: Item) -> Item:
        items.put(old, new)
        self._undo.by(items.put, new, old)
        return new

    def retry(self, key: LoopKey) -> int:
        items = self._items[key]
        failed = [items.at(index) for index in items.failed]
        for item in failed:
            self.put(key, item, after_event(item, Event(On.RETRIED)))
        return len(failed)

    def retry_unlisted(self, key: LoopKey, paths: Collection[str]) -> None:
        for item in map(self._items[key].known.get, paths):
            if item is not None and item.state is ItemState.FAILED and item.index == UNLISTED:
                self.put(key, item, after_event(item, Event(On.RETRIED)))

    def standing(self, key: LoopKey, paths: Collection[str]) -> Standing:
        items = self._items[key]
        found = [item for item in map(items.get, paths) if item is not None]
        return Standing(
            items.listing,
            {item.path: item.state for item in found},
            {item.path for item in found if item.is_lost},
        )

    def item(self, key: LoopKey, path: str) -> Item | None:
        items = self._items.get(key)
        return None if items is None else items.get(path)

    def item_at(self, key: LoopKey, place: int) -> Item | None:
        items = self._items[key]
        return items.at(place) if place < len(items.order) else None

    def open_items(self, key: LoopKey) -> list[Item]:
        items = self._items.get(key)
        return [] if items is None else [items.known[path] for path in items.open]

    def at_hand(self, key: LoopKey) -> list[Item]:
        return self.open_items(key)

    def taken(self, key: LoopKey, server: str) -> int:
        return taken_by_others(self.open_items(key), server)

    def kept_open_items(self, key: LoopKey) -> list[Item]:
        kept = self._kept.get(key)
        return [] if kept is None else [kept.items.known[path] for path in kept.items.open]

    def put_kept(self, key: LoopKey, old: Item, new: Item) -> None:
        check_transition(old.path, old.state, new.state)
        self._put(self._kept[key].items, old, new)

    def failures(self, key: LoopKey, most: int) -> tuple[Item, ...]:
        items = self._items[key]
        return tuple(items.at(index) for index in items.failed[:most])

    def failed(self, key: LoopKey) -> list[str]:
        items = self._items[key]
        return [items.at(index).path for index in items.failed]

    def lost(self, key: LoopKey) -> list[str]:
        items = self._items[key]
        lost = [item for item in items.known.values() if item.is_lost and item.index != UNLISTED]
        return [item.path for item in sorted(lost, key=lambda item: item.index)]
