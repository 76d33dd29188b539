"""What is told of loops, with what is known by now of their prompts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from ..common.errors import UnknownItem, UnknownLoop
from ..model.loop_key import LoopKey
from ..model.records import Overview, Page, ReportedItem, Snapshot
from ..store.records import ListedLoop
from .changes.loops import unknown_loop
from .changes.transactions import in_transaction
from .parts import Parts

if TYPE_CHECKING:
    from ..model.selection import Selection


class Questions(Parts):
    """How loops stand, what their items are, and where they lie."""

    def report(self, loop_id: str) -> tuple[Snapshot, list[ReportedItem]]:
        """A loop, and its items in order with the files they wrote.

        Reading the items holds nobody up, however many they are. They are all of one moment, which
        is a little later than that of the snapshot, but in the same batch: if another one has begun
        meanwhile, the whole is read again.

        Raises:
            UnknownLoop: no loop has this id.

        """
        while True:
            key, snapshot = self._reconciled(loop_id)
            items = self._transactions.beside(partial(self._store.outside.report, key))
            entry = self._transactions.read(partial(self._store.load, key))
            if entry is not None and entry.batch == snapshot.batch:
                return snapshot, items

    @in_transaction()
    def _reconciled(self, loop_id: str) -> tuple[LoopKey, Snapshot]:
        key = self._loops.find(loop_id)
        self._reconciler.reconcile(key)
        return key, self._loops.full_snapshot(key)

    @in_transaction()
    def page(self, loop_id: str, start: int, most: int, *, failed: bool = False) -> Page:
        """`most` items from the `start`th on; with `failed`, only the FAILED ones are counted.

        Costs the same whatever the number of items.

        Raises:
            UnknownLoop: no loop has this id.

        """
        key = self._loops.find(loop_id)
        self._reconciler.reconcile(key)
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

    def paths(self, key: LoopKey) -> Collection[str]:
        """The paths of a loop's present listing."""
        listed = partial(self._store.outside.paths, key)
        return self._transactions.beside(listed, patient=True)

    def preview(self, key: LoopKey, selection: Selection) -> tuple[bool, Sequence[str]]:
        """Whether a loop has run, and what a batch of it would hold that began now, in order.

        Changes nothing. Raises `FolderNotFound` and `InvalidSetting` as the listing does.
        """
        entry = self._transactions.run(lambda: self._store.load(key))
        batch = 1 if entry is None else entry.batch
        return entry is not None, self.listings.preview(key, selection, batch)

    def snapshot(self, loop_id: str) -> Snapshot:
        """A loop as it stands, with what is known by now of its prompts; UnknownLoop.

        Without `stopped_on`, which would have to be read: a node asks in each prompt.
        """

        def as_it_stands() -> Snapshot | None:
            key = self._store.find(loop_id)
            if key is None or any(
                self._outcomes.of(key, item) for item in self._store.open_items(key)
            ):
                return None
            return self._loops.snapshot(key)

        found = self._transactions.snapshot_read(as_it_stands)
        return self._reconciled_snapshot(loop_id) if found is None else found

    @in_transaction(patient=True)
    def _reconciled_snapshot(self, loop_id: str) -> Snapshot:
        key = self._loops.find(loop_id)
        self._reconciler.reconcile(key)
        return self._loops.snapshot(key)

    def full_snapshot(self, loop_id: str) -> Snapshot:
        """As `snapshot`, with the image that a run stopped on."""
        found = self._full_snapshot(loop_id)
        if found is None:
            raise unknown_loop(loop_id)
        return found

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
        """Every loop as a list shows it; who ran last is first.

        Asks the same of the store however many there are, and changes but those of which it finds
        that a prompt has ended.
        """
        rows = self._listed_loops()
        at_work = [row for row in rows if row.open_items]
        over = self._transactions.read(partial(self._with_ended, at_work)) if at_work else []
        for key in over:
            self._reconciler.reconcile_one(key)
        found = [self._loops.overview(row) for row in (self._listed_loops() if over else rows)]
        return sorted(found, key=_ran_at, reverse=True)

    def _with_ended(self, rows: Sequence[ListedLoop]) -> list[LoopKey]:
        """The loops that have an open item whose prompt has ended."""
        return [
            row.key
            for row in rows
            if any(self._outcomes.of(row.key, item) for item in row.open_items)
        ]

    def _listed_loops(self) -> list[ListedLoop]:
        return self._transactions.beside(self._store.outside.listed_loops)

    def full_snapshots(self, ids: Collection[str]) -> list[Snapshot]:
        """Those loops of `ids` that there are, as they stand; who ran last is first."""
        # One after the other: whoever changes several loops at once, on several machines, in
        # different orders, would have each wait for the other.
        found = []
        for loop_id in dict.fromkeys(ids):
            with suppress(UnknownLoop):  # it was forgotten meanwhile
                snapshot = self._full_snapshot(loop_id)
                found += [] if snapshot is None else [snapshot]
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


def _ran_at(loop: Overview) -> float:
    return loop.ran_at or 0.0
