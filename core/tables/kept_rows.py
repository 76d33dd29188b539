"""The rows of an open table, as they are read one batch after another, in a temporary file."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, groupby, islice

from ..common.errors import UnreadableTable, quoted
from .digest_index import DigestIndex, Offsets
from .row_keys import row_digest, row_json, row_key, row_title
from .table import Cell, Row, Table

_ROWS_AT_ONCE = 1_024

_SEPARATOR = b"\t"
"""Between key and cells in the file; neither contains it."""


class KeptRows:
    """The rows of a table that have been read so far; for one thread at a time.

    Each is a line in a temporary file that goes with the process: its key, and its cells as JSON.
    In memory are its digest and its offset, 20 bytes a row.
    """

    def __init__(self, table: Table) -> None:
        """The table is closed at its end, or with the rows.

        Raises UnreadableTable if no temporary file can be made.
        """
        self.columns = table.columns
        self.format = table.format
        self.about = table.about
        """How many rows there are, as far as that was known when it was opened; else None."""
        self.has_all = False
        """Whether these are all rows of the table."""
        self._table = table
        self._rows = table.rows()
        """Those that have not been read."""
        self.failure: UnreadableTable | None = None
        """Why the next row cannot be read. An iterator that has raised looks as if it were at its
        end, and what is behind must not be taken for missing."""
        try:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 - `close` does
        except OSError as error:
            table.close()
            raise _not_kept(error) from error
        self._offsets = Offsets()
        """Where each row begins in the file."""
        self._end = 0
        """Where the last one ends."""
        self._index = DigestIndex()

    def __len__(self) -> int:
        """How many there are."""
        return len(self._offsets)

    def read_batch(self) -> None:
        """Read some more, unless these are all.

        Raises UnreadableTable if the next row cannot be read, each time. What else goes wrong,
        such as a full disk, leaves this unusable: it is to be closed.
        """
        if self.failure is not None:
            raise self.failure.with_traceback(None)
        rows: list[Row] = []
        try:
            rows.extend(islice(self._rows, _ROWS_AT_ONCE))
            self.has_all = len(rows) < _ROWS_AT_ONCE
        except UnreadableTable as failure:
            # The rows before it are there.
            self.failure = failure
        self._keep(rows)
        if self.has_all or self.failure is not None:
            self._index.finish()
            self._close_table()

    def keys(self, first: int, end: int) -> list[str]:
        """The keys of rows from `first` on, and before `end`."""
        lines = self._stored(first, end).splitlines()
        return [line[: line.index(_SEPARATOR)].decode() for line in lines]

    def place(self, digest: int, occurrence: int) -> int | None:
        """The place of a row by the parts of its key; None if it has not been read."""
        return self._index.place(digest, occurrence)

    def row(self, place: int) -> tuple[str, tuple[Cell, ...]]:
        """The key and the cells of the row at a place."""
        return next(self._parsed([self._stored(place, place + 1)]))

    def rows(self, places: Iterable[int]) -> Iterator[tuple[str, tuple[Cell, ...]]]:
        """The same of rows at some places, in the table's order; neighbours are read at once."""
        # Of places one after the other the difference to their number is the same.
        for _, run in groupby(enumerate(sorted(places)), lambda each: each[1] - each[0]):
            neighbours = [place for _, place in run]
            yield from self._parsed(self._stored(neighbours[0], neighbours[-1] + 1).splitlines())

    def _parsed(self, lines: Iterable[bytes]) -> Iterator[tuple[str, tuple[Cell, ...]]]:
        keys, _, contents = zip(*(line.partition(_SEPARATOR) for line in lines), strict=True)
        # At once: to begin with a text takes as long as a short row.
        every = json.loads(b"[%b]" % b",".join(contents))
        for key, cells in zip(keys, every, strict=True):
            yield key.decode(), (*cells, *[None] * (len(self.columns) - len(cells)))

    def release(self) -> None:
        """Have the table's file closed until the next rows are read."""
        self._table.release()

    def close(self) -> None:
        """Close the table, and delete the file."""
        self._close_table()
        self._file.close()

    def _close_table(self) -> None:
        # Its file can then be moved, and its memory is given back.
        self._rows = iter(())
        self._table.close()
        self._table = Table(self.format, self.columns, lambda: iter(()))

    def _keep(self, rows: Sequence[Row]) -> None:
        titles, contents, digests = [], [], []
        for cells, _ in rows:
            content = row_json(cells).encode()
            titles.append(row_title(cells))
            contents.append(content)
            digests.append(row_digest(content))
        occurrences = self._index.add([int.from_bytes(digest, "big") for digest in digests])
        lines = [
            b"%b\t%b\n" % (row_key(title, digest.hex(), occurrence).encode(), content)
            for title, digest, occurrence, content in zip(
                titles, digests, occurrences, contents, strict=True
            )
        ]
        try:
            self._file.seek(self._end)
            self._file.write(b"".join(lines))
            self._file.flush()
        except OSError as error:
            raise _not_kept(error) from error
        *offsets, self._end = accumulate(map(len, lines), initial=self._end)
        self._offsets.extend(offsets)

    def _stored(self, first: int, end: int) -> bytes:
        """The lines of some rows."""
        start = self._offsets[first]
        stop = self._offsets[end] if end < len(self) else self._end
        self._file.seek(start)
        return self._file.read(stop - start)


def _not_kept(error: OSError) -> UnreadableTable:
    reason = f"its rows cannot be kept in a temporary file ({error.strerror or error})"
    # Where none can be used, there is no name for it.
    folder = f" {quoted(tempfile.tempdir)}" if isinstance(tempfile.tempdir, str) else ""
    message = (
        f"Cannot read the table: {reason}. Make room in the folder for temporary files{folder}, "
        "and run again."
    )
    return UnreadableTable(message, reason)
