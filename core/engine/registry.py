"""The registry: the one object that owns what is known of every loop."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from ..common.errors import (
    BatchLoopError,
    ClaimLost,
    FolderNotFound,
    InvalidSetting,
    LoopEndNotReached,
    NotNow,
    StoreAway,
    UnknownItem,
    UnknownLoop,
    UnwritableImage,
)
from ..model.prompt import Failure, Host, Prompt
from ..model.roots import NO_ROOTS, Roots
from ..model.state import (
    Arrived,
    Claim,
    ErrorHandling,
    Item,
    ItemState,
    Iteration,
    LoopKey,
    Overview,
    Page,
    Partner,
    ReportedItem,
    Snapshot,
    WhenComplete,
)
from ..model.writes import NoWrites, Turn, Writes
from ..store.records import ListedLoop
from ..store.store import Store
from .batches import Batches, Request
from .folder_watch import Watching
from .listings import Due, Listed, Lister, Listings, Sight, Why
from .loops import Loops, in_order
from .outputs import Outputs, Owner
from .reconcile import Settling, together_with
from .spare_listings import SpareListings
from .together import one_loop_two_listings, together
from .transactions import Refusal, Transactions, in_transaction

if TYPE_CHECKING:
    from ..model.selection import Selection


UNENDED_ALLOWED = 2
"""Prompts that may succeed on an item without reaching Loop End before that is called an error:
one is somebody trying a part of the graph, two in a row would be Auto Queue on one image."""


class LoopRegistry:
    """Every loop of the process; safe to use from any thread.

    A prompt calls `acquire`, and `end` when it reaches Loop End. The prompt's own outcome, read
    from the host, decides what becomes of the item (`settle`).
    """

    def __init__(  # noqa: PLR0913 - what it stands on, each given once
        self,
        store: Store,
        host: Host,
        lister: Lister,
        sight: Callable[[str], Sight],
        writes: Writes | None = None,
        *,
        lease_seconds: float | None = None,
        roots: Roots = NO_ROOTS,
        clean_up: Callable[[Collection[str], Collection[str]], object] | None = None,
    ) -> None:
        """`sight` tells what the file at a full path is like, to see later whether it has changed.

        `writes` tells of files that are written in the background; None: of none. A lease of
        `lease_seconds` tells other servers that this one is at work; None: there are none.
        `clean_up` is given the folders in which servers that have ended may have left unfinished
        files, and those servers, whenever their images are given back; it must not take long. None:
        nothing is done.
        """
        self._store = store
        self._host = host
        self._writes = writes or NoWrites()
        self._roots = roots
        self._transactions = Transactions(store, host)
        self._loops = Loops(store, host)
        self._outputs = Outputs(store, self._transactions, roots)
        self._watching = Watching(store, host, self._loops)
        self._settling = Settling(
            store,
            host,
            self._transactions,
            loops=self._loops,
            outputs=self._outputs,
            writes=self._writes,
            lease_seconds=lease_seconds,
            clean_up=clean_up or _leave,
        )
        self._batches = Batches(
            store,
            host,
            self._transactions,
            loops=self._loops,
            outputs=self._outputs,
            watching=self._watching,
            begun=self._settling.begin,
        )
        self._spare_listings = SpareListings(
            store, host, self._transactions, self._settling.is_gone
        )
        self._listings = Listings(
            store,
            host,
            self._transactions,
            outputs=self._outputs,
            watching=self._watching,
            moments=self._loops.moments,
            lister=lister,
            sight=sight,
            spare_listings=self._spare_listings,
            hold_lease=self._settling.hold_lease,
        )
        # What the newest prompt has asked with, of each loop.
        self._asked: tuple[Prompt | None, dict[LoopKey, Selection]] = (None, {})

    @property
    def revision(self) -> int:
        """A number that every change of state raises: Directory Iterator's fingerprint.

        Told without a wait, whatever is under way.
        """
        return self._transactions.revision

    def has_listing(self, request: Request) -> bool:
        """Whether the loop has a listing that was taken under the request's selection.

        True also where the database, which has answered before, is away for the moment: a run
        waits for it, and this is asked before the run.
        """

        def is_listed() -> bool:
            entry = self._store.load(request.key)
            return entry is not None and entry.selection == request.selection

        try:
            return self._transactions.read(is_listed)
        except StoreAway:
            return True

    def acquire(
        self, request: Request, prompt: Prompt, partners: Sequence[Request] = ()
    ) -> Iteration:
        """Hand out the next item of a loop to `prompt`, or the one that it already has.

        Settles what earlier prompts left, and begins or restarts the batch where that is due.
        The iteration's item is None when the batch is complete.

        `partners` are the requests of iterators that advance together with this one: each is
        given the item at the same place of its order, or none is given any.

        Raises:
            NoImages: a listing is due, and holds nothing.
            LoopEndNotReached: two prompts in a row succeeded on the item without Loop End.
            UnwritableImage: the result of an earlier prompt could not be written after it had
                ended, with Stop on error. The next call hands that image out again.
            FolderNotFound, InvalidSetting: the listing could not be taken, or the settings of
                two iterators do not go together.

        """
        requests = together([request, *partners])
        for each in requests:
            self._wait_for_stopped_writes(each.key)
        hand_out = partial(self._hand_out, requests, prompt)
        return self._listings.with_listings(hand_out, patient=True)

    @in_transaction(patient=True)
    def _hand_out(
        self, requests: Sequence[Request], prompt: Prompt, listed: Listed
    ) -> Iteration | Refusal | Due:
        """See `acquire`; or what has to be listed first."""
        keys = [request.key for request in requests]
        self._loops.take(self._settling.with_partners(keys))
        for request in requests:
            self._watch_if_asked(request)
            self._settling.settle(request.key)
        self._note_asked(requests, prompt)
        held = [self._held(key, prompt) for key in keys]
        if held[0] is not None:
            return self._iteration(requests, prompt, held)
        if any(held):
            raise InvalidSetting(_in_two_ways(keys[0]))
        untold = self._take_untold(keys)
        if untold is not None:
            return Refusal(UnwritableImage(untold))
        due = self._batches.prepare(requests, prompt, listed)
        due = due or self._batches.look_before_the_last(keys, prompt, listed)
        if due is not None:
            return due
        # Raised even where nothing is handed out: else ComfyUI would answer the next run from
        # its cache, and a run that is meant to start the batch over would not get here.
        self._transactions.revision += 1
        items = self._claim(requests, prompt)
        for request, item in zip(requests, items, strict=True):
            self._batches.note_client(request, prompt, knows_the_end=item is None)
        unended = next((item for item in items if item and item.unended >= UNENDED_ALLOWED), None)
        if unended is not None:
            for key, item in zip(keys, items, strict=True):
                if item is not None:
                    self._store.move(key, item, ItemState.PENDING, claim=None, unended=0)
            return Refusal(_loop_end_not_reached(unended))
        return self._iteration(requests, prompt, items)

    def _take_untold(self, keys: Sequence[LoopKey]) -> str | None:
        """What an earlier prompt could not write, if nobody was told: the first of it."""
        for key in keys:
            untold = self._settling.take_untold(key)
            if untold is not None:
                return untold
        return None

    def _watch_if_asked(self, request: Request) -> None:
        if request.policy.when_complete is WhenComplete.WATCH:
            self._watching.begin(request.key)
        else:
            self._watching.end(request.key)

    def _claim(self, requests: Sequence[Request], prompt: Prompt) -> list[Item | None]:
        """The next item of a loop, or what lies at the first place that waits in all of several."""
        keys = [request.key for request in requests]
        claim = Claim(prompt, requests[0].policy, self._host.now(), self._host.server)
        items = (
            [self._store.claim(keys[0], claim)] if len(keys) == 1 else self._claim_all(keys, claim)
        )
        is_last = len(keys) > 1 and self._store.first_together(keys) is None
        for key, item in zip(keys, items, strict=True):
            changes: dict[str, Any] = {
                "unpaired": self._store.counts(key).pending if is_last else 0,
                "partners": tuple(other.id for other in in_order(keys) if other != key),
            }
            if item is not None:
                changes["ran_at"] = claim.since
                self._settling.take_up(Turn.of(key, prompt, item), key)
            self._loops.save(key, **changes)
            self._loops.note_completion(key)
        if len(keys) > 1:
            self._settling.take_together(prompt, keys)
        return items

    def _claim_all(self, keys: Sequence[LoopKey], claim: Claim) -> list[Item | None]:
        place = self._store.first_together(keys)
        if place is None:
            return [None] * len(keys)
        waiting = [item for key in keys if (item := self._store.item_at(key, place)) is not None]
        # They fail together from now on, whatever has become of one of them alone.
        attempts = max(item.attempts for item in waiting)
        return [
            self._store.move(key, item, ItemState.RUNNING, claim=claim, attempts=attempts)
            for key, item in zip(keys, waiting, strict=True)
        ]

    def _note_asked(self, requests: Sequence[Request], prompt: Prompt) -> None:
        """Refuse a loop under other settings than those that its prompt has asked with before."""
        if self._asked[0] != prompt:
            self._asked = (prompt, {})
        asked = self._asked[1]
        for request in requests:
            if asked.setdefault(request.key, request.selection) != request.selection:
                raise InvalidSetting(one_loop_two_listings(request.key))

    def reject(
        self,
        iteration: Iteration,
        error: BatchLoopError,
        reason: str,
        partner: Partner | None = None,
    ) -> None:
        """Give back an item whose file cannot be read, or `partner`'s, which goes with it.

        With Skip on error it is FAILED for `reason`, and the next `acquire` of the same prompt
        hands out another. With Stop on error it waits for the next run, and `error` is raised.
        When the whole folder is gone, `error` a FolderNotFound, it waits in either case: no
        image is to blame. What was handed out together is given back together.
        """
        if not self._give_back(iteration, error, reason, partner):
            raise error

    @in_transaction(patient=True)
    def _give_back(
        self,
        iteration: Iteration,
        error: BatchLoopError,
        reason: str,
        partner: Partner | None,
    ) -> bool:
        """See `reject`; whether the prompt goes on with another item."""
        if iteration.item is None:
            return True
        own = Partner(iteration.key, iteration.item.path)
        to_blame = partner or own
        given = [own, *iteration.partners]
        self._loops.take(in_order(one.key for one in given))
        item = self._loops.claimed(iteration)
        if item is None or item.claim is None:
            return True
        self._transactions.revision += 1
        of_the_file = not isinstance(error, FolderNotFound)
        skip = of_the_file and item.claim.policy.error_handling is ErrorHandling.SKIP
        beside = together_with(to_blame.key, to_blame.path, reason)
        for one in given:
            item = self._store.item(one.key, one.path)
            if item is None or item.claim is None or item.claim.prompt != iteration.prompt:
                continue
            is_to_blame = one == to_blame
            changes: dict[str, Any] = {}
            if is_to_blame or skip:
                changes["failure"] = Failure(reason if is_to_blame else beside)
            self._store.move(
                one.key,
                item,
                ItemState.FAILED if skip else ItemState.PENDING,
                claim=None,
                attempts=item.attempts + of_the_file,
                **changes,
            )
            self._loops.save(one.key, ran_at=self._host.now())
            self._loops.note_completion(one.key)
            self._settling.give_back(Turn.of(one.key, iteration.prompt, item))
        return skip

    def end(self, iteration: Iteration, value: Any = None) -> None:
        """Note that the iteration's prompt has reached Loop End, and carries `value` over.

        Nothing happens for an iteration without an item, or whose loop has started over since; nor
        where only a part of the workflow runs, which finishes no item.
        """
        if self._listings.with_listings(partial(self._note_end, iteration, value), patient=True):
            self._settling.wake()

    @in_transaction(patient=True)
    def _note_end(self, iteration: Iteration, value: Any, listed: Listed) -> bool | Due:
        """See `end`; whether there was an item. Or what has to be listed first."""
        key = iteration.key
        item = self._loops.claimed(iteration)
        if item is None or item.claim is None:
            if self._loops.is_lost(iteration):
                self._settling.doubt_lease()
            return False
        if self._settling.is_part(Turn.of(key, iteration.prompt, item)):
            return False
        due = self._batches.due_at_the_end(key, item)
        if due is not None and not self._batches.join_at_the_end(due, listed):
            return due
        # ENDED already where the store has kept the change and could not say so any more.
        if item.state is ItemState.RUNNING:
            self._transactions.revision += 1
            self._store.move(key, item, ItemState.ENDED, unended=0)
        self._settling.note_end(Turn.of(key, iteration.prompt, item), key, value)
        self._loops.note_completion(key)
        if self._store.counts(key).complete:
            self._batches.told_the_end(key, iteration.prompt.client_id)
        return True

    def finish_earlier(self, iteration: Iteration) -> None:
        """Wait until what earlier prompts write in the background is written, and settle it.

        So no more than one image's results are on their way to the disk when another's are made,
        and a crash has no more than that one done again.
        """
        key = iteration.key
        if self._writes.busy(key.id):
            own = [Turn.of(key, iteration.prompt, iteration.item)] if iteration.item else []
            self._writes.wait(key.id, but=own)
            self._settling.settle_one(key)

    def finish(self, iteration: Iteration) -> Snapshot:
        """The loop as it stands; if it is complete, once all of its results are written.

        Raises:
            UnwritableImage: the iteration's own result could not be written.
            UnknownLoop: the loop is gone.

        """
        snapshot = self.snapshot(iteration.key.id)
        if not snapshot.complete:
            return snapshot
        self._writes.wait(iteration.key.id)
        if iteration.item is not None:
            failure = self._writes.failure(Turn.of(iteration.key, iteration.prompt, iteration.item))
            if failure is not None:
                raise UnwritableImage(failure.reason)
        return self.snapshot(iteration.key.id)

    @in_transaction(patient=True)
    def claim_outputs(
        self,
        iteration: Iteration,
        targets: Collection[str],
        kept: Collection[str] = (),
        *,
        result: str = "",
        replaces_own: bool = True,
    ) -> dict[str, Owner]:
        """Claim the files at real paths `targets` for the iteration's item: all of them, or none.

        Two sources may lead to one name, and one prompt may have several results; none of these,
        no source, and none of `kept`, which are the files that are there and not to be lost, may
        be lost by it. So they are claimed where each is `NEW` or `SAME`. Returns whose each is.

        `result` says which of the prompt's results it is: the same one gets the same files again.
        What the item itself wrote in an earlier batch is lost only if it `replaces_own`.
        """
        item, key = iteration.item, iteration.key
        if self._loops.is_lost(iteration):
            self._settling.doubt_lease()
            raise ClaimLost(_claim_lost(iteration))
        # It may have been started over, and then forgotten, while the prompt ran.
        if item is None or self._store.load(key) is None:
            return dict.fromkeys(targets, Owner.NEW)
        return self._outputs.claim(
            key,
            iteration.prompt,
            item.path,
            targets,
            kept,
            result=result,
            replaces_own=replaces_own,
            partners=[partner.key for partner in iteration.partners],
        )

    @in_transaction(patient=True)
    def earlier_outputs(self, iteration: Iteration) -> tuple[str, ...]:
        """The files that the iteration's item was the last to write, in this batch or before."""
        if iteration.item is None:
            return ()
        return self._outputs.earlier(iteration.key, iteration.item.path)

    def start_over(self, loop_id: str) -> Snapshot:
        """Begin a new batch of an existing loop, from the folder as it is now.

        So do the loops whose items are handed out together with its own, here as in what follows.

        Raises:
            UnknownLoop: no loop has this id.
            NoImages, FolderNotFound: there is nothing to begin with; the loop stays as it was.

        """
        start_over = partial(self._start_over, loop_id, self._group(loop_id))
        return self._listings.with_listings(start_over)

    @in_transaction()
    def _start_over(self, loop_id: str, group: Sequence[LoopKey], listed: Listed) -> Snapshot | Due:
        self._loops.take(group)
        due = self._batches.start_over(group, listed)
        if due is not None:
            return due
        self._transactions.revision += 1
        return self._loops.full_snapshot(self._loops.find(loop_id))

    def retry_failed(self, loop_id: str) -> Snapshot:
        """Have the FAILED items of a loop taken again at the next runs; UnknownLoop."""
        return self._retry_failed(loop_id, self._group(loop_id))

    @in_transaction()
    def _retry_failed(self, loop_id: str, group: Sequence[LoopKey]) -> Snapshot:
        self._loops.take(self._settling.with_partners(group))
        for key in group:
            self._settling.settle(key)
            self._store.retry(key)
            self._loops.note_completion(key)
        self._transactions.revision += 1
        return self._loops.full_snapshot(self._loops.find(loop_id))

    def skip(self, loop_id: str, path: str) -> Snapshot:
        """Give up the image that a run stopped on: FAILED, for the reason that it stopped for.

        `path` says which image is meant.

        Raises:
            UnknownLoop: no loop has this id.
            NotNow: no run has stopped on that image, or it has been handed out again since.

        """
        return self._skip(loop_id, path, self._group(loop_id))

    @in_transaction()
    def _skip(self, loop_id: str, path: str, group: Sequence[LoopKey]) -> Snapshot:
        self._loops.take(self._settling.with_partners(group))
        key = self._loops.find(loop_id)
        self._settling.settle(key)
        item = self._loops.stopped_on(key)
        if item is None or item.path != path:
            raise NotNow(_not_stopped_on(path, item))
        self._store.move(key, item, ItemState.FAILED)
        for other in group:
            partner = None if other == key else self._store.item_at(other, item.index)
            if partner is not None and partner.state is ItemState.PENDING:
                failure = partner.failure or Failure(together_with(key, path, "it was skipped"))
                self._store.move(other, partner, ItemState.FAILED, failure=failure)
        for each in group:
            # Whoever skips it knows what the next run would have said.
            self._settling.forget_untold(each)
            self._loops.note_completion(each)
        self._transactions.revision += 1
        return self._loops.full_snapshot(key)

    def _group(self, loop_id: str) -> list[LoopKey]:
        """A loop, and those that go together with it, as they are known before a change."""
        return self._transactions.read(lambda: self._loops.group(self._loops.find(loop_id)))

    def forget(self, loop_id: str) -> None:
        """Forget a loop and all that is known of it; the user's files stay as they are.

        Raises:
            UnknownLoop: no loop has this id.
            NotNow: an image is under way.

        """
        self._forget(loop_id)
        with suppress(BatchLoopError):  # the next start does it
            self._spare_listings.recover()

    @in_transaction()
    def _forget(self, loop_id: str) -> None:
        key = self._loops.find(loop_id)
        self._settling.settle(key)
        if self._store.open_items(key):
            raise NotNow(
                "This loop cannot be forgotten while a run works on one of its images. Wait "
                "until the run has ended, or press Cancel, and try again."
            )
        self._store.forget(key)
        self._settling.begin(key)
        self._batches.forget(key)
        self._transactions.revision += 1

    def watch(self, loop_id: str) -> Arrived:
        """Whether a complete loop has something to do: new files that have stopped growing.

        Costs next to nothing while nothing comes, so that it may be asked every other second. The
        next `acquire` under `WhenComplete.WATCH` takes what is ready, and leaves what grows.

        Raises:
            UnknownLoop: no loop has this id.
            FolderNotFound: the folder is not there now.

        """
        arrived, due = self._at_rest(loop_id)
        if due is None:
            return arrived
        key = due.key
        with self._listings.turn_if_free(key) as is_mine:
            # Who lists the folder finds what has come.
            look = self._watching.begin_look(key, due.selection) if is_mine else None
            if look is None:
                return arrived
            found, _ = self._listings.found(due)
            new, _ = self._listings.unknown(key, found)
            return self._watching.looked(arrived, look, new)

    @in_transaction()
    def _at_rest(self, loop_id: str) -> tuple[Arrived, Due | None]:
        """What is known of a loop without reading its folder, and what to read that for."""
        key = self._loops.find(loop_id)
        self._settling.settle(key)
        arrived, entry = self._watching.at_rest(key)
        if entry is None:
            return arrived, None
        return arrived, Due(Why.JOIN, key, entry.selection, entry.batch)

    @in_transaction()
    def report(self, loop_id: str) -> tuple[Snapshot, list[ReportedItem]]:
        """A loop, and at the same moment its items in order with the files they wrote.

        Raises:
            UnknownLoop: no loop has this id.

        """
        key = self._loops.find(loop_id)
        self._settling.settle(key)
        return self._loops.full_snapshot(key), self._store.report(key)

    @in_transaction()
    def page(self, loop_id: str, start: int, most: int, *, failed: bool = False) -> Page:
        """`most` items from the `start`th on; with `failed`, only the FAILED ones are counted.

        Costs the same whatever the number of items.

        Raises:
            UnknownLoop: no loop has this id.

        """
        key = self._loops.find(loop_id)
        self._settling.settle(key)
        counts = self._store.counts(key)
        total = counts.failed if failed else counts.total
        items = self._store.page(key, start, most, failed=failed)
        return Page(total, start, tuple(items))

    @in_transaction()
    def file_of(self, loop_id: str, path: str, output: int | None = None) -> str:
        """Full path of the image at a relative path; with `output`, of that result of it, from 0.

        It is not looked at: whether it may be read, and is there, has yet to be asked.

        Raises:
            UnknownLoop: no loop has this id.
            UnknownItem: the loop has no such image, or no such result of it is known.

        """
        key = self._loops.find(loop_id)
        if self._store.item(key, path) is None:
            raise UnknownItem("This loop has no such image. Ask for its items, and try again.")
        if output is None:
            return key.full(path)
        outputs = self._store.outputs(key, path)
        if not 0 <= output < len(outputs):
            raise UnknownItem(
                f"{len(outputs)} results of this image are known, and number {output} (from 0) "
                "is none of them."
            )
        return outputs[output]

    def preview(self, key: LoopKey, selection: Selection) -> tuple[bool, Sequence[str]]:
        """Whether a loop has run, and what a batch of it would hold that began now, in order.

        Changes nothing. Raises `FolderNotFound` and `InvalidSetting` as the listing does.
        """
        entry = self._transactions.run(lambda: self._store.load(key))
        batch = 1 if entry is None else entry.batch
        return entry is not None, self._listings.preview(key, selection, batch)

    def snapshot(self, loop_id: str) -> Snapshot:
        """A loop as it stands, with what is known by now of its prompts; UnknownLoop.

        Without `stopped_on`, which would have to be read: a node asks in each prompt.
        """

        def as_it_stands() -> Snapshot | None:
            key = self._store.find(loop_id)
            if key is None or any(
                self._settling.ended(key, item) for item in self._store.open_items(key)
            ):
                return None
            return self._loops.snapshot(key)

        found = self._transactions.at_hand(as_it_stands)
        return self._settled_snapshot(loop_id) if found is None else found

    @in_transaction(patient=True)
    def _settled_snapshot(self, loop_id: str) -> Snapshot:
        key = self._loops.find(loop_id)
        self._settling.settle(key)
        return self._loops.snapshot(key)

    @in_transaction()
    def full_snapshot(self, loop_id: str) -> Snapshot:
        """As `snapshot`, with the image that a run stopped on."""
        key = self._loops.find(loop_id)
        self._settling.settle(key)
        return self._loops.full_snapshot(key)

    def overviews(self) -> list[Overview]:
        """Every loop as a list shows it; who ran last is first.

        Asks the same of the store however many there are, and changes but those of which it finds
        that a prompt has ended.
        """
        rows = self._listed_loops()
        at_work = [row for row in rows if row.open_items]
        over = self._transactions.read(partial(self._with_ended, at_work)) if at_work else []
        for key in over:
            with suppress(UnknownLoop):  # it was forgotten meanwhile
                self._settling.settle_one(key)
        found = [self._loops.overview(row) for row in (self._listed_loops() if over else rows)]
        return sorted(found, key=_ran_at, reverse=True)

    def _with_ended(self, rows: Sequence[ListedLoop]) -> list[LoopKey]:
        """The loops that have an open item whose prompt has ended."""
        return [
            row.key
            for row in rows
            if any(self._settling.ended(row.key, item) for item in row.open_items)
        ]

    def _listed_loops(self) -> list[ListedLoop]:
        return self._transactions.beside(self._store.outside.listed_loops)

    def full_snapshots(self, ids: Collection[str]) -> list[Snapshot]:
        """Those loops of `ids` that there are, as they stand; who ran last is first."""
        # One after the other: whoever changes several loops at once, on several machines, in
        # different orders, would have each wait for the other.
        found = []
        for loop_id in dict.fromkeys(ids):
            with suppress(UnknownLoop):
                found.append(self.full_snapshot(loop_id))
        return sorted(found, key=_ran_at, reverse=True)

    def key(self, name: str, directory: str) -> LoopKey:
        """The loop of that name on the folder at a real path."""
        shared = self._roots.shared(directory)
        return LoopKey(name.strip(), directory, "" if shared == directory else shared)

    def now(self) -> float:
        """The time of day that all times of this server are told in."""
        return self._host.now()

    @property
    def forgets(self) -> str:
        """Why loops are forgotten when ComfyUI ends, where nobody has asked for that; else ""."""
        return self._store.forgets

    @in_transaction()
    def store_id(self) -> str:
        """What tells the store from any other: servers that share one, share their loops."""
        return self._store.id()

    def recover(self) -> None:
        """Settle what servers have left that have ended, and delete what they began to write."""
        for key in self._transactions.run(self._store.loops):
            with suppress(UnknownLoop):
                self.full_snapshot(key.id)
        self._spare_listings.recover()

    def close(self) -> None:
        """Settle what has ended: when ComfyUI is closed, nobody is there to do it later.

        A prompt may be between its last event and its entry in the history, which is a moment,
        and longer on a busy machine.
        """
        self._spare_listings.close()
        self._settling.close()
        with self._transactions.lock:
            self._store.close()

    # What follows expects to run inside of a transaction, but `_wait_for_stopped_writes`.

    def _iteration(
        self, requests: Sequence[Request], prompt: Prompt, items: Sequence[Item | None]
    ) -> Iteration:
        """The turn in the loop of the first of `requests`, of which each has an item, or none."""
        request, item = requests[0], items[0]
        key = request.key
        entry = self._loops.entry(key)
        if item is not None and request.without:
            self._settling.note_part(Turn.of(key, prompt, item))
        partners = zip(requests[1:], items[1:], strict=True)
        return Iteration(
            key=key,
            prompt=prompt,
            batch=entry.batch,
            counts=self._store.counts(key),
            item=item,
            carried=self._store.carried(key),
            finished=entry.finished,
            watch=self._watching.is_watched(key),
            elsewhere=self._loops.elsewhere(key) if item is None else 0,
            without=request.without,
            following=None if item is None else self._following(key),
            forgets=self._store.forgets,
            partners=tuple(Partner(each.key, one.path) for each, one in partners if one),
        )

    def _following(self, key: LoopKey) -> str | None:
        """The item that this server is likely to be given next: the others take theirs before."""
        return self._store.first_pending(key, skipping=self._loops.elsewhere(key))

    def _wait_for_stopped_writes(self, key: LoopKey) -> None:
        """Wait for what is written for images that may now be handed out again.

        Their prompts were stopped or failed, or another batch begins. Two prompts would write
        the same file else, and the older one might be the last.
        """
        if not self._writes.busy(key.id):
            return
        self._writes.wait(key.id, but=self._turns_of_the_batch(key))

    @in_transaction(patient=True)
    def _turns_of_the_batch(self, key: LoopKey) -> list[Turn]:
        goes_on = self._store.load(key) and not self._store.counts(key).complete
        return self._settling.turns_that_go_well(key) if goes_on else []

    def _held(self, key: LoopKey, prompt: Prompt) -> Item | None:
        """The item that `prompt` already has: a graph may hold two iterators on one loop."""
        for item in self._store.open_items(key):
            if item.claim is not None and item.claim.prompt == prompt:
                return item
        return None


