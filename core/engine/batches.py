"""Batches: when one begins, and what it contains."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..common.forecast import Forecast
from ..model.background_writes import Turn
from ..model.item_life import Event, On
from ..model.items import Item
from ..model.loop_key import LoopKey
from ..model.policy import DEFAULT_POLICY, IterationMode, Policy
from ..model.prompt import Prompt
from ..store.interface import Store
from ..store.records import LoopEntry
from .changes.loops import Items, Loops
from .changes.moments import END, LOOK
from .changes.transactions import Transactions
from .end_of_batch import BatchEnds
from .folders.due_listings import Due, Listed, Listing, Why, may_join
from .folders.leaving import Leaving

if TYPE_CHECKING:
    from ..model.selection import Selection


FEW_LISTED = 500
"""With fewer pending ones at hand, the next items of a batch that is listed in parts are listed."""


@dataclass(frozen=True)
class Request:
    """A Directory Iterator's request for an item."""

    key: LoopKey
    selection: Selection
    mode: IterationMode = IterationMode.CONTINUE
    policy: Policy = DEFAULT_POLICY
    without: tuple[str, ...] = ()
    """Names of the output nodes that are left out of the run, so that the image cannot be done."""
    node: str = ""
    """The Directory Iterator's id in the graph."""
    title: str = ""
    """The workflow's name; empty if not known."""
    ends_with_saver: bool = False
    """Whether no Loop End follows it there, so that savers end its items' turns."""


