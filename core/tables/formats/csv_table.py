"""CSV, with any delimiter: its rows, one by one."""

from __future__ import annotations

import contextlib
import csv
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from itertools import islice

from ...common.errors import UnreadableTable
from ..headers import column_names, has_header
from ..table import Row, Table, TableFormat, TableKind, TableOptions
from ..text.delimiters import Dialect, delimiter_of, dialect_of
from ..text.lines import Text
from ..text.refusal import refusal

_LINES_AT_ONCE = 1024
_MOST_LINES = 4 * _LINES_AT_ONCE
"""A row with more line breaks than this has a quote that is not closed."""

_HOW_TO_QUOTE = 'Close it, and write each quote inside of a quoted field twice (""), and run again.'


@dataclass(frozen=True)
class _Csv:
    """The rows of a text in CSV."""

    text: Text
    dialect: Dialect
    columns: tuple[str, ...]
    has_header: bool

    def rows(self) -> Iterator[Row]:
        width = len(self.columns)
        records = _records(self.text, self.dialect)
        if self.has_header:
            next(records, None)
        for line, cells in records:
            if len(cells) == width:
                yield Row(tuple(cells), line)
            elif len(cells) < width:
                yield Row((*cells, *[None] * (width - len(cells))), line)
            elif any(cells[width:]):
                raise self._too_wide(line, len(cells))
            else:
                yield Row(tuple(cells[:width]), line)

    def _too_wide(self, line: int, fields: int) -> Exception:
        whose = "header" if self.has_header else "first row"
        return refusal(
            self.text.name,
            f"the row has {fields} fields, and the {whose} has {len(self.columns)}",
            f"Put fields that contain {_shown(self.dialect.delimiter)} in quotes, or set delimiter "
            "to what divides the fields, and run again. A list of texts, one in each line, is "
            "read as it is from a file with the extension .txt.",
            line,
        )


def csv_table(text: Text, options: TableOptions) -> Table:
    """The table in a text; raises UnreadableTable if it has no row, InvalidSetting for options."""
    lines, are_all = text.sample()
    given = delimiter_of(options.delimiter)
    dialect = dialect_of(lines, are_all=are_all, delimiter=given)
    first = _first_records(text, dialect, len(lines))
    header = bool(first) and has_header(
        first[0], first[1:], options.header, is_spaced=dialect.is_spaced
    )
    columns = column_names(first[0] if header else (), len(first[0]) if first else 1)
    found = TableFormat(
        TableKind.CSV, dialect.delimiter, dialect.quote, encoding=text.encoding, header=header
    )
    about = text.count(dialect.quote)
    if about is not None:
        about = max(0, about - dialect.skipped - header)
    return Table(found, columns, _Csv(text, dialect, columns, header).rows, text.close, about)


def _first_records(text: Text, dialect: Dialect, lines: int) -> list[list[str]]:
    """The rows of the first lines, up to one that cannot be read.

    Raises if that is one of the first two, as it is then not known whether there is a header.
    """
    found: list[list[str]] = []
    records = _records(text, dialect)
    with contextlib.closing(records):
        try:
            for line, cells in records:
                if line > lines:
                    break
                found.append(cells)
        except UnreadableTable:
            # It is raised again when the rows are read, with those before it.
            if len(found) < len(("header", "row")):
                raise
    return found


def _records(text: Text, dialect: Dialect) -> Generator[tuple[int, list[str]], None, None]:
    """The line and the cells of each row that is not empty."""
    line = 1 + dialect.skipped
    lines = islice(text.lines(), dialect.skipped, None)

    def guarded() -> Iterator[str]:
        while chunk := list(islice(lines, _LINES_AT_ONCE)):
            if reader.line_num + dialect.skipped - line > _MOST_LINES:
                raise csv.Error
            yield from chunk

    reader = csv.reader(guarded(), **dialect.options)
    try:
        for cells in reader:
            if "".join(cells).strip():
                yield line, cells
            line = reader.line_num + 1 + dialect.skipped
    except csv.Error as error:
        raise _broken(text, dialect, line, str(error)) from error


def _broken(text: Text, dialect: Dialect, line: int, what: str) -> Exception:
    if not dialect.quote:
        reason = f"the row cannot be read: {what}"
        return refusal(text.name, reason, "Correct it, and run again.", line)
    opened = _opened_quote(islice(text.lines(), line - 1, None), dialect)
    reason = (
        f"a quote ({dialect.quote}) begins a field here, and is not closed, or the field has more "
        f"than {csv.field_size_limit():,} characters"
        if "larger" in what
        else f"a quote ({dialect.quote}) begins a field here, and is not closed at its end"
    )
    return refusal(text.name, reason, _HOW_TO_QUOTE, line + opened)


def _opened_quote(lines: Iterator[str], dialect: Dialect) -> int:
    """How many lines behind the first one the quote begins that makes a row unreadable."""
    opened, is_open, before = 0, False, dialect.delimiter
    for number, line in enumerate(islice(lines, 2 * _MOST_LINES)):
        for character in line:
            if is_open:
                is_open = character != dialect.quote
            elif character == dialect.quote:
                if before == dialect.quote:  # of a quote that is written twice
                    is_open = True
                elif before in {dialect.delimiter, "\n", "\r"}:
                    opened, is_open = number, True
            elif before == dialect.quote and character not in {dialect.delimiter, "\r", "\n"}:
                return opened
            if not (dialect.is_spaced and character == " "):
                before = character
    return opened


def _shown(delimiter: str) -> str:
    return "a tab" if delimiter == "\t" else f'"{delimiter}"'
