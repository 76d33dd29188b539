"""Which folders are mounted where, as Linux tells: several paths may lead to one, without links."""

from __future__ import annotations

import os
import re
import select
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import NamedTuple

_TABLE = "/proc/self/mountinfo"
_READ_AT_ONCE = 65_536
_ESCAPE = rb"\\([0-7]{3})"


class Mount(NamedTuple):
    """A folder of a file system, and where it is mounted."""

    device: bytes
    root: str
    """The folder's path within its file system."""
    point: str


Mounts = tuple[Mount, ...]


class _Table:
    """The system's table of mounts, which is read again when the system says that it changed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._descriptor: int | None = None
        self._mounts: Mounts = ()

    def mounts(self) -> Mounts:
        with self._lock, suppress(OSError):
            if self._descriptor is None:
                # It stays open, to hear of changes.
                self._descriptor = os.open(_TABLE, os.O_RDONLY)
                self._changes = select.poll()
                self._changes.register(self._descriptor, select.POLLPRI)
                self._mounts = _read(self._descriptor)
            elif self._changes.poll(0):
                self._mounts = _read(self._descriptor)
        return self._mounts


_table = _Table()


def mounts() -> Mounts:
    """All mounts, the same object until one changes; none on other systems than Linux."""
    return _table.mounts() if sys.platform == "linux" else ()


def second_places(home: str, among: Mounts) -> Iterator[tuple[str, str]]:
    """Where all or a part of the folder at a real path is also mounted.

    Each time, the path of that place and of the part. Something else may be mounted over either.
    """
    for mount, part, root in _parts(home, among):
        for other in among:
            if other is mount or other.device != mount.device:
                continue
            inner, outer = rest_of(root, other.root), rest_of(other.root, root)
            if inner is not None:
                yield joined(other.point, inner), part
            elif outer is not None:
                yield other.point, joined(part, outer)


def _parts(home: str, among: Mounts) -> Iterator[tuple[Mount, str, str]]:
    """What the folder consists of: mounts, each with its path there and in its file system."""
    # Of those at one place, the last one is seen.
    holders = [mount for mount in reversed(among) if rest_of(home, mount.point) is not None]
    if holders:
        own = max(holders, key=lambda mount: len(mount.point))
        yield own, home, joined(own.root, rest_of(home, own.point) or "")
    for mount in among:
        if rest_of(mount.point, home):
            yield mount, mount.point, mount.root


def rest_of(path: str, folder: str) -> str | None:
    """A path relative to a folder; None if it is not in it, empty for the folder itself."""
    if path == folder:
        return ""
    start = os.path.join(folder, "")
    return path[len(start) :] if path.startswith(start) else None


def joined(folder: str, rest: str) -> str:
    """The path in a folder to `rest`, which may be empty."""
    return os.path.join(folder, rest) if rest else folder


def _read(table: int) -> Mounts:
    os.lseek(table, 0, os.SEEK_SET)
    text = b"".join(iter(partial(os.read, table, _READ_AT_ONCE), b""))
    lines = [line.split(b" ") for line in text.splitlines()]
    return tuple(
        Mount(device, _path(root), _path(point)) for _, _, device, root, point, *_ in lines
    )


def _path(field: bytes) -> str:
    return os.fsdecode(re.sub(_ESCAPE, lambda found: bytes([int(found[1], 8)]), field))
