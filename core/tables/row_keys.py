"""Keys of rows: by what a row contains, so that they stay when others are added or moved."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from hashlib import blake2b

from ..model.result_names import nameable
from .table import Cell

DIGEST_BYTES = 6
"""Two of a million different rows share a digest with a probability of two in a thousand; then the
later one counts as a further one of the earlier."""

_LONGEST_TITLE, _MOST_BYTES = 60, 120
"""Characters, and bytes, of a title: names of files have 255 bytes, in which a result has more."""
_KEY = re.compile(rf"(?:.* )?([0-9a-f]{{{2 * DIGEST_BYTES}}})(?:#([1-9][0-9]*))?", re.DOTALL)
_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


def row_json(cells: Sequence[Cell]) -> str:
    """The canonical JSON of a row: a list without None at its end, in ASCII, without blanks."""
    if cells and cells[-1] is None:
        kept = len(cells)
        while kept and cells[kept - 1] is None:
            kept -= 1
        cells = cells[:kept]
    return _encode(cells)


def row_digest(data: bytes) -> bytes:
    """The digest of a row's JSON."""
    return blake2b(data, digest_size=DIGEST_BYTES).digest()


def row_title(cells: Sequence[Cell]) -> str:
    """The first cell that is not empty, as a text for people of up to 60 characters; else ""."""
    for cell in cells:
        if cell is None or cell == "":
            continue
        # Much longer texts than needed would be squeezed for nothing.
        text = cell.lstrip()[: 4 * _LONGEST_TITLE] if isinstance(cell, str) else str(cell)
        # Results are named after it: a name that begins with a dot is hidden.
        title = " ".join(nameable(text).split()).lstrip(". ")[:_LONGEST_TITLE]
        title = title.encode("utf-8", "replace")[:_MOST_BYTES].decode("utf-8", "ignore").rstrip()
        if title:
            return title
    return ""


def row_key(title: str, digest: str, occurrence: int) -> str:
    """The key of a row: for the first of equal rows, `a red cat 0123456789ab`; then with #2, #3."""
    key = f"{title} {digest}" if title else digest
    return key if occurrence == 1 else f"{key}#{occurrence}"


def key_digest(key: str) -> str:
    """The 12 hexadecimal digits in a key; raises ValueError if it is no key."""
    return _parts(key)[0]


def key_occurrence(key: str) -> int:
    """Which of several equal rows a key stands for, from 1; raises ValueError if it is no key."""
    return int(_parts(key)[1] or 1)


def _parts(key: str) -> tuple[str, str | None]:
    found = _KEY.fullmatch(key)
    if found is None:
        raise ValueError(f"no key of a row: {key!r}")
    return found[1], found[2]
