"""How a file looks, which tells whether somebody has replaced or edited it since."""

from __future__ import annotations

import os
import stat
import zlib
from typing import NamedTuple


class Sight(NamedTuple):
    """What is seen of a result's file, most of it without reading it."""

    modified: int
    """When it was last modified, in nanoseconds since the epoch."""
    size: int | None = None
    """In bytes; None as long as the file has yet to be written."""
    digest: int | None = None
    """The checksum of its content; None as long as that is not known."""

    def is_of(self, found: Sight) -> bool:
        """Whether a file that now looks like `found` is the one that was seen, unchanged."""
        if self.size is not None and self.size != found.size:
            return False
        if abs(self.modified - found.modified) <= _tick(found.modified):
            return True
        return self.digest is not None and self.digest == found.digest

    def asks_for(self, found: Sight) -> bool:
        """Whether only the content of a file that looks like `found` tells if it is unchanged."""
        is_as_long = self.size is not None and self.size == found.size
        return is_as_long and self.digest is not None and found.digest is None


class FileStamp(NamedTuple):
    """Another one whenever a file that is read is replaced or changed."""

    device: int
    inode: int
    size: int
    """In bytes."""
    modified: int
    """In nanoseconds since the epoch."""


class FileChanged(OSError):
    """Raised when a file that is read on is another one, or has changed."""


Sights = tuple[Sight, ...]
"""The ways that a file may look if it is still as it was left; none if that is not known."""

MOST_SIGHTS = 4
"""The newest that are kept: only a node that saves one result again and again has more."""

_READ_AT_ONCE = 1 << 20
_UNREADABLE = -1
_AS_IT_IS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
"""A link is not followed, and a pipe is not waited for: Windows has neither."""
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


def stamp_of(file: str | int) -> FileStamp:
    """The stamp of the file at a path, or of an open one by its descriptor; raises OSError."""
    found = os.stat(file)
    return FileStamp(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def stamp_at(path: str) -> FileStamp | None:
    """The stamp of the file at a path; None if it is gone."""
    try:
        return stamp_of(path)
    except OSError:
        return None


def digest(data: bytes, before: int = 0) -> int:
    """The checksum of a content, which `before` is that of the part before it."""
    return zlib.crc32(data, before)


def read(path: str, found: Sight) -> Sight:
    """How the file at a real path looks, with its content; `found` is what was seen of it."""
    checksum = 0
    try:
        with open(path, "rb", opener=_opened) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return found._replace(digest=_UNREADABLE)
            while data := file.read(_READ_AT_ONCE):
                checksum = digest(data, checksum)
    except OSError:
        checksum = _UNREADABLE  # it is no content's
    return found._replace(digest=checksum)


def _opened(path: str, flags: int) -> int:
    return os.open(path, flags | _AS_IT_IS)


def _tick(modified: int) -> int:
    """By how much a file system rounds times, judged by one that it gives.

    exFAT, FAT and some network folders keep them to a hundredth of a second, a second or two.
    """
    tick = _SECOND
    while modified % tick and tick > _FINEST:
        tick //= 10
    return 2 * _SECOND if tick == _SECOND else tick
