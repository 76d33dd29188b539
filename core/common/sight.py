"""How a result's file looks, which tells whether somebody has replaced or edited it since."""

from __future__ import annotations

import os
from typing import NamedTuple


class Sight(NamedTuple):
    """What is seen of a file without reading it."""

    modified: int
    """When it was last modified, in nanoseconds since the epoch."""
    size: int | None = None
    """In bytes; None as long as the file has yet to be written."""

    def is_of(self, found: Sight) -> bool:
        """Whether a file that now looks like `found` is the one that was seen, unchanged."""
        if self.size is not None and self.size != found.size:
            return False
        return abs(self.modified - found.modified) <= _tick(found.modified)


Sights = tuple[Sight, ...]
"""The ways that a file may look if it is still as it was left; none if that is not known."""

MOST_SIGHTS = 4
"""The newest that are kept: only a node that saves one result again and again has more."""

_SECOND = 10**9
_FINEST = 100
"""Nanoseconds: Windows counts time in these."""


def seen(path: str) -> Sight | None:
    """How the file at a real path looks; None if there is none."""
    try:
        status = os.lstat(path)
    except (OSError, ValueError):  # ValueError: a character that no name can have
        return None
    return Sight(status.st_mtime_ns, status.st_size)


def _tick(modified: int) -> int:
    """By how much a file system rounds times, judged by one that it gives.

    exFAT, FAT and some network folders keep them to a hundredth of a second, a second or two.
    """
    tick = _SECOND
    while modified % tick and tick > _FINEST:
        tick //= 10
    return 2 * _SECOND if tick == _SECOND else tick
