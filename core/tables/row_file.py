"""A table's rows, kept in a temporary file for random access by keys."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import Lock
from typing import TypeVar

from ..common.errors import UnreadableTable
from ..common.pace import Pace, parts_of
from ..common.sight import FileChanged
from .kept_rows import KeptRows
from .row_keys import key_digest, key_occurrence
from .table import Cell, Table, TableFormat

T = TypeVar("T")

_SEARCHED_AT_ONCE = 256
"""Rows whose cells are taken from the temporary file at a time: about a millisecond."""


class RowFile:
    """The rows of a table, gone through once, so that any of them can be read at once.

    The table is read only as far as has been asked for, its file is open only meanwhile, and it is
    closed at its end. Threads may use this together: none waits for more than a batch of rows that
    another one reads.

    All but `count` and `close` raise what opening the table raises, each time, and ValueError once
    this is closed.
    """

    def __init__(self, table: Callable[[], Table]) -> None:
        """`table` opens it, when something is asked for."""
        self._open = table
        self._lock = Lock()
        self._kept: KeptRows | None = None
        self._holders = 0
        """How many are asking for something now."""
        self._is_closed = False

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the table's columns."""
        with self.held_open(), self._lock:
            return self._opened().columns

    @property
    def format(self) -> TableFormat:
        """How the table is read."""
        with self.held_open(), self._lock:
            return self._opened().format

    @contextmanager
    def held_open(self) -> Iterator[None]:
        """Within, the table's file is not closed between one question and the next.

        What is read so is one state of the file, unless somebody writes into it.
        """
        with self._lock:
            self._holders += 1
        try:
            yield
        finally:
            with self._lock:
                self._holders -= 1
                if not self._holders and self._kept is not None:
                    self._kept.release()

    def keys(self, first: int, most: int) -> list[str]:
        """The keys of up to `most` rows from row `first` on, counted from 0; fewer at the end.

        Raises UnreadableTable if one of them, or one before, cannot be read; the rows before that
        can be asked for.
        """

        def found(kept: KeptRows) -> list[str] | None:
            if len(kept) < first + most and not kept.has_all:
                return None
            end = min(first + most, len(kept))
            return kept.keys(first, end) if first < end else []

        return self._read_on(found) or []

    def count(self) -> int | None:
        """How many rows the table has; None until its end has been reached."""
        with self._lock:
            return len(self._kept) if self._kept is not None and self._kept.has_all else None

    def count_all(self) -> int:
        """How many rows the table has; reads it to its end. Raises UnreadableTable."""
        while (count := self.count()) is None:
            self.keys(self.about(), 1)
        return count

    def about(self) -> int:
        """How many rows the table has, as far as is known without reading all of them.

        More than have been read, as long as it is not at its end. Raises UnreadableTable if it has
        to be read to know, and cannot be.
        """

        def found(kept: KeptRows) -> int | None:
            if kept.has_all:
                return len(kept)
            return None if kept.about is None else max(kept.about, len(kept) + 1)

        return self._read_on(found) or 0

    def read(self, key: str) -> tuple[int, tuple[Cell, ...]]:
        """The place of a row in the table, from 0, and its cells; reads on until it is found.

        Raises KeyError if the table has no such row, and UnreadableTable if it cannot be read so
        far.
        """
        try:
            digest, occurrence = _parts_of(key)
        except ValueError:
            raise KeyError(key) from None

        def found(kept: KeptRows) -> tuple[int, tuple[Cell, ...]] | None:
            place = kept.place(digest, occurrence)
            if place is None:
                return None
            own, cells = kept.row(place)
            if own != key:
                raise KeyError(key)
            return place, cells

        row = self._read_on(found)
        if row is None:
            raise KeyError(key)
        return row

    def cells(self, keys: Sequence[str]) -> dict[str, tuple[Cell, ...]]:
        """The cells of some rows, by their keys; without those that the table does not have.

        Raises UnreadableTable if it cannot be read so far.
        """
        cells: dict[str, tuple[Cell, ...]] = {}
        with self.held_open():
            for part in parts_of(keys, _SEARCHED_AT_ONCE):
                cells.update(self._cells(set(part)))
        return cells

    def _cells(self, keys: Collection[str]) -> dict[str, tuple[Cell, ...]]:
        asked = []
        for key in keys:
            with suppress(ValueError):
                asked.append(_parts_of(key))

        def found(kept: KeptRows) -> dict[str, tuple[Cell, ...]] | None:
            places = [place for each in asked if (place := kept.place(*each)) is not None]
            if len(places) < len(asked) and not kept.has_all:
                return None
            return {key: cells for key, cells in kept.rows(places) if key in keys}

        return self._read_on(found) or {}

    def close(self) -> None:
        """Close the table, and delete the file."""
        with self._lock:
            self._is_closed = True
            if self._kept is not None:
                self._kept.close()
                self._kept = None

    def __del__(self) -> None:
        """Close what nobody has any more: others may use it for as long as they have it."""
        self.close()

    def _read_on(self, found: Callable[[KeptRows], T | None]) -> T | None:
        """Read the table until something is found, or to its end."""
        pace = Pace()
        with self.held_open():
            while True:
                with self._lock:
                    kept = self._opened()
                    result = found(kept)
                    if result is not None or kept.has_all:
                        return result
                    self._read_batch(kept)
                pace.rest()

    def _read_batch(self, kept: KeptRows) -> None:
        try:
            kept.read_batch()
        except BaseException as failure:
            # A row that cannot be read stays so. All else may pass, such as a full disk or a drive
            # that is away: it begins anew when something is asked for.
            if kept.failure is None:
                kept.close()
                self._kept = None
            if isinstance(failure, OSError):
                raise _read_error(failure) from failure
            raise

    def _opened(self) -> KeptRows:
        if self._is_closed:
            raise ValueError("the rows are closed")
        if self._kept is None:
            self._kept = KeptRows(self._open())
        return self._kept


def _parts_of(key: str) -> tuple[int, int]:
    """The digest in a row's key, and its occurrence; raises ValueError if it is none."""
    return int(key_digest(key), 16), key_occurrence(key)


def _read_error(error: OSError) -> UnreadableTable:
    """The error for a table whose drive does not give it: no row is to blame."""
    if isinstance(error, FileChanged):
        reason, remedy = "it was changed while it was read", "Wait until it is saved"
    else:
        reason = f"it cannot be read any further ({error.strerror or error})"
        remedy = "Look whether its drive is connected"
    message = (
        f"Cannot read the table: {reason}. {remedy}, and run again: the batch goes on where it "
        "stood."
    )
    return UnreadableTable(message, reason)
