"""A store that lasts as long as the process, and one that refuses."""

from __future__ import annotations

import heapq
import os
import secrets
from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from ..common.errors import StateNotKept
from ..model.state import (
    NOTHING_CARRIED,
    Carried,
    Claim,
    Counts,
    Item,
    ItemState,
    KnownResult,
    LoopKey,
    ReportedItem,
    Written,
    check_transition,
)
from .store import OPEN, UNLISTED, ListedLoop, LoopEntry, NewListing, ends_in_vain

T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")


class _Undo:
    """What undoes the changes of a transaction; nothing is noted where there is none."""

    def __init__(self) -> None:
        self._steps: list[Callable[[], object]] | None = None

    @contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """Undo what is changed inside if an exception leaves it, the newest first."""
        if self._steps is not None:
            yield
            return
        steps = self._steps = []
        try:
            yield
        except BaseException:
            self._steps = None
            for step in reversed(steps):
                step()
            raise
        finally:
            self._steps = None

    def by(self, step: Callable[..., object], *given: Any) -> None:
        """Note what undoes the change that is made next."""
        if self._steps is not None:
            self._steps.append(partial(step, *given))

    def put(self, mapping: dict[K, V], key: K, value: V) -> None:
        """Set an entry of a mapping."""
        if key in mapping:
            self.by(mapping.__setitem__, key, mapping[key])
        else:
            self.by(mapping.pop, key, None)
        mapping[key] = value

    def take(self, mapping: dict[K, V], key: K) -> V | None:
        """Take an entry out of a mapping: what it was."""
        if key not in mapping:
            return None
        self.by(mapping.__setitem__, key, mapping[key])
        return mapping.pop(key)

    def add(self, values: set[V], value: V) -> None:
        """Add to a set."""
        if value not in values:
            self.by(values.discard, value)
            values.add(value)

    def discard(self, values: set[V], value: V) -> None:
        """Take out of a set."""
        if value in values:
            self.by(values.add, value)
            values.discard(value)


class _Items:
    """The items of one loop, with what makes each look-up cheap."""

    def __init__(self, paths: Sequence[str]) -> None:
        # Only those that a prompt has had: making a hundred thousand items takes a while.
        self.known: dict[str, Item] = {}
        # What is told of each item: the files that it wrote in this batch, or found there.
        self.written: defaultdict[str, set[str]] = defaultdict(set)
        self.open: set[str] = set()
        self._list(paths)

    def _list(self, paths: Sequence[str]) -> None:
        self.order = list(paths)
        self.places = {path: index for index, path in enumerate(self.order)}
        self.counts = dict.fromkeys(ItemState, 0) | {ItemState.PENDING: len(self.order)}
        # A heap, as it is in order.
        self.pending = list(range(len(self.order)))
        self.failed: list[int] = []

    def get(self, path: str) -> Item | None:
        index = self.places.get(path)
        return self.known.get(path) or (None if index is None else Item(path, index))

    def at(self, index: int) -> Item:
        path = self.order[index]
        return self.known.get(path) or Item(path, index)

    def relisted(self, paths: Sequence[str]) -> _Items:
        """The same items in another listing."""
        other = _Items(())
        before = {path: Item(path, UNLISTED) for path in self.order} | self.known
        other.known = {path: replace(item, index=UNLISTED) for path, item in before.items()}
        other.written = self.written
        # An open item outlives its place in the listing: its prompt is still to end.
        other.open = {path for path, item in before.items() if item.state in OPEN}
        for path in paths:
            other.append(path)
        return other

    def append(self, path: str) -> None:
        index = len(self.order)
        known = self.known.get(path)
        item = Item(path, index) if known is None else replace(known, index=index)
        self.order.append(path)
        self.places[path] = index
        self.known[path] = item
        self.enter(item)

    def take_last(self, before: Item | None) -> None:
        """Undo `append`, of an item that was known as `before`."""
        path = self.order.pop()
        del self.places[path]
        self.leave(self.known.pop(path))
        if before is not None:
            self.known[path] = before
            self.enter(before)

    def enter(self, item: Item) -> None:
        """Enter `item` where its state belongs."""
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
        """Take `item` out of where its state has it."""
        self.open.discard(item.path)
        if item.index == UNLISTED:
            return
        self.counts[item.state] -= 1
        if item.state is ItemState.PENDING:
            self._leave_pending(item.index)
        elif item.state is ItemState.FAILED:
            del self.failed[bisect_left(self.failed, item.index)]

    def _leave_pending(self, index: int) -> None:
        """Take an index out of those that are pending: mostly it is the first."""
        if self.pending[0] == index:
            heapq.heappop(self.pending)
        else:
            self.pending.remove(index)
            heapq.heapify(self.pending)

    def reported(self, indexes: Iterable[int]) -> list[ReportedItem]:
        items = map(self.at, indexes)
        return [(item, tuple(sorted(self.written.get(item.path, ())))) for item in items]

    def put(self, old: Item, new: Item) -> Item:
        self.leave(old)
        self.known[new.path] = new
        self.enter(new)
        return new