class Batches:
    """The batches of all loops; every method must be called inside a transaction."""

    def __init__(  # noqa: PLR0913 - what it stands on, each given once
        self,
        store: Store,
        transactions: Transactions,
        *,
        loops: Loops,
        items: Items,
        ends: BatchEnds,
        leaving: Leaving,
    ) -> None:
        self._store = store
        self._transactions = transactions
        self._memory = transactions.memory
        self._loops = loops
        self._items = items
        self._ends = ends
        self._leaving = leaving

    def prepare(self, requests: Sequence[Request], prompt: Prompt, listed: Listed) -> Due | None:
        """Prepare the loops for `requests`: relist folders and begin new batches where that is due.

        Loops whose items are handed out together start over and retry failed items together. If a
        listing is needed that is not in `listed`, nothing is done, and it is returned as due.
        """
        entries = [self._store.load(request.key) for request in requests]
        known = [(entry, one) for entry, one in zip(entries, requests, strict=True) if entry]
        anew = any(self._starts_over(entry, one, prompt) for entry, one in known)
        retries = any(
            self._is_chosen(IterationMode.RETRY_FAILED, entry, one, prompt) for entry, one in known
        )
        dues = [
            self._due(
                entry,
                request,
                prompt,
                anew=anew,
                retries=retries,
                # Which places are those of a pair is known only once both are listed.
                in_parts=len(requests) == 1,
            )
            for entry, request in zip(entries, requests, strict=True)
        ]
        dues = [None if due is None else self._due_now(due, listed) for due in dues]
        # Always in the same order, or two threads might wait for each other.
        for needed in sorted(filter(None, dues), key=lambda due: due.key.id):
            if self._taken(needed, listed) is None:
                return needed
        looks = [
            self._ends.look_before_the_last(entry, request.key, retries=retries)
            for entry, due, request in zip(entries, dues, requests, strict=True)
            # Otherwise the folder was just read for this prompt, and everything is listed.
            if entry is not None and due is None
        ]
        for look in sorted(filter(None, looks), key=lambda due: due.key.id):
            if look.key not in listed:
                return look
            self._ends.note_before_the_last(listed[look.key], look, prompt)
        for due, request in zip(dues, requests, strict=True):
            listing = None if due is None else self._taken(due, listed)
            self._prepare(request, listing, retries=retries)
        return None

    def _prepare(self, request: Request, listing: Listing | None, *, retries: bool) -> None:
        """Prepare one loop for its request, with the listing that was due, if any."""
        key, mode = request.key, request.mode
        if listing is not None and listing.due.why is Why.BEGIN:
            self.begin(listing, mode)
            return
        if listing is not None and listing.due.why is Why.RELIST:
            self._relist(listing)
        elif listing is not None and listing.due.why is Why.MORE:
            self._store.append(key, *listing.paths)
            self._loops.save(key, to_list=listing.to_list)
        elif listing is not None and listing.due.why is Why.LEAVE:
            self._leaving.leave(listing)
            self._loops.save(key, looked_at=listing.began)
        elif listing is not None:
            self._ends.join(listing)
        if retries:
            self._items.retry_failed(key)
        if self._loops.entry(key).mode is not mode:
            self._loops.save(key, mode=mode)
        self._loops.note_completion(key)

    def begin(self, listing: Listing, mode: IterationMode, *, kept_at: float | None = None) -> None:
        """Begin a batch with the files that were listed.

        `kept_at` is the time if the batch before is kept, to be put back; else None.
        """
        key = listing.due.key
        before = self._store.load(key)
        self._store.start_batch(key, listing.paths, listing.new, keep=kept_at is not None)
        self._memory.begin_batch(key, keep=kept_at is not None)
        entry = LoopEntry(
            listing.due.selection,
            listing.due.batch,
            mode,
            looked_at=listing.began,
            finished=listing.finished,
            to_list=listing.to_list,
            lacking=listing.lacking,
            ran_at=None if before is None else before.ran_at,
            partners=() if before is None else before.partners,
            kept_at=kept_at,
            title="" if before is None else before.title,
        )
        self._store.save(key, entry)
        self._memory.change(key, forecast=Forecast(listing.weights, batch=listing.due.batch))
        self._transactions.changes_state()
        self._loops.note_completion(key)

    def start_over(self, keys: Sequence[LoopKey], listed: Listed, now: float) -> Due | None:
        """Begin the loops' next batch with their current settings; returns like `prepare`.

        The batches before are kept for a while, to be put back.
        """
        entries = [self._loops.entry(key) for key in keys]
        listings = []
        for key, entry in zip(keys, entries, strict=True):
            first = 0 if len(keys) == 1 else None
            due = Due(Why.BEGIN, key, entry.selection, entry.next_batch, first=first)
            listing = self._taken(due, listed)
            if listing is None:
                return due
            listings.append(listing)
        for listing, entry in zip(listings, entries, strict=True):
            self.begin(listing, entry.mode, kept_at=now)
        return None

    def retry_failed(self, keys: Sequence[LoopKey], listed: Listed, *, looks: bool) -> Due | None:
        """Make the loops' FAILED items PENDING; returns like `prepare`.

        What their source no longer has leaves the batch instead, if somebody `looks`.
        """
        looks = looks and len(keys) == 1
        due = self._leaving.due(keys[0], self._loops.entry(keys[0])) if looks else None
        if due is not None:
            listing = self._taken(due, listed)
            if listing is None:
                return due
            self._leaving.leave(listing)
        for key in keys:
            self._items.retry_failed(key)
            self._loops.note_completion(key)
        return None

    def leave_out(self, key: LoopKey, item: Item, listed: Listed) -> bool | Due:
        """Have an item leave that a prompt has, and has found to be gone; returns whether it did.

        If a listing is needed that is not in `listed`, nothing is done, and it is returned as due.
        """
        due = self._leaving.due_of(key, item.path)
        listing = self._taken(due, listed)
        left = None if listing is None else self._leaving.give_back(listing, item)
        return due if left is None else left

    def put_back(self, key: LoopKey, goes_on: Callable[[Item], bool]) -> None:
        """Continue the batch that was kept.

        Images that prompts had then are PENDING, except those whose prompt `goes_on`.
        """
        self._store.put_back(key)
        turns = []
        for item in self._store.open_items(key):
            if item.claim is not None and goes_on(item):
                turns.append(Turn.of(key, item.claim.prompt, item))
            else:
                self._items.happens(key, item, Event(On.STOPPED))
        self._memory.put_back(key, turns)
        self._transactions.changes_state()
        self._loops.note_completion(key)

    def told_the_end(self, key: LoopKey, client_id: str | None) -> None:
        """Note that a client's own prompt has completed the batch, and tells so."""
        self._memory.change(key, clients=self._memory[key].clients.told_the_end(client_id))

    def note_client(self, request: Request, prompt: Prompt, *, knows_the_end: bool) -> None:
        """Note that a client has run, and whether that told it of the batch's end."""
        clients = self._memory[request.key].clients
        clients = clients.seen(prompt.client_id, request.mode, knows_the_end=knows_the_end)
        self._memory.change(request.key, clients=clients)

    def _due(  # noqa: PLR0913 - what decides on it
        self,
        entry: LoopEntry | None,
        request: Request,
        prompt: Prompt,
        *,
        anew: bool,
        retries: bool,
        in_parts: bool,
    ) -> Due | None:
        """The listing that a loop needs before `request` can be met."""
        key, selection, first = request.key, request.selection, 0 if in_parts else None
        if entry is None:
            return Due(Why.BEGIN, key, selection, 1, first=first)
        if anew:
            return Due(Why.BEGIN, key, selection, entry.next_batch, first=first)
        counts = self._store.counts(key)
        # With parts to come and nothing at hand, the parts that were asked for brought nothing new:
        # the source has changed since its first ones were listed.
        is_stuck = entry.to_list > 0 and (counts.pending == 0 or not in_parts)
        if entry.selection != selection or is_stuck:
            return self._leaving.due_anew(key, selection, in_parts=in_parts)
        if entry.to_list > 0 and counts.pending < FEW_LISTED:
            return Due(Why.MORE, key, selection, entry.batch, first=counts.listed)
        is_new_run = entry.completed_at is not None and self._memory.moments.is_before(
            key, LOOK, entry.looked_at, prompt
        )
        if is_new_run and not retries and may_join(key, selection):
            return Due(Why.JOIN, key, selection, entry.batch, leaves=in_parts)
        # In a pair items go by their places.
        leaves = in_parts and (is_new_run or retries)
        return self._leaving.due(key, entry) if leaves else None

    def _due_now(self, due: Due, listed: Listed) -> Due:
        """`due`; or in place of a later part all items, if the source has changed since the first.

        Their places are then no longer those that they had.
        """
        listing = listed.get(due.key)
        if due.why is not Why.MORE or listing is None:
            return due
        all_again = self._leaving.due_anew(due.key, due.selection, in_parts=True)
        if listing.due == all_again:
            return all_again
        if listing.due != due or not listing.is_part:
            return due
        last = self._store.item_at(due.key, self._store.counts(due.key).listed - 1)
        return due if last is not None and last.path == listing.follows else all_again

    def _relist(self, listing: Listing) -> None:
        """Give the current batch another listing."""
        key, selection = listing.due.key, listing.due.selection
        stays = self._leaving.stays(key, selection)
        failed = self._leaving.failed(key, selection, listing.paths)
        self._store.relist(key, listing.paths, listing.new)
        self._store.append(key, *stays)
        if failed:
            self._items.retry_left(key, failed)
        before = self._memory[key].forecast.of(listing.due.batch)
        forecast = Forecast(listing.weights, batch=listing.due.batch).knowing(before)
        self._memory.change(key, forecast=forecast)
        self._loops.save(
            key,
            looked_at=listing.began,
            selection=selection,
            finished=listing.finished,
            lacking=listing.lacking,
            to_list=0,
        )

    def _starts_over(self, entry: LoopEntry, request: Request, prompt: Prompt) -> bool:
        if self._is_chosen(IterationMode.RESET, entry, request, prompt):
            return True
        starts_over = request.policy.starts_over(request.mode)
        return starts_over and self._is_after_the_end(entry, request.key, prompt)

    def _is_chosen(
        self, mode: IterationMode, entry: LoopEntry, request: Request, prompt: Prompt
    ) -> bool:
        """Whether this run is the one that carries out `mode`."""
        return request.mode is mode and request.policy.carries_out(
            mode,
            self._memory[request.key].clients.mode(prompt.client_id, entry.mode),
            is_after_the_end=self._is_after_the_end(entry, request.key, prompt),
        )

    def _is_after_the_end(self, entry: LoopEntry, key: LoopKey, prompt: Prompt) -> bool:
        """Whether a run was meant as a new one: submitted by a client that knew of the end."""
        return (
            entry.completed_at is not None
            and self._memory.moments.is_before(key, END, entry.completed_at, prompt)
            and self._memory[key].clients.knows_the_end(prompt.client_id)
        )

    def _taken(self, due: Due, listed: Listed) -> Listing | None:
        """The listing that is due, if it is in `listed` and the store can take it."""
        listing = listed.get(due.key)
        if listing is None or listing.due != due:
            return None
        return listing if listing.new is None or self._store.can_take(listing.new) else None
