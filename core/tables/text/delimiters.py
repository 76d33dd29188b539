"""How a CSV file is written: its delimiter and its quotes, found out from its first lines."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...common.errors import InvalidSetting

QUOTE = '"'
CANDIDATES = ("\t", ";", "|", ",")
"""Where several fit as well, the first is taken: commas are frequent in texts and numbers."""

_SPELLED = {r"\t": "\t", "tab": "\t"}
_HINT = re.compile(r"sep=(.)\r?\n?", re.IGNORECASE)
_FULL = 0.9
"""Of this part of the rows, so many have to have the same number of fields for a delimiter to be
taken before one that no row uses."""


@dataclass(frozen=True)
class Dialect:
    """How the fields of a CSV file are told from each other."""

    delimiter: str
    quote: str = QUOTE
    """Empty if quotes mean nothing."""
    is_spaced: bool = False
    """Whether blanks before a field do not count, as in `"a", "b"`, or if all begin with one."""
    skipped: int = 0
    """How many lines at the beginning are no rows: 1 if a line such as `sep=;` says the delimiter,
    as Excel has it."""

    @property
    def options(self) -> dict[str, Any]:
        """Those of `csv.reader`."""
        return {
            "delimiter": self.delimiter,
            "quotechar": self.quote or None,
            "quoting": csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE,
            "skipinitialspace": self.is_spaced,
            "strict": True,
        }


@dataclass(frozen=True)
class Fit:
    """How well a delimiter fits to the first lines of a table."""

    dialect: Dialect
    fields: int = 0
    """How many most rows have; 0 if the lines cannot be read with this delimiter."""
    same: float = 0.0
    """The part of the rows that has so many."""
    is_first_widest: bool = False
    """Whether no row has more fields than the first one."""
    rows: Sequence[Sequence[str]] = ()
    """Those that are not empty, up to one that goes on behind these lines."""

    @property
    def rank(self) -> tuple[bool, bool, float]:
        """Greater for better fits."""
        divides = self.fields > 1
        return divides, divides and (self.is_first_widest or self.same > _FULL), self.same


def delimiter_of(text: str) -> str:
    """The delimiter that the user enters, or ""; raises InvalidSetting if it can be none."""
    delimiter = _SPELLED.get(text.strip().lower(), text)
    if len(delimiter) > 1 or delimiter in {QUOTE, "\r", "\n"}:
        message = (
            f"delimiter was {text!r}, and has to be one character, but no quote. Enter one such "
            "as ; or , or tab, or leave it empty."
        )
        raise InvalidSetting(message)
    return delimiter


def dialect_of(lines: Sequence[str], *, are_all: bool, delimiter: str = "") -> Dialect:
    """How a table with these first lines is written, with the delimiter that is given, if any.

    `are_all`: whether the table has no other lines.
    """
    hint = _HINT.fullmatch(lines[0]) if lines else None
    skipped = 0
    if hint is not None:
        delimiter, skipped = delimiter or hint[1], 1
    candidates = [delimiter] if delimiter else CANDIDATES
    fits = [
        fit(lines[skipped:], dialect, are_all=are_all)
        for each in candidates
        for dialect in _dialects(each, lines, skipped)
    ]
    # Of equal ones, `max` takes the first.
    best = max(fits, key=lambda each: each.rank)
    if best.fields <= 1 and not delimiter:
        return Dialect(",", skipped=skipped)
    return best.dialect


def fit(lines: Sequence[str], dialect: Dialect, *, are_all: bool) -> Fit:
    """How well a dialect fits to the first lines of a table."""
    rows: list[list[str]] = []
    reader = csv.reader(iter(lines), **dialect.options)
    try:
        rows.extend(cells for cells in reader if "".join(cells).strip())
    except csv.Error:
        # A row that goes on behind the sample ends in the middle of a quote.
        if are_all or reader.line_num < len(lines):
            return Fit(dialect)
    if not rows:
        return Fit(dialect)
    counts = [len(cells) for cells in rows]
    fields, times = Counter(counts).most_common(1)[0]
    if fields > 1 and all(_begins_blank(cells) for cells in rows):
        dialect = replace(dialect, is_spaced=True)
    return Fit(dialect, fields, times / len(rows), max(counts) <= counts[0], rows)


def _begins_blank(cells: Sequence[str]) -> bool:
    """Whether each field behind the first one begins with a blank, if there is any."""
    return all(cell[:1] in {"", " "} for cell in cells[1:])


def _dialects(delimiter: str, lines: Sequence[str], skipped: int) -> Iterator[Dialect]:
    """Those that a delimiter may stand for; of equal fits, the first is meant."""
    yield Dialect(delimiter, skipped=skipped)
    if delimiter == "\t":
        # Programs that write tabs often write a quote as it is.
        yield Dialect(delimiter, quote="", skipped=skipped)
        return
    spaced = re.compile(f'{re.escape(delimiter)} +"')
    if any(map(spaced.search, lines)):
        yield Dialect(delimiter, is_spaced=True, skipped=skipped)
