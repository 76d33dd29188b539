"""What a table is: its format, its columns and its rows, whatever it is read from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from types import TracebackType
from typing import NamedTuple, TypeAlias, final

from ..model.settings.row_iterator import Header

Cell: TypeAlias = str | int | float | bool | None
"""The content of a cell; None if it is missing."""


class TableKind(str, Enum):
    """What a table is written in."""

    LINES = "text lines"
    """One row a line, of one cell."""
    CSV = "CSV"
    """Also with tabs (TSV), or any other delimiter."""
    JSON = "JSON"
    """A list of objects, of lists, or of plain values."""
    JSON_LINES = "JSON lines"
    """An object, a list or a plain value in each line."""
    XLSX = "XLSX"


ENDED_BY_LINES = frozenset({TableKind.LINES, TableKind.CSV, TableKind.JSON_LINES})
"""Those in which the end of a line ends a row."""


@dataclass(frozen=True)
class TableOptions:
    """What the user says of a table; what is not said is found out."""

    header: Header = Header.AUTO
    delimiter: str = ""
    r"""One character; "\t" in two characters, and "tab", mean a tab. Empty: it is found out."""
    encoding: str = ""
    """A name that Python knows, such as Windows-1252. Empty: it is found out."""
    sheet: str = ""
    """The name of a sheet. Empty: the first one that is not hidden and has data."""


_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar", " ": "space"}


@dataclass(frozen=True)
class TableFormat:
    """How a table is read: as was found out, or said by the options."""

    kind: TableKind
    delimiter: str = ""
    """Of CSV only."""
    quote: str = ""
    """Of CSV only; empty if quotes mean nothing."""
    encoding: str = ""
    """Of files of text; the option `encoding` takes it."""
    header: bool = False
    """Whether the first row names the columns."""
    sheet: str = ""
    """Of XLSX only."""

    @property
    def text(self) -> str:
        """A short description for people, such as `CSV, semicolon, UTF-8, with a header`."""
        parts: list[str] = [self.kind.value]
        if self.delimiter:
            parts.append(_DELIMITERS.get(self.delimiter, f'"{self.delimiter}"'))
        if self.sheet:
            parts.append(f'sheet "{self.sheet}"')
        if self.encoding:
            parts.append(self.encoding)
        if self.header:
            parts.append("with a header")
        elif self.kind in {TableKind.CSV, TableKind.XLSX}:
            parts.append("without a header")
        return ", ".join(parts)


class Row(NamedTuple):
    """A row of a table."""

    cells: tuple[Cell, ...]
    """As many as the table has columns."""
    line: int
    """The line of the file, or the row of the sheet, where it begins; from 1."""


@final
class Table:
    """An open table: a context manager that closes its file."""

    def __init__(
        self,
        format: TableFormat,  # noqa: A002 - what it is
        columns: tuple[str, ...],
        rows: Callable[[], Iterator[Row]],
        close: Callable[[], object] = lambda: None,
        about: int | None = None,
    ) -> None:
        """`rows` begins anew at each call; `close` may be called more than once."""
        self.release: Callable[[], object] = lambda: None
        """Closes the file until rows are read again: whoever opened it may know how to."""
        self.format = format
        self.columns = columns
        """Distinct names, none of them empty."""
        self._rows = rows
        self.close = close
        self.about = about
        """How many rows there are, as far as that is known without reading them; else None."""

    def rows(self) -> Iterator[Row]:
        """The rows from the first on, without the header, and without empty ones.

        One iterator at a time: the next call begins anew in the same file. Raises UnreadableTable
        where a row cannot be read; the rows before it have been given by then.
        """
        return self._rows()

    def __enter__(self) -> Table:
        """Itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self.close()
