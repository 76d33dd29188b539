"""The lines of a text, each a row of one cell."""

from __future__ import annotations

from collections.abc import Iterator

from ...model.settings.row_iterator import Header
from ..headers import column_names
from ..table import Row, Table, TableFormat, TableKind, TableOptions
from ..text.lines import Text


def lines_table(text: Text, options: TableOptions) -> Table:
    """The lines of a text without blanks around them; those with nothing else are left out.

    There is a header only if the user says so.
    """
    has_header = options.header is Header.YES

    def rows() -> Iterator[Row]:
        found = _rows(text)
        if has_header:
            next(found, None)
        return found

    first = next(_rows(text), None) if has_header else None
    columns = column_names(first.cells if first else (), 1)
    form = TableFormat(TableKind.LINES, encoding=text.encoding, header=has_header)
    about = text.count("")
    return Table(form, columns, rows, text.close, None if about is None else about - has_header)


def _rows(text: Text) -> Iterator[Row]:
    for number, line in enumerate(text.lines(), 1):
        content = line.strip()
        if content:
            yield Row((content,), number)
