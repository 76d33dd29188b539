"""Questions about loops, answered after reconciling them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from ..common.errors import UnknownItem, UnknownLoop
from ..model.items import Counts, Item, ItemState
from ..model.loop_key import IMAGES, LoopKey
from ..model.records import FAILURES_SHOWN, Overview, Page, ReportedItem, Snapshot
from ..sources.rows import but_for_text
from ..store.records import UNLISTED, ListedLoop
from .changes.loops import unknown_loop
from .changes.transactions import in_transaction
from .folders.due_listings import may_join
from .parts import Parts

if TYPE_CHECKING:
    from ..model.selection import Selection


_TITLES_KEPT = 1_000


class Questions(Parts):
    """Answers questions about loops: their state, their items and their files."""

    def report(self, loop_id: str) -> tuple[Snapshot, list[ReportedItem]]:
        """A loop, and its items in order with the files they wrote.

        Reading the items keeps nobody waiting, however many there are. They are all of one moment,
        slightly later than the rest, but of the same batch: if another has begun meanwhile, or more
        of it were listed, everything is read again. The counts and the failures are those of the
        items.

        Raises:
            UnknownLoop: no loop has this id.

        """
        while True:
            key, snapshot = self._reconciled(loop_id)
            items = self._transactions.beside(partial(self._store.outside.report, key))
            entry = self._transactions.read(partial(self._store.load, key))
            told = snapshot.batch, snapshot.counts.to_list
            # Items that were listed meanwhile would count twice.
            if entry is not None and (entry.batch, entry.to_list) == told:
                return _of_items(self._with_paired(snapshot), [item for item, _ in items]), items

    @in_transaction()
    def _reconciled(self, loop_id: str) -> tuple[LoopKey, Snapshot]:
        key = self._loops.find(loop_id)
        self._reconciler.reconcile(key)
        return key, self._loops.full_snapshot(key)

    @in_transaction()
    def page(self, loop_id: str, start: int, most: int, *, failed: bool = False) -> Page:
        """At most `most` items from index `start` on; with `failed`, of the FAILED ones only.

        What had lost a result, and is done anew by a prompt of this server, has the results of that
        prompt alone. Costs the same whatever the number of items.

        Raises:
            UnknownLoop: no loop has this id.

        """
        key = self._loops.find(loop_id)
        self._reconciler.reconcile(key)
        counts = self._store.counts(key)
        total = counts.failed if failed else counts.listed
        items = self._store.page(key, start, most, failed=failed)
        return Page(total, start, tuple(self._outputs.as_done_anew(key, *each) for each in items))

    @in_transaction()
    def file_of(self, loop_id: str, path: str, output: int | None = None) -> str:
        """Full path of an item's file; with `output`, of its result with that index.

        The file is not accessed: the caller checks whether it may be read, and exists.

        Raises:
            UnknownLoop: no loop has this id.
            UnknownItem: the loop has no such item, or no such result of it is known.

        """
        source, outputs = self._files_of(loop_id, path)
        if output is None:
            return source
        if not 0 <= output < len(outputs):
            raise UnknownItem(
                f"{len(outputs)} results of this item are known, and number {output} (from 0) "
                "is none of them."
            )
        return outputs[output]

    @in_transaction()
    def files_of(self, loop_id: str, path: str) -> tuple[str, tuple[str, ...]]:
        """An item's file and its results, in natural order: full paths; raises like `file_of`."""
        return self._files_of(loop_id, path)

    def _files_of(self, loop_id: str, path: str) -> tuple[str, tuple[str, ...]]:
        key = self._key_with(loop_id, path)
        return self.source.file(key, path), tuple(self._store.outputs(key, path))

    @in_transaction()
    def reading_of(self, loop_id: str, path: str) -> tuple[LoopKey, Selection]:
        """The loop that has an item, and how its batch reads it; raises like `file_of`."""
        key = self._key_with(loop_id, path)
        return key, self._loops.entry(key).selection

    def _key_with(self, loop_id: str, path: str) -> LoopKey:
        key = self._loops.find(loop_id)
        if self._store.item(key, path) is None:
            raise UnknownItem("This loop has no such item. Ask for its items, and try again.")
        return key

    @in_transaction()
    def selection_of(self, loop_id: str) -> Selection:
        """How a loop's batch reads its items; raises UnknownLoop."""
        return self._loops.entry(self._loops.find(loop_id)).selection

    @in_transaction(patient=True)
    def has_pending(self, key: LoopKey, paths: Iterable[str]) -> bool:
        """Whether any of a few paths is a listed image that is PENDING."""
        items = (self._store.item(key, path) for path in paths)
        return any(
            item is not None and item.state is ItemState.PENDING and item.index != UNLISTED
            for item in items
        )

    def pending(self, key: LoopKey) -> Collection[str]:
        """The paths of the listed images that are PENDING."""
        pending = partial(self._store.outside.pending, key)
        return self._transactions.beside(pending, patient=True)

    @in_transaction(patient=True)
    def next_pending(self, key: LoopKey) -> str | None:
        """The path of the first PENDING image; None before the first run, or if there is none."""
        return None if self._store.load(key) is None else self._store.first_pending(key)

    def preview(self, key: LoopKey, selection: Selection) -> tuple[bool, Sequence[str]]:
        """Whether a loop has run, and what a batch that began now would contain, in order.

        Changes nothing. Raises `FolderNotFound` and `InvalidSetting`, like the listing.
        """
        entry = self._transactions.run(lambda: self._store.load(key))
        batch = 1 if entry is None else entry.batch
        return entry is not None, self._contents.preview(key, selection, batch)

    def is_known(self, key: LoopKey) -> bool:
        """Whether a loop has run."""
        return self._transactions.run(lambda: self._store.load(key)) is not None

    def joining(self, key: LoopKey, selection: Selection, paths: Sequence[str]) -> int:
        """How many of a folder's images a run would add to a batch that is complete.

        `paths` is what it holds under `selection`. 0 where that is not known for certain: with
        other settings than an edited text, or results that are left out, a run lists it anew.
        """
        entry = self._transactions.run(lambda: self._store.load(key))
        if entry is None or entry.completed_at is None or entry.partners:
            return 0
        others = but_for_text(entry.selection) != but_for_text(selection)
        if others or not may_join(key, selection):
            return 0
        unlisted, _ = self._contents.unknown(key, paths)
        if entry.selection == selection:
            return len(unlisted)
        # What was listed once is known.
        known = self._transactions.run(lambda: self._states(key, unlisted))
        done = sum(state is not ItemState.PENDING for state in known.values())
        return len(unlisted) - done

    def _states(self, key: LoopKey, paths: Collection[str]) -> Mapping[str, ItemState]:
        """The states of known items, inside a transaction; none if the loop is forgotten."""
        return {} if self._store.load(key) is None else self._store.standing(key, paths).states

    def snapshot(self, loop_id: str) -> Snapshot:
        """A loop's current state, after reconciling it; raises UnknownLoop.

        Without `stopped_on`, which would take another query: a node asks in each prompt.
        """

        def without_reconciling() -> Snapshot | None:
            key = self._store.find(loop_id)
            if key is None:
                return None
            if self._is_due(key, self._store.open_items(key), self._store.counts(key)):
                return None
            return self._loops.snapshot(key)

        found = self._transactions.snapshot_read(without_reconciling)
        return self._reconciled_snapshot(loop_id) if found is None else found

    def _is_due(self, key: LoopKey, items: Collection[Item], counts: Counts) -> bool:
        """Whether anything of the open items is to be written down before the state is told."""
        if any(self._outcomes.of(key, item) for item in items):
            return True
        # While images are left, the counts are told with the ends that wait.
        if counts.to_hand_out > 0:
            return False
        return any(self._outcomes.end_waits_since(key, item) is not None for item in items)

    @in_transaction(patient=True)
    def _reconciled_snapshot(self, loop_id: str) -> Snapshot:
        key = self._loops.find(loop_id)
        self._reconciler.reconcile(key)
        return self._loops.snapshot(key)

    def full_snapshot(self, loop_id: str) -> Snapshot:
        """Like `snapshot`, with the image that a run has stopped on, and what it is paired with."""
        found = self._full_snapshot(loop_id)
        if found is None:
            raise unknown_loop(loop_id)
        return self._with_paired(found)

    @in_transaction()
    def _full_snapshot(self, loop_id: str) -> Snapshot | None:
        # An exception would undo the transaction, and what the store knows of other loops with it:
        # pages ask for loops that have never run.
        key = self._store.find(loop_id)
        if key is None:
            return None
        self._reconciler.reconcile(key)
        return self._loops.full_snapshot(key)

    def overviews(self) -> list[Overview]:
        """Every loop as shown in a list, the most recently run first.

        The number of queries does not depend on the number of loops, and only loops with a prompt
        that has ended are changed.
        """
        rows = self._listed_loops()
        at_work = [row for row in rows if row.open_items]
        over = self._transactions.read(partial(self._with_ended, at_work)) if at_work else []
        for key in over:
            self._reconciler.reconcile_one(key)
        found = [self._loops.overview(row) for row in (self._listed_loops() if over else rows)]
        return sorted(found, key=_ran_at, reverse=True)

    def _with_ended(self, rows: Sequence[ListedLoop]) -> list[LoopKey]:
        """The loops of whose open items anything is to be written down."""
        return [row.key for row in rows if self._is_due(row.key, row.open_items, row.counts)]

    def _listed_loops(self) -> list[ListedLoop]:
        return self._transactions.beside(self._store.outside.listed_loops)

    def full_snapshots(self, ids: Collection[str]) -> list[Snapshot]:
        """The current state of those loops of `ids` that exist, the most recently run first."""
        # One at a time: machines that change several loops at once, in different orders, would wait
        # for each other.
        found = []
        for loop_id in dict.fromkeys(ids):
            with suppress(UnknownLoop):  # it was forgotten meanwhile
                snapshot = self._full_snapshot(loop_id)
                found += [] if snapshot is None else [self._with_paired(snapshot)]
        return sorted(found, key=_ran_at, reverse=True)

    def key(self, name: str, directory: str, workflow: str = "", source: str = IMAGES) -> LoopKey:
        """The loop of a workflow, with a name, on the folder or file at a real path."""
        shared = self._roots.shared(directory)
        place = "" if shared == directory else shared
        return LoopKey(name.strip(), directory, place, workflow, source)

    def note_title(self, workflow: str, title: str) -> None:
        """Note the name of a workflow, which prompts do not have."""
        titles = self._loops.titles
        if workflow and title:
            if len(titles) >= _TITLES_KEPT:
                titles.clear()
            titles[workflow] = title

    def now(self) -> float:
        """The time of day, by the clock of all times that this server reports."""
        return self._host.now()

    @property
    def forgets(self) -> str:
        """Why loops are forgotten when ComfyUI ends, if nobody has asked for that; else ""."""
        return self._store.forgets

    @in_transaction()
    def store_id(self) -> str:
        """The store's id: servers with the same store share their loops."""
        return self._store.id()


def _ran_at(loop: Overview) -> float:
    return loop.ran_at or 0.0


def _of_items(snapshot: Snapshot, items: Sequence[Item]) -> Snapshot:
    """A snapshot with the counts and the failures of items that were read later."""
    counted = Counter(item.state.value for item in items)
    failed = (item for item in items if item.state is ItemState.FAILED)
    return replace(
        snapshot,
        counts=Counts(
            **counted, unpaired=snapshot.counts.unpaired, to_list=snapshot.counts.to_list
        ),
        failures=tuple(islice(failed, FAILURES_SHOWN)),
    )
