"""The values that are written into a Variants node."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ..model.settings.row_iterator import Header
from ..tables.formats.text_lines import lines_table
from ..tables.ranges import with_ranges
from ..tables.table import Cell, TableOptions
from ..tables.text.lines import text_as_typed
from .variants import MOST, Axis, VariantLists, too_many

FilesOf = Callable[[str, Sequence[str]], tuple[str, ...]]
"""The files of a kind that match patterns, in order; raises InvalidSetting."""

VALUES = "text or numbers"
"""The kind of values that are as written; others are kinds of files."""

BY_ENTRY, BY_VALUE = "entry by entry", "value by value"
"""The orders."""


class VariantValues(NamedTuple):
    """The widgets of a Variants node."""

    name: str
    kind: str
    values: str
    run_order: str

    def variants(self, files_of: FilesOf) -> VariantLists:
        """The variants of this node alone.

        Raises InvalidSetting where there are none, or too many.
        """
        found: tuple[Cell, ...]
        is_typed = self.kind == VALUES
        found = _typed(self.values) if is_typed else files_of(self.kind, lines_of(self.values))
        axis = Axis.of(self.name.strip() or "value", found, are_files=not is_typed)
        own = VariantLists((axis,), by_value=self.run_order == BY_VALUE)
        own.check()
        return own


def lines_of(values: str) -> list[str]:
    """The lines in which anything is written."""
    return [line.strip() for line in values.splitlines() if line.strip()]


def _typed(values: str) -> tuple[Cell, ...]:
    text = "\n".join(lines_of(values))
    if not text:
        return ()
    lines = lines_table(text_as_typed(text), TableOptions(header=Header.NO))
    with with_ranges(lines) as table:
        found = tuple(row.cells[0] for row in itertools.islice(table.rows(), MOST + 1))
    if len(found) > MOST:
        raise too_many(MOST, " or more")
    return found
