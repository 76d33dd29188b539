"""The items of one loop in memory, indexed for cheap look-ups."""

from __future__ import annotations

import heapq
from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain

from ..common.natural_order import in_natural_order
from ..common.pace import parts_of
from ..model.item_life import OPEN
from ..model.items import Item, ItemState
from ..model.records import ReportedItem
from .records import UNLISTED, Standing, new_listing_id

_NONE: frozenset[str] = frozenset()


class ItemTable:
    """The items of one loop."""

    def __init__(self, paths: Sequence[str]) -> None:
        self.listing = new_listing_id()
        # Only items that a prompt has had: creating 100,000 objects takes a while.
        self.known: dict[str, Item] = {}
        # The files shown with each item: it wrote them in this batch, or they existed before.
        self.written: defaultdict[str, set[str]] = defaultdict(set)
        self.open: set[str] = set()
        self._list(paths)

    def _list(self, paths: Sequence[str]) -> None:
        self.order = list(paths)
        self.places = {path: index for index, path in enumerate(self.order)}
        self.counts = dict.fromkeys(ItemState, 0) | {ItemState.PENDING: len(self.order)}
        # A heap, as any sorted list is.
        self.pending = list(range(len(self.order)))
        self.failed: list[int] = []

    def get(self, path: str) -> Item | None:
        """The item at a relative path."""
        index = self.places.get(path)
        return self.known.get(path) or (None if index is None else Item(path, index))

    def at(self, index: int) -> Item:
        """The item at a place of the listing."""
        path = self.order[index]
        return self.known.get(path) or Item(path, index)

    def is_pending(self, index: int) -> bool:
        """Whether there is a place in the listing, whose item is PENDING."""
        return index < len(self.order) and self.at(index).state is ItemState.PENDING

    def pending_in_order(self) -> Iterator[int]:
        """The places of the PENDING items, from the first on; each takes next to no time."""
        # The places whose turn may be next, each with where the heap has it.
        next_ones = [(place, 0) for place in self.pending[:1]]
        while next_ones:
            place, at = heapq.heappop(next_ones)
            yield place
            for child in (2 * at + 1, 2 * at + 2):
                if child < len(self.pending):
                    heapq.heappush(next_ones, (self.pending[child], child))

    def relisted(self, paths: Sequence[str]) -> ItemTable:
        """The same items with another listing."""
        other = ItemTable(())
        before = {path: Item(path, UNLISTED) for path in self.order} | self.known
        other.known = {path: replace(item, index=UNLISTED) for path, item in before.items()}
        other.written = self.written
        # An open item outlives its place in the listing, as its prompt has yet to end.
        other.open = {path for path, item in before.items() if item.state in OPEN}
        for path in paths:
            other.append(path)
        return other

    def keep_undone(self, before: ItemTable) -> None:
        """Take over the turns of the items that the batch before leaves undone."""
        for path, item in before.known.items():
            if item.undone:
                index = self.places.get(path, UNLISTED)
                self.known[path] = Item(path, index, turns=item.turns)

    def note_undone(self, since: ItemTable) -> None:
        """Take over the turns of the items that a batch since leaves undone."""
        for path, item in since.known.items():
            if item.undone:
                own = self.get(path) or Item(path, UNLISTED)
                self.known[path] = replace(own, turns=item.turns)

    def append(self, path: str) -> None:
        """Append a path that the listing lacks; a known item keeps its state."""
        index = len(self.order)
        known = self.known.get(path)
        item = Item(path, index) if known is None else replace(known, index=index)
        self.order.append(path)
        self.places[path] = index
        self.known[path] = item
        self.enter(item)

    def take_last(self, before: Item | None) -> None:
        """Undo the last `append`; `before` is the item as it was known then."""
        path = self.order[-1]
        # The indexes first, as another thread may be going from an index to its item.
        self.leave(self.known[path])
        del self.known[path], self.places[path], self.order[-1]
        if before is not None:
            self.known[path] = before
            self.enter(before)

    def enter(self, item: Item) -> None:
        """Index `item` by its state."""
        if item.state in OPEN:
            self.open.add(item.path)
        if item.index == UNLISTED:
            return
        self.counts[item.state] += 1
        if item.state is ItemState.PENDING:
            heapq.heappush(self.pending, item.index)
        elif item.state is ItemState.FAILED:
            insort(self.failed, item.index)

    def leave(self, item: Item) -> None:
        """Undo `enter`."""
        self.open.discard(item.path)
        if item.index == UNLISTED:
            return
        self.counts[item.state] -= 1
        if item.state is ItemState.PENDING:
            self._leave_pending(item.index)
        elif item.state is ItemState.FAILED:
            del self.failed[bisect_left(self.failed, item.index)]

    def _leave_pending(self, index: int) -> None:
        """Remove an index from the heap of pending items; usually it is the first."""
        if self.pending[0] == index:
            heapq.heappop(self.pending)
        else:
            self.pending.remove(index)
            heapq.heapify(self.pending)

    def standing(self) -> Standing:
        """How all items stand; from any thread."""
        # Each is copied in one step, as the registry may change them meanwhile.
        order, known = self.order.copy(), self.known.copy()
        pending = ItemState.PENDING
        return Standing(
            self.listing,
            {path: known[path].state if path in known else pending for path in order},
            {path for path in order if path in known and known[path].is_lost},
        )

    def all_reported(self) -> list[ReportedItem]:
        """All items, each with its files; from any thread."""
        # Each is copied in one step, as the registry may change them meanwhile.
        order, known, written = self.order.copy(), self.known.copy(), self.written.copy()
        paths = chain.from_iterable(parts_of(order))
        return [
            (
                known.get(path) or Item(path, index),
                in_natural_order(written.get(path, _NONE).copy()),
            )
            for index, path in enumerate(paths)
        ]

    def reported(self, indexes: Iterable[int]) -> list[ReportedItem]:
        """The items at these places, each with its files."""
        items = map(self.at, indexes)
        return [(item, in_natural_order(self.written.get(item.path, ()))) for item in items]

    def put(self, old: Item, new: Item) -> None:
        """Replace an item."""
        self.leave(old)
        self.known[new.path] = new
        self.enter(new)
