"""Tables as programs write them: pandas, Python's csv, Excel, Google Sheets and LibreOffice."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable, Mapping, Sequence

Record = Sequence[str | int | float]
Writer = Callable[[Sequence[Record]], bytes]
"""Makes a file of the rows of a table, of which the first may name the columns."""


def _csv(rows: Sequence[Record], **options: object) -> str:
    out = io.StringIO()
    csv.writer(out, **options).writerows(rows)  # type: ignore[arg-type]
    return out.getvalue()


def pandas(rows: Sequence[Record]) -> bytes:
    """As by `to_csv(index=False)`."""
    return _csv(rows, lineterminator="\n").encode()


def pandas_with_index(rows: Sequence[Record]) -> bytes:
    """As by `to_csv()`, whose first column has no name, and counts."""
    numbered = [("" if number == 0 else number - 1, *row) for number, row in enumerate(rows)]
    return _csv(numbered, lineterminator="\n").encode()


def python(rows: Sequence[Record]) -> bytes:
    """As by `csv.writer` and `csv.DictWriter`."""
    return _csv(rows).encode()


def excel(rows: Sequence[Record]) -> bytes:
    """As by "CSV UTF-8" of Excel."""
    return codecs.BOM_UTF8 + _csv(rows).encode()


def excel_with_semicolons(rows: Sequence[Record]) -> bytes:
    """The same where the decimal sign is a comma."""
    local = [
        [str(cell).replace(".", ",") if isinstance(cell, float) else cell for cell in row]
        for row in rows
    ]
    return codecs.BOM_UTF8 + _csv(local, delimiter=";").encode()


def excel_unicode_text(rows: Sequence[Record]) -> bytes:
    """As by "Unicode Text" of Excel: UTF-16, with tabs."""
    return codecs.BOM_UTF16_LE + _csv(rows, delimiter="\t").encode("utf-16-le")


def google_sheets(rows: Sequence[Record]) -> bytes:
    """As downloaded: without a line break at its end."""
    return _csv(rows).removesuffix("\r\n").encode()


def libreoffice(rows: Sequence[Record]) -> bytes:
    """With "Quote all text cells"."""
    return _csv(rows, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC).encode()


WRITERS: Mapping[str, Writer] = {
    each.__name__: each
    for each in (
        pandas,
        python,
        excel,
        excel_with_semicolons,
        excel_unicode_text,
        google_sheets,
        libreoffice,
    )
}
"""Those that write the rows as they are, by name."""
