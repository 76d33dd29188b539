"""Tables: each row of a file, or of a text typed into the node, is an item."""

from __future__ import annotations

import io
import os
import random
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, BinaryIO

from ..common.combo_choice import chosen
from ..common.errors import RowGone, UnreadableTable, quoted
from ..common.sight import stamp_at
from ..files.listing import sight
from ..model.loop_key import TYPED_TEXT, LoopKey
from ..model.selection import SortBy
from ..model.settings.row_iterator import Header
from ..model.titles import ROW_EXTENSION, title_of
from ..tables.formats.open_table import open_table, typed_table
from ..tables.row_file import RowFile
from ..tables.table import ENDED_BY_LINES, Cell, Table, TableOptions
from ..tables.text.lines import ends_with_line
from .interface import Part, Sight
from .one_file import OneFile
from .reopened import ReopenedFile

if TYPE_CHECKING:
    from ..model.selection import Selection

VARIANTS_OPTION = "variants"
"""Name of the option that holds what rows are taken with, which tells nothing of their table."""

TEXT = "text"
"""Name of the option that holds a typed table; those of `TableOptions` are the others."""

_AT_ONCE = 5_000
_BUFFER = 1 << 16
"""Bytes of a file that are read at a time."""
_TABLES_KEPT = 4
"""Tables whose rows are at hand: those of a pair, and those that another page looks at."""


@dataclass(frozen=True)
class TableRow:
    """A row, with the names of its table's columns."""

    columns: tuple[str, ...]
    cells: tuple[Cell, ...]
    """One for each column."""
    title: str
    """What people read in its place."""

    @property
    def text(self) -> str:
        """The first column, as text."""
        return text_of(self.cells[0]) if self.cells else ""

    @property
    def whole_text(self) -> str:
        """All columns with their names, one a line; of a single column, just the text."""
        if len(self.columns) == 1:
            return self.text
        pairs = zip(self.columns, self.cells, strict=True)
        return "\n".join(f"{column}: {text_of(cell)}" for column, cell in pairs)


def text_of(cell: Cell) -> str:
    """A cell as text, as a spreadsheet shows it: true and false in small letters."""
    if cell is None:
        return ""
    return str(cell).lower() if isinstance(cell, bool) else str(cell)


