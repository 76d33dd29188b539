"""What a process knows of a loop in the database, so that it need not be read at every prompt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from ...model.item_life import OPEN
from ...model.items import Item, ItemState
from ...model.records import Written
from ...model.shared_roots import Roots
from ..records import LoopEntry
from ..schema.rows import entry_of


class KnownLoop:
    """A loop's row, and what was read of its items and outputs.

    It holds for as long as nobody else writes. Changes of the row are collected, to be written
    once, when the transaction ends.
    """

    def __init__(self, row: Mapping[str, Any], ahead: float, roots: Roots) -> None:
        """See `core.store.schema.rows.entry_of`."""
        self.row = dict(row)
        self._ahead = ahead
        self._roots = roots
        self.open: dict[str, Item] | None = None
        """The items that are RUNNING or FINISHING, by path; None where they were not read."""
        self.failures: tuple[int, tuple[Item, ...]] | None = None
        """The first FAILED items, under how many were asked for."""
        self.writers: dict[str, Written | None] = {}
        """Of files that were asked for: the image of this loop that wrote it, or None for nobody.
        Emptied with each prompt."""
        self._entry: LoopEntry | None = None
        self._set: set[str] = set()
        self._added: Counter[str] = Counter()

    @property
    def entry(self) -> LoopEntry:
        """The loop's entry."""
        if self._entry is None:
            self._entry = entry_of(self.row, self._ahead, self._roots)
        return self._entry

    def set(self, **values: Any) -> None:
        """Change columns of the row."""
        self._entry = None
        self.row |= values
        self._set |= values.keys()
        for name in values:
            self._added.pop(name, None)

    def add(self, **changes: int) -> None:
        """Change numbers of the row by a difference."""
        for name, change in changes.items():
            self.row[name] += change
            if name not in self._set:
                self._added[name] += change

    def moved(self, before: ItemState, new: Item) -> None:
        """Note that an item has another state than `before`."""
        if self.open is not None:
            if new.state in OPEN:
                self.open[new.path] = new
            else:
                self.open.pop(new.path, None)
        if new.state not in OPEN:
            self.writers.clear()
        if ItemState.FAILED in {before, new.state}:
            self.failures = None

    def forget_items(self) -> None:
        """Have the items read again."""
        self.open = None
        self.failures = None

    def take_changes(self) -> tuple[dict[str, Any], dict[str, int]]:
        """The columns to write, and the numbers to change and by how much; then there are none."""
        values = {name: self.row[name] for name in self._set}
        added = {name: by for name, by in self._added.items() if by}
        self._set.clear()
        self._added.clear()
        return values, added
