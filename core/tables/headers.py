"""Whether a table's first row names its columns, and the names of columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from ..model.settings.row_iterator import Header
from .column_words import is_decisive, is_name_of_texts, is_usual
from .table import Cell

_NUMBER = re.compile(r"[$€£¥]?\s*[+-]?(\d[\d.,' ]*|\.\d+)(e[+-]?\d+)?\s*[%€$£¥]?", re.IGNORECASE)
_DATE = re.compile(r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}([T ].*)?")
_FILE = re.compile(r".*[\w)]\.[a-z][a-z0-9]{1,4}|.*[/\\].*\..*|\w+://.*", re.IGNORECASE)
_NAME = re.compile(r"[^\W\d][^,;!?\"]*|[#№%]|#\s?\w*")
_TRUTHS = {"true", "false", "yes", "no"}
_NO_NAMES = _TRUTHS | {"null", "none", "nan", "n/a", "random", "auto", "default", "fixed"}

_LONGEST_NAME = 40
_MOST_WORDS = 4
_LOOKED_AT = 20


class _Column(NamedTuple):
    """What a column begins with, and its other cells that are not empty."""

    name: str
    cells: Sequence[Cell]


def has_header(
    first: Sequence[Cell],
    rest: Sequence[Sequence[Cell]],
    header: Header,
    *,
    is_spaced: bool = False,
) -> bool:
    """Whether the row `first` names the columns of the rows `rest`, of which a sample is enough.

    Unless the user says so, it has to look like names, and something has to tell it from the rows:
    a header that is taken for a row is seen, but a row that is taken for a header is lost.

    It looks like names if no cell is a number, a date, the name of a file, an address, or a word
    such as "true", and none is found again further down in its column. Then any of this will do:

    - A name is above nothing but numbers.
    - The names are words that columns are called, see `_are_usual`.
    - The first cell is empty, and the rows are numbered from 0, as pandas has it.
    - The rows are of another make, see `_contrasts`.

    Where cells are divided as in prose (`is_spaced`), with a blank behind each comma, people may
    have listed what is in an image, so that less is taken for a name.
    """
    if header is not Header.AUTO:
        return header is Header.YES
    if not all(cell is None or isinstance(cell, str) for cell in first):
        return False
    columns = _columns(first, rest)
    named = [column for column in columns if column.name]
    if not named or any(map(_begins_as_a_row, named)) or any(map(_lists_names, named)):
        return False
    return (
        any(map(_counts, named))
        or _are_usual(named, is_spaced=is_spaced)
        or _are_numbered(columns)
        or (not is_spaced and _contrasts(columns))
    )


def _columns(first: Sequence[Cell], rest: Sequence[Sequence[Cell]]) -> list[_Column]:
    """The columns up to the last one that begins with something."""
    names = ["" if cell is None else str(cell).strip() for cell in first]
    while names and not names[-1]:
        names.pop()
    return [
        _Column(
            name,
            [row[place] for row in rest if place < len(row) and row[place] not in {"", None}],
        )
        for place, name in enumerate(names)
    ]


def _begins_as_a_row(column: _Column) -> bool:
    """Whether what a column begins with can be no name."""
    return not _may_be_a_name(column.name) or column.name in column.cells


def _counts(column: _Column) -> bool:
    """Whether a name is above nothing but numbers."""
    is_above = looks_like_a_name(column.name) and bool(column.cells)
    return is_above and all(map(is_number, column.cells))


def _are_usual(columns: Sequence[_Column], *, is_spaced: bool) -> bool:
    """Whether columns begin with words that columns are called.

    All have to look like names, and one be decisive, or more than half be usual; in prose the
    latter proves nothing. A single column has to be called as texts are. If no row follows, those
    that are not usual have to be single words.
    """
    names = [column.name for column in columns]
    if not all(map(looks_like_a_name, names)):
        return False
    has_rows = any(column.cells for column in columns)
    if not has_rows and not all(is_usual(name) or len(name.split()) == 1 for name in names):
        return False
    if len(names) == 1:
        return is_name_of_texts(names[0])
    if any(map(is_decisive, names)):
        return True
    return not is_spaced and 2 * sum(map(is_usual, names)) > len(names)


def _lists_names(column: _Column) -> bool:
    """Whether most cells of a column are such words, too: each row has a setting and its value."""
    some = [cell for cell in column.cells[:_LOOKED_AT] if isinstance(cell, str)]
    return is_usual(column.name) and 2 * sum(map(is_usual, some)) > len(some)


def _are_numbered(columns: Sequence[_Column]) -> bool:
    """Whether the first column has no name, and the numbers 0, 1, 2 and so on."""
    index, *others = columns
    numbers = [str(cell) for cell in index.cells]
    return (
        not index.name
        and numbers == [str(number) for number in range(len(numbers))]
        and bool(numbers)
        and all(looks_like_a_name(column.name) for column in others)
    )


def _contrasts(columns: Sequence[_Column]) -> bool:
    """Whether two rows or more are of another make than what their columns begin with.

    The columns begin with distinct texts that look like names; and in one of them, nothing else
    could be a name, such as files, dates, or "true" and "false".
    """
    names = [column.name for column in columns]
    is_distinct = len({name.casefold() for name in names}) == len(names)
    return (
        is_distinct
        and all(map(looks_like_a_name, names))
        and any(
            len(column.cells) > 1 and not any(_may_be_a_name(str(cell)) for cell in column.cells)
            for column in columns
        )
    )


def column_names(first: Sequence[Cell], width: int) -> tuple[str, ...]:
    """Distinct names for `width` columns, by the cells of a header, which may be missing.

    An empty one becomes "column 3", by its place; a second "name" becomes "name 2".
    """
    given = ["" if cell is None else " ".join(str(cell).split()) for cell in first]
    given += [""] * (width - len(given))
    wanted = [name or f"column {place}" for place, name in enumerate(given, 1)]
    taken, found, numbers = set(wanted), set[str](), dict[str, int]()
    names = []
    for name in wanted:
        made = name
        while made in found or (made != name and made in taken):
            numbers[name] = numbers.get(name, 1) + 1
            made = f"{name} {numbers[name]}"
        found.add(made)
        names.append(made)
    return tuple(names)


def have_no_names(columns: Sequence[str]) -> bool:
    """Whether the names of columns are only their places, as without a header."""
    return tuple(columns) == column_names((), len(columns))


def is_number(cell: Cell) -> bool:
    """Whether a cell is a number, also as text in the spelling of any country; no boolean is."""
    if isinstance(cell, str):
        return _NUMBER.fullmatch(cell.strip()) is not None
    return isinstance(cell, (int, float)) and not isinstance(cell, bool)


def is_no_name(cell: Cell) -> bool:
    """Whether a cell can be the name of no column: a number, a date, a file, an address, "true"."""
    return not (isinstance(cell, str) and _may_be_a_name(cell.strip()))


def looks_like_a_name(text: str) -> bool:
    """Whether a text looks like the name of a column, see `has_header`."""
    text = text.strip()
    words = text.split()
    return (
        len(text) <= _LONGEST_NAME
        and len(words) <= _MOST_WORDS
        and _NAME.fullmatch(text) is not None
        and not (len(words) > 1 and text.endswith("."))
        and _may_be_a_name(text)
    )


def _may_be_a_name(text: str) -> bool:
    return not (
        not text
        or text.casefold() in _NO_NAMES
        or is_number(text)
        or _DATE.fullmatch(text)
        or _FILE.fullmatch(text)
    )