class Rows(OneFile):
    """The source of loops whose `directory` is a table; a row's path is its key, see `RowFile`.

    See `core.sources.interface.Source`. How a table is read is in `Selection.options`. The rows of
    the newest tables are kept in temporary files, so that any of them is at hand. A table's own
    file is open only while it is read, so that it can be saved in the midst of its batch.
    """

    def __init__(self, opened: Callable[[str], BinaryIO]) -> None:
        """`opened` opens the file at a real path; what it raises is raised here."""
        self._opened = opened
        self._lock = Lock()
        self._kept: OrderedDict[tuple[object, ...], RowFile] = OrderedDict()

    def listed(
        self,
        key: LoopKey,
        selection: Selection,
        *,
        seed: int,
        going_on: Callable[[], object] = lambda: None,
        without: Callable[[Sequence[str]], Collection[str]] = lambda _paths: (),  # noqa: ARG002
    ) -> Sequence[str]:
        rows, paths = self.table(key, selection), list[str]()
        with rows.held_open():
            while part := rows.keys(len(paths), _AT_ONCE):
                paths += (path + ROW_EXTENSION for path in part)
                going_on()
        if selection.sort_by is SortBy.SHUFFLE:
            random.Random(seed).shuffle(paths)  # noqa: S311 - an order, not a secret
        elif selection.descending:
            paths.reverse()
        return selection.in_range(paths)

    def part(
        self,
        key: LoopKey,
        selection: Selection,
        first: int,
        most: int,
        *,
        going_on: Callable[[], object] = lambda: None,
    ) -> Part | None:
        if selection.descending or selection.sort_by is SortBy.SHUFFLE:
            return None
        rows, place = self.table(key, selection), selection.start_index + first
        going_on()
        # One more than asked for: how many there are is not certain before the end is reached.
        found = rows.keys(place, most + 1)
        paths = [path + ROW_EXTENSION for path in found[:most]]
        behind = max(1, rows.about() - place - most) if len(found) > most else 0
        if selection.limit:
            left = max(0, selection.limit - first)
            behind = min(len(paths) + behind, left) - len(paths[:left])
            paths = paths[:left]
        return Part(paths, behind)

    def nothing(self, key: LoopKey, selection: Selection, own_results: int) -> str:  # noqa: ARG002
        name = "the text" if key.directory == TYPED_TEXT else quoted(key.directory)
        message = f"There are no rows to work on in {name}"
        if selection.has_range:
            message += f", from start_index {selection.start_index} with limit {selection.limit}"
        elif self.table(key, selection).format.header:
            return (
                f"{message}: its only row was taken for the names of the columns. Write rows below "
                "it, or set header to none if it is a row by itself."
            )
        return message + ". Write some into it, or choose another table or range."

    def sight(self, key: LoopKey, path: str) -> Sight:
        # A row is known by what is in it, so one that is there is unchanged.
        return path, sight(key.directory) is not None

    def row(self, key: LoopKey, selection: Selection, path: str) -> TableRow:
        """The row at a path.

        Raises RowGone, and UnreadableTable if the table cannot be read so far, or has no rows.
        """
        rows = self.table(key, selection)
        try:
            _, cells = rows.read(path.removesuffix(ROW_EXTENSION))
        except KeyError:
            if not rows.keys(0, 1):
                message = self.nothing(key, selection.without_range(), 0)
                raise UnreadableTable(message, "the table has no rows") from None
            name = "the text" if key.directory == TYPED_TEXT else quoted(key.directory)
            reason = "the table no longer has this row"
            raise RowGone(
                f"The row {quoted(title_of(path))} is gone from {name}: it was changed or removed "
                "while the batch ran. Put it back, or press Skip this one, and run again.",
                reason,
            ) from None
        return TableRow(rows.columns, cells, title_of(path))

    def from_the_end(self, key: LoopKey, selection: Selection, at_once: int) -> Iterator[list[str]]:
        """The paths of a table's rows, so many at a time: those first that a batch has last.

        Of a range, no others; where they are shuffled, all. Raises UnreadableTable.
        """
        rows = self.table(key, selection)
        places: Sequence[int] = range(rows.count_all())
        if selection.sort_by is not SortBy.SHUFFLE:
            places = selection.in_range(places[::-1] if selection.descending else places)
        for end in range(len(places), 0, -at_once):
            part = sorted(places[max(0, end - at_once) : end])
            yield [path + ROW_EXTENSION for path in rows.keys(part[0], len(part))]

    def unended(self, key: LoopKey, selection: Selection) -> tuple[int, str] | None:
        """The place and the path of a table's last row, if no line end follows it in its file.

        None if one does, if rows are not ended by lines (JSON, XLSX), or if there is no row. Raises
        UnreadableTable, and what opening the file raises.
        """
        rows = self.table(key, selection)
        if rows.format.kind not in ENDED_BY_LINES:
            return None
        last = rows.count_all() - 1
        with self._opened(key.directory) as file:
            if last < 0 or ends_with_line(file):
                return None
        return last, rows.keys(last, 1)[0] + ROW_EXTENSION

    def texts_by_path(
        self, key: LoopKey, selection: Selection
    ) -> Callable[[Sequence[str]], Mapping[str, str]]:
        """Tells the cells of items' rows as text, one a line, by the paths of the items.

        Those that are gone are left out.
        """
        rows = self.table(key.of_entries, selection)

        def texts(paths: Sequence[str]) -> dict[str, str]:
            keys = [key.entry(path).removesuffix(ROW_EXTENSION) for path in paths]
            cells = rows.cells(list(dict.fromkeys(keys)))
            return {
                path: "\n".join(map(text_of, cells[row]))
                for path, row in zip(paths, keys, strict=True)
                if row in cells
            }

        return texts

    def table(self, key: LoopKey, selection: Selection) -> RowFile:
        """The rows of a table as it is now; what is wrong with it is raised when it is read."""
        options = dict(selection.options)
        typed = options.pop(TEXT, None)
        stamp = None if typed is not None else stamp_at(key.directory)
        read_by = tuple(option for option in selection.options if option[0] != VARIANTS_OPTION)
        wanted = (key.directory, read_by, stamp)
        with self._lock:
            rows = self._kept.pop(wanted, None) or RowFile(
                partial(self._table, key.directory, typed, _table_options(options))
            )
            self._kept[wanted] = rows
            # Another thread may still read those that are left over.
            while len(self._kept) > _TABLES_KEPT:
                self._kept.popitem(last=False)
        return rows

    def _table(self, path: str, typed: str | None, options: TableOptions) -> Table:
        if typed is not None:
            return typed_table(typed, options)
        file = ReopenedFile(partial(self._opened, path))
        try:
            table = open_table(io.BufferedReader(file, _BUFFER), os.path.basename(path), options)
        except BaseException:
            file.close()
            raise
        table.release = file.release
        return table


def but_for_text(selection: Selection) -> Selection:
    """A selection without the rows that are typed: each of these is known by what is in it."""
    options = tuple(option for option in selection.options if option[0] != TEXT)
    return replace(selection, options=options)


def _table_options(options: dict[str, str]) -> TableOptions:
    header = chosen(Header, options.get("header", Header.AUTO.value), "header")
    texts = {
        field.name: options[field.name]
        for field in fields(TableOptions)
        if field.name in options and field.name != "header"
    }
    return TableOptions(header=header, **texts)
