"""Whether a table's first row names its columns, and the names of columns."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..model.settings.row_iterator import Header
from .table import Cell

_NUMBER = re.compile(r"[$€£¥]?\s*[+-]?(\d[\d.,' ]*|\.\d+)(e[+-]?\d+)?\s*[%€$£¥]?", re.IGNORECASE)
_DATE = re.compile(r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}([T ].*)?")
_FILE = re.compile(r".*[\w)]\.[a-z][a-z0-9]{1,4}|.*[/\\].*\..*|\w+://.*", re.IGNORECASE)
_NAME = re.compile(r"[^\W\d][^,;!?\"]*|[#№%]|#\s?\w*")
_NO_NAMES = {"true", "false", "yes", "no", "null", "none", "nan", "n/a"}

_LONGEST_NAME = 40
_MOST_WORDS = 4


def has_header(first: Sequence[Cell], rest: Sequence[Sequence[Cell]], header: Header) -> bool:
    """Whether the row `first` names the columns of the rows `rest`, of which a sample is enough.

    Unless the user says so, it does if all of this holds:

    - Other rows follow.
    - All its cells, but for empty ones at the end, are texts, and no two are equal, whatever the
      case. None is empty, a number, a date, the name of a file, an address, or a word such as
      "true".
    - None is found again further down in its column.
    - Either the other cells of some column are all numbers, or each cell of the first row looks
      like a name: up to 40 characters and four words, beginning with a letter, without a comma, a
      semicolon, a quote, and a full stop, "!" or "?" after the last of several words.
    - If the table has one column: it holds numbers, or texts of which most do not look like names.
      A list of words has no header.
    """
    if header is not Header.AUTO:
        return header is Header.YES
    names = [cell.strip() if isinstance(cell, str) else cell for cell in first]
    while names and names[-1] in {"", None}:
        names.pop()
    texts = [name for name in names if isinstance(name, str) and _may_be_a_name(name)]
    distinct = {text.casefold() for text in texts}
    if not rest or not texts or not len(names) == len(texts) == len(distinct):
        return False
    columns = [
        [row[place] for row in rest if place < len(row) and row[place] not in {"", None}]
        for place in range(len(texts))
    ]
    if any(text in column for text, column in zip(texts, columns, strict=True)):
        return False
    if any(column and all(map(is_number, column)) for column in columns):
        return True
    if len(texts) == 1 and not _mostly_no_names(columns[0]):
        return False
    return all(map(looks_like_a_name, texts))


def _mostly_no_names(cells: Sequence[Cell]) -> bool:
    names = sum(isinstance(cell, str) and looks_like_a_name(cell) for cell in cells)
    return 2 * names < len(cells)


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


def is_number(cell: Cell) -> bool:
    """Whether a cell is a number, also as text in the spelling of any country; no boolean is."""
    if isinstance(cell, str):
        return _NUMBER.fullmatch(cell.strip()) is not None
    return isinstance(cell, (int, float)) and not isinstance(cell, bool)


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