@dataclass(frozen=True)
class _File:
    """A file that an item wrote."""

    key: LoopKey
    path: str
    batch: int
    name: str
    whole: bool = False


class MemoryStore:
    """A store that lasts as long as the process."""

    is_of_one_machine = True

    def __init__(self, forgets: str = "") -> None:
        """`forgets` says why there is no other store, to those who did not ask for this one."""
        self.forgets = forgets
        self._id = secrets.token_hex(16)
        self._undo = _Undo()
        self._entries: dict[LoopKey, LoopEntry] = {}
        self._items: dict[LoopKey, _Items] = {}
        self._ids: dict[str, LoopKey] = {}
        self._carried: dict[LoopKey, Carried] = {}
        # Who wrote a file last, and the files of each item, in all batches.
        self._files: dict[str, _File] = {}
        self._written: defaultdict[LoopKey, defaultdict[str, set[str]]] = defaultdict(
            lambda: defaultdict(set)
        )

    def transaction(self) -> AbstractContextManager[None]:
        return self._undo.all_or_nothing()

    def at_hand(self, read: Callable[[], T]) -> T | None:
        return read()

    def close(self) -> None:
        pass

    def id(self) -> str:
        return self._id

    # No other server has a claim here.

    def renew(self, server: str, seconds: float) -> None:
        pass

    def renew_beside(self, server: str, seconds: float) -> None:
        pass

    def leases(self) -> Mapping[str, float]:
        return {}

    def release(self, server: str) -> None:
        pass

    def load(self, key: LoopKey) -> LoopEntry | None:
        return self._entries.get(key)

    def save(self, key: LoopKey, entry: LoopEntry) -> None:
        self._undo.put(self._entries, key, entry)
        self._undo.put(self._ids, key.id, key)

    def find(self, loop_id: str) -> LoopKey | None:
        return self._ids.get(loop_id)

    def loops(self) -> list[LoopKey]:
        return list(self._entries)

    def listed_loops(self) -> list[ListedLoop]:
        found = []
        # What somebody may add to meanwhile is copied, each in one step.
        for key, entry in list(self._entries.items()):
            items = self._items.get(key)
            if items is None:  # it is being forgotten
                continue
            first = items.pending[:1]
            known = items.known.get(items.order[first[0]]) if first else None
            found.append(
                ListedLoop(
                    key,
                    entry.batch,
                    entry.seconds,
                    entry.finished,
                    entry.ran_at,
                    _counted(items.counts.copy(), entry),
                    tuple(items.known[path] for path in items.open.copy()),
                    stopped=known is not None and known.failure is not None,
                )
            )
        return found

    def forget(self, key: LoopKey) -> None:
        self._undo.take(self._entries, key)
        self._undo.take(self._items, key)
        self._undo.take(self._ids, key.id)
        self._undo.take(self._carried, key)
        written = self._undo.take(self._written, key)
        if written is None:
            return
        for target in [target for targets in written.values() for target in targets]:
            self._undo.take(self._files, target)

    # Nothing is written anywhere: all is taken at once.

    def is_large(self, key: LoopKey, number: int, *, keeps: bool) -> bool:  # noqa: ARG002
        return False

    def new_listing(
        self,
        key: LoopKey,
        name: str,
        server: str,  # noqa: ARG002
        *,
        keeps: bool,  # noqa: ARG002
    ) -> NewListing:
        return NewListing(key, name)

    def write_listing(self, new: NewListing, first: int, paths: Sequence[str]) -> None:
        pass

    def write_unlisted(self, new: NewListing, after: str) -> str | None:  # noqa: ARG002
        return None

    def finish_listing(self, new: NewListing) -> None:
        pass

    def takes(self, new: NewListing) -> bool:  # noqa: ARG002
        return True

    def spare_listings(self) -> Mapping[str, str]:
        return {}

    def delete_some(self, listing: str) -> bool:  # noqa: ARG002
        return False

    def begin(
        self,
        key: LoopKey,
        paths: Sequence[str],
        new: NewListing | None = None,  # noqa: ARG002
    ) -> None:
        for item in self.open_items(key):
            self._note_not_whole(key, item.path)
        self._undo.put(self._items, key, _Items(paths))
        self._undo.take(self._carried, key)

    def relist(
        self,
        key: LoopKey,
        paths: Sequence[str],
        new: NewListing | None = None,  # noqa: ARG002
    ) -> None:
        # In one step, as others may look meanwhile.
        self._undo.put(self._items, key, self._items[key].relisted(paths))

    def append(self, key: LoopKey, *paths: str) -> None:
        items = self._items[key]
        for path in paths:
            if path not in items.places:
                before = items.known.get(path)
                items.append(path)
                self._undo.by(items.take_last, before)

    def claim(self, key: LoopKey, claim: Claim) -> Item | None:
        items = self._items[key]
        if not items.pending:
            return None
        item = items.at(items.pending[0])
        check_transition(item.path, item.state, ItemState.RUNNING)
        return self._put(items, item, replace(item, state=ItemState.RUNNING, claim=claim))

    def first_together(self, keys: Sequence[LoopKey]) -> int | None:
        pending = [self._items[key].pending for key in keys]
        return min(set(pending[0]).intersection(*pending[1:]), default=None)

    def item_at(self, key: LoopKey, place: int) -> Item | None:
        items = self._items[key]
        return items.at(place) if place < len(items.order) else None

    def first_pending(self, key: LoopKey, but: int = 0) -> str | None:
        items = self._items[key]
        first = heapq.nsmallest(but + 1, items.pending) if but else items.pending[:1]
        return items.order[first[but]] if len(first) > but else None

    def move(self, key: LoopKey, item: Item, state: ItemState, **changes: Any) -> Item:
        check_transition(item.path, item.state, state)
        if ends_in_vain(item, state):
            self._note_not_whole(key, item.path)
        return self._put(self._items[key], item, replace(item, state=state, **changes))

    def _put(self, items: _Items, old: Item, new: Item) -> Item:
        items.put(old, new)
        self._undo.by(items.put, new, old)
        return new

    def item(self, key: LoopKey, path: str) -> Item | None:
        items = self._items.get(key)
        return None if items is None else items.get(path)

    def paths_beside(self, key: LoopKey) -> Collection[str]:
        items = self._items.get(key)
        # Copied in one step: somebody may add to it meanwhile.
        return set() if items is None else set(items.order.copy())

    def open_items(self, key: LoopKey) -> list[Item]:
        items = self._items.get(key)
        return [] if items is None else [items.known[path] for path in items.open]

    def counts(self, key: LoopKey) -> Counts:
        return _counted(self._items[key].counts, self._entries.get(key))

    def failures(self, key: LoopKey, most: int) -> tuple[Item, ...]:
        items = self._items[key]
        return tuple(items.at(index) for index in items.failed[:most])

    def retry(self, key: LoopKey) -> int:
        items = self._items[key]
        failed = [items.at(index) for index in items.failed]
        for item in failed:
            self.move(key, item, ItemState.PENDING, attempts=0, failure=None)
        return len(failed)

    def report(self, key: LoopKey) -> list[ReportedItem]:
        items = self._items[key]
        return items.reported(range(len(items.order)))

    def page(self, key: LoopKey, start: int, most: int, *, failed: bool) -> list[ReportedItem]:
        items = self._items[key]
        indexes: Sequence[int] = items.failed if failed else range(len(items.order))
        return items.reported(indexes[start : start + most])

    def outputs(self, key: LoopKey, path: str) -> tuple[str, ...]:
        return tuple(sorted(self._items[key].written.get(path, ())))

    def carry(self, key: LoopKey, value: Any) -> None:
        self._undo.put(self._carried, key, Carried(value))

    def carried(self, key: LoopKey) -> Carried:
        return self._carried.get(key, NOTHING_CARRIED)

    def note_output(
        self, key: LoopKey, target: str, path: str, *, file: str | None = None, kept: bool = False
    ) -> bool:
        name = file or target
        if not kept:
            self._forget_file(target)
            is_open = path in self._items[key].open
            new = _File(key, path, self._entries[key].batch, name, whole=is_open)
            self._undo.put(self._files, target, new)
            self._undo.add(self._written[key][path], target)
        self._undo.add(self._items[key].written[path], name)
        return True

    def forget_output(self, key: LoopKey, target: str) -> None:
        file = self._files.get(target)
        if file is not None and file.key == key:
            self._forget_file(target)

    def _forget_file(self, target: str) -> None:
        file = self._undo.take(self._files, target)
        if file is not None:
            self._undo.discard(self._written[file.key][file.path], target)
            self._undo.discard(self._items[file.key].written[file.path], file.name)

    def _note_not_whole(self, key: LoopKey, path: str) -> None:
        """Note that what an item has written in this batch may not be all that there should be."""
        for target in self._written[key][path]:
            file = self._files[target]
            if file.batch == self._entries[key].batch:
                self._undo.put(self._files, target, replace(file, whole=False))

    def writer(self, key: LoopKey, target: str) -> Written | None:  # noqa: ARG002
        file = self._files.get(target)
        if file is None:
            return None
        under_way = file.path in self._items[file.key].open
        return Written(file.key.id, file.path, file.batch, under_way)

    def written(self, key: LoopKey, path: str) -> tuple[str, ...]:
        return tuple(sorted(self._files[target].name for target in self._written[key][path]))

    def results_below(self, key: LoopKey, folder: str) -> set[str]:
        start, batch = os.path.join(folder, ""), self._entries[key].batch
        return {
            target
            for targets in self._written[key].values()
            for target in targets
            if target.startswith(start) and self._files[target].batch == batch
        }

    def written_below_beside(self, folder: str, after: str = "") -> Iterator[KnownResult]:
        if after:
            return iter(())
        start = os.path.join(folder, "")
        # Copied in one step: somebody may add to it meanwhile.
        files = self._files.copy()
        found = [
            KnownResult(
                target, file.key.id, file.key.directory, file.path, file.batch, self._is_whole(file)
            )
            for target, file in files.items()
            if target.startswith(start)
        ]
        return iter(found)

    def _is_whole(self, file: _File) -> bool:
        entry, item = self._entries.get(file.key), self.item(file.key, file.path)
        is_of_present = entry is not None and entry.batch == file.batch
        is_done = item is not None and item.state is ItemState.DONE
        return file.whole and (is_done or not is_of_present)

    def open_outputs(self) -> set[str]:
        return {
            self._files[target].name
            for key, items in self._items.items()
            for path in items.open
            for target in self._written[key].get(path, ())
        }


def _counted(numbers: Mapping[ItemState, int], entry: LoopEntry | None) -> Counts:
    counts = {state.value: number for state, number in numbers.items()}
    return Counts(**counts, unpaired=0 if entry is None else entry.unpaired)


class RefusingStore(MemoryStore):
    """Stands for a database that cannot be used: says so whenever anything is asked of it."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self._reason = reason

    def transaction(self) -> AbstractContextManager[None]:
        raise StateNotKept(self._reason)

    def at_hand(self, read: Callable[[], T]) -> T | None:  # noqa: ARG002
        return None

    def listed_loops(self) -> list[ListedLoop]:
        raise StateNotKept(self._reason)

    def paths_beside(self, key: LoopKey) -> Collection[str]:  # noqa: ARG002
        raise StateNotKept(self._reason)
