"""What leaves a batch, as its source no longer has it: a removed file or row, a lost companion.

What is done stays, as a workflow may move finished images away, but for windows of a film.
What has left is still known, and comes back if its source has it again: DONE as it was, or else to
be tried, as PENDING. In a range, as many entries join as have left it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import islice

from ...model.item_life import Event, On
from ...model.items import Item, ItemState
from ...model.loop_key import FRAMES, LoopKey
from ...model.selection import Selection, SortBy
from ...sources.rows import TEXT, VARIANTS_OPTION, but_for_text
from ...sources.variants import variants_of
from ...store.interface import Store
from ...store.records import LoopEntry
from ..changes.loops import Items, Loops
from .due_listings import Due, Listing, Why
from .own_results import OwnResults


class Leaving:
    """Takes out of batches what is gone; every method must be called inside a transaction."""

    def __init__(self, store: Store, loops: Loops, items: Items, own_results: OwnResults) -> None:
        self._store = store
        self._loops = loops
        self._items = items
        self._own_results = own_results

    def due(self, key: LoopKey, entry: LoopEntry) -> Due | None:
        """The listing that shows which FAILED items are gone; None if none has failed.

        Nor where more of a range is to be listed: what follows is known by its places.
        """
        if not self._store.counts(key).failed or (entry.selection.has_range and entry.to_list):
            return None
        return Due(Why.LEAVE, key, entry.selection, entry.batch, leaves=True)

    def due_of(self, key: LoopKey, path: str) -> Due:
        """The listing that shows whether an item is gone that a prompt has."""
        entry = self._loops.entry(key)
        return Due(Why.LEAVE, key, entry.selection, entry.batch, leaves=True, at=path)

    def leave(self, listing: Listing) -> bool:
        """Have what is gone leave a batch; returns False if the batch has changed meanwhile."""
        key, known = listing.due.key, listing.before
        if not listing.gone:
            return True
        before = self._store.counts(key)
        # What was appended leaves a listing its id.
        if (self._store.listing(key), before.listed) != (known.listing, len(known.states)):
            return False
        stands = self._store.standing(key, listing.gone)
        leaves = listing.due.may_leave(stands)
        if len(leaves) < len(listing.gone):
            # Prompts were given some meanwhile. A large listing is already written without them.
            if listing.new is not None:
                return False
            listing = replace(listing, gone=leaves)
        self._store.relist(key, listing.kept, listing.new)
        self._items.retry_left(
            key, [path for path in leaves if stands.states[path] is ItemState.FAILED]
        )
        self._loops.save(key, finished=listing.finished, lacking=listing.lacking)
        self._loops.times_leave(key, before)
        if listing.due.selection.has_range:
            following = self._own_results.without(key, listing.paths)
            self.bring_in(key, _following(listing, leaves, following))
        elif key.kind == FRAMES and not self._loops.entry(key).to_list:
            self.bring_in(key, listing.paths)
        return True

    def bring_in(self, key: LoopKey, paths: Sequence[str]) -> None:
        """Append items, of which some may be known: what had failed before it left is tried."""
        self._items.retry_left(key, paths)
        self._store.append(key, *paths)

    def due_anew(self, key: LoopKey, selection: Selection, *, in_parts: bool) -> Due:
        """The listing of all items, for a batch whose settings, or whose source, have changed.

        Where only their order is another, what is done stays in it. Not in a range, which counts
        items, and no row that is typed no longer.
        """
        entry = self._loops.entry(key)
        before = entry.selection
        is_typed_anew = dict(before.options).get(TEXT) != dict(selection.options).get(TEXT)
        stays = in_parts and not (selection.has_range or is_typed_anew)
        stays = stays and _are_same(before, selection)
        return Due(Why.RELIST, key, selection, entry.batch, leaves=stays)

    def stays(self, key: LoopKey, selection: Selection) -> list[str]:
        """What has lost its result stays in a batch that is listed anew, with a selection.

        But not where its settings leave out others: then what was done leaves, too.
        """
        before = self._loops.entry(key).selection
        return self._store.lost(key) if _are_same(before, selection) else []

    def failed(self, key: LoopKey, selection: Selection, paths: Sequence[str]) -> Collection[str]:
        """What has failed, and leaves a batch that is listed anew, with a selection, as `paths`.

        Not where its settings leave out others: what these leave out keeps its state.
        """
        if not _are_same(self._loops.entry(key).selection, selection):
            return []
        failed = self._store.failed(key)
        return set(failed).difference(paths) if failed else []

    def give_back(self, listing: Listing, item: Item) -> bool | None:
        """Have an item leave that a prompt has; False, with nothing changed, if it is not gone.

        None, with nothing changed, if the batch has changed meanwhile.
        """
        key = listing.due.key
        if item.path not in listing.gone:
            return False
        if not self.leave(listing):
            return None
        left = self._store.item(key, item.path)
        if left is not None:
            self._items.happens(key, left, Event(On.STOPPED))
        return True


def _are_same(one: Selection, other: Selection) -> bool:
    """Whether selections differ at most by the order in which their items come.

    Or by the rows that are typed, which are others whenever one was edited.
    """
    return one == other or _which(one) == _which(other)


def _which(selection: Selection) -> tuple[Selection, frozenset[str]]:
    """A selection without what only says the order, and the labels of its variants."""
    which = but_for_text(selection)
    if which.has_range:
        return which, frozenset()
    variants = variants_of(which)
    options = tuple(each for each in which.options if each[0] != VARIANTS_OPTION)
    which = replace(which, sort_by=SortBy.NATURAL, descending=False, options=options)
    return which, frozenset(() if variants is None else variants.labelled)


def _following(listing: Listing, leaves: Collection[str], found: Sequence[str]) -> list[str]:
    """What joins a range that items leave: as many entries as it has nothing of any more.

    They are the first that the range has now, and the batch has nothing of: so what is done keeps
    its place, and is not done again, wherever it has been moved.
    """
    key = listing.due.key
    kept = set(map(key.entry, listing.kept)) if key.has_variants else frozenset[str]()
    places = len({*map(key.entry, leaves)}.difference(kept))
    entries = (entry for entry in dict.fromkeys(map(key.entry, found)) if entry not in kept)
    joining = set(islice(entries, places))
    return [path for path in found if key.entry(path) in joining]
