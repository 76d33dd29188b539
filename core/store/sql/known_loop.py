"""What is known of a loop in a database, which others may be changing, too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from ...model.item_life import OPEN
from ...model.items import Counts, Item, ItemState
from ...model.records import Written
from ...model.shared_roots import Roots
from ..interface import NeedsItsTurn
from ..records import LoopEntry
from ..schema.rows import ENTRY_COLUMNS, counts_of, entry_of
from .beside import differences, may_change

_MILESTONES = frozenset({"batch", "listing", "completed_at"})
"""The columns of a loop that say which batch it has, and whether that is complete."""


class Next(NamedTuple):
    """The items of a loop that are handed out next to a server."""

    first: Item | None
    """The first; None if none is pending."""
    taken: int
    """How many listed items others have."""
    following: str | None
    """The path of the one that comes after the first, once so many others are taken."""


class KnownLoop:
    """A loop's row, and what was read of its items and outputs.

    It is valid as long as nobody else writes. If others change the loop in the same moment
    (`is_beside`), that goes for what none of them may change: of the items those of this server
    and the one that is locked for it, and of the row all but the columns that `may_change` allows,
    which are as they were when it was read.

    Changes to the row are collected, and written once, at the end of the transaction; if others
    change it, too, as differences.
    """

    def __init__(
        self, row: Mapping[str, Any], ahead: float, roots: Roots, *, is_beside: bool = False
    ) -> None:
        """See `core.store.schema.rows.entry_of`; `is_beside` is as below."""
        self.row = dict(row)
        self.is_beside = is_beside
        """Whether others change the loop in this moment, too."""
        self.taken: int | None = None
        """How many listed items others have who change the loop, too; None if nobody does."""
        self._before = row
        self._ahead = ahead
        self._roots = roots
        self.open: dict[str, Item] | None = None
        """The items that are RUNNING or FINISHING, by path; None if not read yet."""
        self.own: dict[str, Item] | None = None
        """Those of this server alone, where others change the loop, too."""
        self.next: Next | None = None
        """What a claim needs; None if not read yet."""
        self.following: tuple[int, str | None] | None = None
        """Once an item was claimed, the one that comes next once so many others are taken."""
        self.failures: tuple[int, tuple[Item, ...]] | None = None
        """The first FAILED items, with how many were asked for."""
        self.writers: dict[str, Written | None] = {}
        """For each file that was asked about, the image of this loop that wrote it, or None for
        nobody. Emptied when an item is no longer open."""
        self._entry: LoopEntry | None = None
        self._counts: Counts | None = None
        self._set: set[str] = set()
        self._added: Counter[str] = Counter()

    @property
    def entry(self) -> LoopEntry:
        """The loop's entry."""
        if self._entry is None:
            self._entry = entry_of(self.row, self._ahead, self._roots)
        return self._entry

    @entry.setter
    def entry(self, entry: LoopEntry) -> None:
        # What the row holds already, which need not be made of it again.
        self._entry = entry

    @property
    def counts(self) -> Counts:
        """The number of items in each state."""
        if self._counts is None:
            self._counts = counts_of(self.row)
        return self._counts

    def set(self, **values: Any) -> None:
        """Set columns of the row; raises NeedsItsTurn for those that are not to change now."""
        if self.is_beside:
            values = {name: value for name, value in values.items() if self.row[name] != value}
            if not may_change(values):
                raise NeedsItsTurn
        if not ENTRY_COLUMNS.isdisjoint(values):
            self._entry = None
        self._counts = None
        self.row |= values
        self._set |= values.keys()
        for name in values:
            self._added.pop(name, None)

    def add(self, **changes: int) -> None:
        """Change numbers in the row by differences."""
        self._counts = None
        for name, change in changes.items():
            self.row[name] += change
            if name not in self._set:
                self._added[name] += change

    def moved(self, before: ItemState, new: Item) -> None:
        """Note an item's new state; `before` is the one it had."""
        for known in (self.open, self.own):
            if known is not None and new.state in OPEN:
                known[new.path] = new
            elif known is not None:
                known.pop(new.path, None)
        if new.state not in OPEN:
            self.writers.clear()
        if ItemState.FAILED in {before, new.state}:
            self.failures = None
        if ItemState.PENDING in {before, new.state}:
            self.next = self.following = None

    def forget_items(self) -> None:
        """Forget what was read of the items."""
        self.open = self.own = None
        self.failures = None
        self.next = self.following = None

    @property
    def is_at_milestone(self) -> bool:
        """Whether a batch begins or is completed: nobody may hear of it before it is certain."""
        return not _MILESTONES.isdisjoint(self._set)

    def take_differences(self) -> dict[str, Any]:
        """Take what is to be written of a row that others change, too; see `differences`."""
        given = differences(self._before, self.row)
        self._before = dict(self.row)
        return given

    def take_changes(self) -> tuple[dict[str, Any], dict[str, int]]:
        """Take the columns to write, and the numbers to change with their differences."""
        values = {name: self.row[name] for name in self._set}
        added = {name: by for name, by in self._added.items() if by}
        self._set.clear()
        self._added.clear()
        return values, added
