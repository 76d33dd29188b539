"""Ranges in typed text: a line such as `1 to 10 step 2` stands for a row for each number."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from .table import Cell, Row, Table, TableKind
from .text.refusal import TYPED, refusal

MOST_ROWS = 10_000_000
"""More are a mistake: they would have to be listed before the first one runs."""

# So few digits that `Decimal` computes without rounding.
_NUMBER = r"([+-]?[0-9]{1,15}(?:\.[0-9]{1,10})?)"
_RANGE = re.compile(
    rf"\s*{_NUMBER}(?:\s+to\s+|\s*\.\.\s*){_NUMBER}(?:\s+step\s+{_NUMBER})?\s*", re.IGNORECASE
)


@dataclass(frozen=True)
class _Numbers:
    """Evenly spaced numbers, counted in a unit of which each is a multiple."""

    multiples: range
    per_one: int
    """How many units make 1."""

    def cells(self) -> Iterator[Cell]:
        """Whole numbers as `int`, others as the nearest `float`, one by one."""
        if self.per_one == 1:
            yield from self.multiples
            return
        for multiple in self.multiples:
            whole, rest = divmod(multiple, self.per_one)
            yield multiple / self.per_one if rest else whole


def with_ranges(table: Table) -> Table:
    """A typed table of lines with a row for each number of its ranges; another one as it is.

    A range is a line `A to B`, `A to B step C` or `A..B`, with nothing else in it; the step is 1 if
    there is none, and its sign is found out. Raises UnreadableTable for a step of 0, and for ranges
    with more than `MOST_ROWS` numbers in all. Numbers are made when their rows are read.
    """
    if table.format.kind is not TableKind.LINES:
        return table
    count = ranges = 0
    for row in table.rows():
        numbers = _numbers_in(row)
        if numbers is not None:
            ranges += 1
            count += len(numbers.multiples)
            _check_count(count, row.line)

    def rows() -> Iterator[Row]:
        for row in table.rows():
            numbers = _numbers_in(row)
            if numbers is None:
                yield row
            else:
                yield from (Row((number,), row.line) for number in numbers.cells())

    about = None if table.about is None else table.about - ranges + count
    return Table(table.format, table.columns, rows, table.close, about)


def _numbers_in(row: Row) -> _Numbers | None:
    """The numbers that a line stands for; None if it is no range."""
    found = _RANGE.fullmatch(str(row.cells[0]))
    if found is None:
        return None
    first, last, step = (Decimal(text or "1") for text in found.groups())
    if not step:
        reason = f"the step of the range {found[0].strip()} is 0"
        raise refusal(TYPED, reason, "Write another step, such as 1, and run again.", row.line)
    places = max(_places(number) for number in (first, last, step))
    start, end, size = (int(number.scaleb(places)) for number in (first, last, abs(step)))
    # `len` of a range cannot exceed the size of an index, which these would by far.
    _check_count(abs(end - start) // size + 1, row.line)
    forward = end >= start
    multiples = range(start, end + 1, size) if forward else range(start, end - 1, -size)
    return _Numbers(multiples, 10**places)


def _places(number: Decimal) -> int:
    """How many digits it has behind the point."""
    return -int(number.as_tuple().exponent)


def _check_count(count: int, line: int) -> None:
    if count > MOST_ROWS:
        reason = f"with this range there are {count:,} rows, and at most {MOST_ROWS:,} are possible"
        remedy = "Write a shorter range, or a larger step, and run again."
        raise refusal(TYPED, reason, remedy, line)
