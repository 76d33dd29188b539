"""Natural order: img2 before img10, as in file managers; a folder's files before its subfolders'.

It is the order of the library natsort, ignoring case.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from typing import Any

from natsort import natsort_keygen, ns

_natsort_key = natsort_keygen(alg=ns.IGNORECASE)

_DIGITS = r"([0-9]+)"

# File names cannot contain NUL, so it sorts before anything that a name may continue with.
_END = "\0\0"
_THEN_A_NUMBER = "\0\1"


def natural_key(path: str) -> str:
    """Sort key for relative paths in natural order: by folder, then by name without extension.

    Leaving out the extension puts "img1.png" before "img1 (2).png". The path itself comes last, so
    that no two keys are equal: natural order alone treats "img1" and "img01" as the same.

    The key is a string because strings compare many times faster than lists of strings and
    numbers, and Python's garbage collector does not track them.
    """
    folder, _, name = path.rpartition("/")
    stem, dot, _ = name.rpartition(".")
    return f"{_folder_text(folder)}{_END}{_name_text(stem if dot else name)}{_END}{path}"


def in_natural_order(paths: Iterable[str]) -> tuple[str, ...]:
    """Paths, sorted by `natural_key`."""
    found = tuple(paths)
    # A report asks for the results of each item, and there is one of most.
    return tuple(sorted(found, key=natural_key)) if len(found) > 1 else found


def path_of(key: str) -> str:
    """The path that a `natural_key` was made from."""
    return key[key.rindex("\0") + 1 :]


def name_key(name: str) -> tuple[Any, ...]:
    """The key natsort gives a single name: text and numbers alternating, beginning with text.

    natsort's further rules concern only non-ASCII names. Most names are ASCII, and their keys are
    built here in a quarter of the time. A test compares the two.
    """
    if not name.isascii():
        key: tuple[Any, ...] = _natsort_key(name)
        return key
    parts: list[Any] = re.split(_DIGITS, name.lower())
    if not parts[-1]:
        parts.pop()
    parts[1::2] = map(int, parts[1::2])
    return tuple(parts)


def _name_text(name: str) -> str:
    """A string for a name; these strings sort in the same order as the `name_key`s."""
    if not name.isascii():
        key = name_key(name)
        return "".join(
            _number_text(str(part)) if place % 2 else part for place, part in enumerate(key)
        )
    parts = re.split(_DIGITS, name.lower())
    for place in range(1, len(parts), 2):
        parts[place] = _number_text(parts[place])
    return "".join(parts)


def _number_text(digits: str) -> str:
    """A string that sorts by value: the count of digits goes first, as fewer digits are less."""
    digits = digits.lstrip("0") or "0"
    return f"{_THEN_A_NUMBER}{chr(len(digits))}{digits}"


@functools.lru_cache(maxsize=1024)
def _folder_text(folder: str) -> str:
    if not folder:
        return ""
    return "".join(f"{_name_text(part)}{_END}" for part in folder.split("/"))