def _ran_at(loop: Overview) -> float:
    return loop.ran_at or 0.0


def _not_stopped_on(path: str, item: Item | None) -> str:
    if item is None:
        now = "no run has stopped on an image, or it is being worked on again"
    else:
        now = f"the image that a run stopped on is {item.path!r}"
    return f"{path!r} was not skipped: {now}. Look at the loop again, and skip what stands there."


def _in_two_ways(key: LoopKey) -> str:
    return (
        f"The images of {key.directory!r} are to go through this workflow together with those of a "
        "folder that was handed out in this run already, by another Directory Iterator. Give that "
        "one another loop_name, or connect it with what comes after this one."
    )


def _claim_lost(iteration: Iteration) -> str:
    path = "" if iteration.item is None else iteration.item.path
    return (
        f"{path!r} was given to another server, as this one was not heard of for longer than its "
        "lease. Its result here is not saved, as the other one makes it again."
    )


def _leave(folders: Collection[str], servers: Collection[str]) -> None:
    """Clean nothing up: there is no other server."""


def _loop_end_not_reached(item: Item) -> LoopEndNotReached:
    return LoopEndNotReached(
        f"Loop End was not reached: {item.unended} prompts in a row ended without an error on "
        f"{item.path!r}, and none of them got as far as Loop End, so the image is not done. "
        "Connect Loop End's `loop` to Directory Iterator or Loop Start, and leave `loop` and "
        "`value` free of nodes that block. "
        "Then run again: the loop goes on with this image."
    )
