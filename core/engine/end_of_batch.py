"""The end of a batch: which files join at the last moment, and when it is complete."""

from __future__ import annotations

from ..model.item_life import Event, On
from ..model.items import Item, ItemState
from ..model.loop_key import LoopKey
from ..model.prompt import Prompt
from ..store.interface import Store
from ..store.records import LoopEntry
from .changes.loop_memory import BeforeTheLast
from .changes.loops import Items, Loops
from .changes.moments import LOOK
from .changes.process_memory import Memory
from .folders.due_listings import Due, Listed, Listing, Why, may_join
from .folders.leaving import Leaving
from .folders.own_results import OwnResults


class BatchEnds:
    """How the batches of all loops end; every method must be called inside a transaction."""

    def __init__(  # noqa: PLR0913 - what it stands on, each given once
        self,
        store: Store,
        memory: Memory,
        *,
        loops: Loops,
        items: Items,
        own_results: OwnResults,
        leaving: Leaving,
    ) -> None:
        self._store = store
        self._memory = memory
        self._loops = loops
        self._items = items
        self._own_results = own_results
        self._leaving = leaving

    def look_before_the_last(self, entry: LoopEntry, key: LoopKey, *, retries: bool) -> Due | None:
        """The look at what else is in the folder that is due before a batch's last image.

        A file that arrives later may be a result of that image's prompt.
        """
        counts = self._store.counts(key)
        waiting = counts.waiting + (counts.failed if retries else 0)
        if waiting != 1 or entry.looked_again or not may_join(key, entry.selection):
            return None
        return Due(Why.BEFORE_THE_LAST, key, entry.selection, entry.batch)

    def note_before_the_last(self, listing: Listing, look: Due, prompt: Prompt) -> None:
        """Note what that look has found, for the prompt that is about to be given the last image.

        Nothing is noted if another look was due than the one that was taken.
        """
        if listing.due != look:
            return
        known = BeforeTheLast(
            prompt,
            look.selection,
            listing.paths,
            listing.finished,
            listing.lacking,
            listing.sights,
        )
        self._memory.change(look.key, before_the_last=known)

    def due_at_the_end(self, key: LoopKey, item: Item) -> Due | None:
        """The listing that is due when `item` is about to reach Loop End, if no other is left then.

        Only once per batch: if the workflow saves into the folder that it reads, without telling
        ComfyUI, its results must not feed it for ever. And not while the prompt of another item, on
        another server, has yet to report what it saved.
        """
        entry = self._loops.entry(key)
        if entry.looked_again or self._store.counts(key).waiting or item.claim is None:
            return None
        if any(other.path != item.path for other in self._store.open_items(key)):
            return None
        before = self._memory[key].before_the_last
        asked = item.claim.prompt, entry.selection
        if before is not None and (before.prompt, before.selection) != asked:
            before = None
        return Due(Why.JOIN_AT_THE_END, key, entry.selection, entry.batch, before)

    def join_at_the_end(self, due: Due, listed: Listed) -> bool:
        """Let files join that arrived during the batch; returns False if they are yet to be listed.

        Only those join that existed before the last image was handed out and are unchanged since.
        """
        if due.before is None:
            self._nothing_joins(due.key)
            return True
        listing = listed.get(due.key)
        if listing is None or listing.due != due:
            return False
        self._memory.change(due.key, before_the_last=None)
        self._loops.save(due.key, looked_again=True)
        self.join(listing)
        return True

    def reached_the_end(self, key: LoopKey, item: Item, at: float | None = None) -> None:
        """Note that the prompt that has an item reaches Loop End.

        Or that it reached it before, at a time of the monotonic clock.
        """
        # It is FINISHING already if the prompt has reached another Loop End before.
        if item.state is ItemState.RUNNING:
            self._items.happens(key, item, Event(On.REACHED_LOOP_END))
        self._loops.note_completion(key, at)

    def reached_the_end_late(self, key: LoopKey, item: Item, at: float) -> None:
        """The same of an end that has waited: it was `at` a time of the monotonic clock.

        No files join any more. If prompts began or ended after it, it was not the batch's last, and
        the next run looks for them; the batch is complete since then.
        """
        latest = self._loops.clock.last(key, self._loops.entry(key).times)
        if latest is not None and latest > at:
            at = latest
        elif self.due_at_the_end(key, item) is not None:
            self._nothing_joins(key, at)
        self.reached_the_end(key, item, at)

    def join(self, listing: Listing) -> None:
        """Append the new files of a listing to a batch, which what is gone leaves."""
        key = listing.due.key
        self._leaving.leave(listing)
        left_out = {"finished": listing.finished, "lacking": listing.lacking}
        self._loops.save(key, looked_at=listing.began, **left_out)
        # Some may have joined since the folder was read, or turned out to be results.
        new = self._own_results.without(key, listing.paths)
        if new:
            self._leaving.bring_in(key, new)

    def _nothing_joins(self, key: LoopKey, at: float | None = None) -> None:
        """Note that it is too late for files to join: runs sent after `at`, or now, find them."""
        looked_at = self._memory.moments.note(key, LOOK, at)
        self._loops.save(key, looked_again=True, looked_at=looked_at)
