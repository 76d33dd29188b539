"""Tables that have lost the rows that are to come: no row is to blame if that is all of them."""

from __future__ import annotations

from ...common.errors import FolderNotFound, RowGone, Unreadable
from ...engine.registry import LoopRegistry
from ...model.loop_key import TYPED_TEXT
from ...model.selection import SortBy
from ...model.titles import title_of
from ...sources.rows import Rows
from ...sources.table_files import emptied
from ...sources.variants import crossed, variants_of
from .changing_files import ChangingFiles
from .opener import Asked

_AT_ONCE = 500
"""Items that the registry is asked about at a time."""

_SAVED_SECONDS = 60.0
"""A table that was not touched for so long is not being written any more."""

_MOVED = 200
"""Items around its place in the file among which a row is looked for: others may have left."""


class EmptiedTables:
    """Tells tables that were emptied, or are being written anew, from those that were edited."""

    def __init__(self, registry: LoopRegistry, rows: Rows, changing: ChangingFiles) -> None:
        self._registry = registry
        self._rows = rows
        self._changing = changing

    def error(self, asked: Asked) -> FolderNotFound | None:
        """The error for a table that has lost the rows to be done, and has none but done ones.

        `asked` is gone from it. None where only one of them is left: that fails by itself. Nor is
        there one for what was done once and has lost its result, which is in nobody's way.
        """
        key, registry = asked.key, self._registry
        following = registry.next_pending(key)
        if key.directory == TYPED_TEXT or following is None or registry.is_lost(key, asked.path):
            return None
        # Where one row was removed, the next one is there as a rule.
        if self._is_there(asked, key.entry(following)):
            return None
        try:
            cut = self._cut_row(asked)
            if self._has_any_to_do(asked, cut):
                return None
        except Unreadable:
            return None
        if all(key.entry(path) == asked.entry for path in registry.pending(key)):
            return None
        return emptied(key.directory, None if cut is None else title_of(cut))

    def _is_there(self, asked: Asked, entry: str) -> bool:
        if entry == asked.entry:
            return False  # with another value
        try:
            self._rows.row(asked.key, asked.selection, entry)
        except RowGone:
            return False
        except Unreadable:
            return True  # its own turn says so
        return True

    def _has_any_to_do(self, asked: Asked, cut: str | None) -> bool:
        """Whether the table has a row by now that the batch does not know as done, but for `cut`.

        Raises UnreadableTable.
        """
        key, variants = asked.key, variants_of(asked.selection)
        times = 1 if variants is None else len(variants.labelled)
        at_once = max(1, _AT_ONCE // times)
        # It may have a million rows, and to know which of them are done takes long.
        count = 0 if asked.selection.has_range else self._rows.table(key, asked.selection).count()
        if ((count or 1) - 1) * times > self._registry.snapshot(key.id).counts.done:
            return True
        for found in self._rows.from_the_end(key, asked.selection, at_once):
            entries = [entry for entry in found if entry != cut]
            paths = entries if variants is None else crossed(entries, variants)
            if not self._registry.are_done(key, paths):
                return True
        return False

    def _cut_row(self, asked: Asked) -> str | None:
        """The table's last row, if it is likely only the beginning of one of the batch.

        No line end follows it then, but many tables end so. In another order, rows to come are at
        the beginning, which is written first.
        """
        key, selection = asked.key, asked.selection
        is_in_order = not selection.descending and selection.sort_by is not SortBy.SHUFFLE
        if not (is_in_order and self._changing.is_recent(key.directory, _SAVED_SECONDS)):
            return None
        unended = self._rows.unended(key, selection)
        if unended is None:
            return None
        place, entry = unended
        variants = variants_of(selection)
        if variants is not None and not variants.by_value:
            place *= len(variants.labelled)
        begin = max(0, place - selection.start_index - _MOVED // 2)
        near = self._registry.page(key.id, begin, _MOVED).items
        known = {*(key.entry(item.path) for item, _ in near), asked.entry}
        is_cut = entry not in known and any(_may_begin(entry, each) for each in known)
        return entry if is_cut else None


def _may_begin(entry: str, other: str) -> bool:
    """Whether a row may be the beginning of another; titles are the beginnings of their texts."""
    return title_of(other).startswith(title_of(entry))
