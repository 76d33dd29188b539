"""Which folders are mounted where, as Linux tells: several paths may lead to one, without links."""

from __future__ import annotations

import os
import re
import select
import threading
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import NamedTuple

_TABLE = "/proc/self/mountinfo"
_READ_AT_ONCE = 65_536
_ESCAPE = re.compile(rb"\\([0-7]{3})")


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
    return _table.mounts()


def other_ways(folder: str, among: Mounts) -> Iterator[str]:
    """Paths that lead to the folder at a real path, too, unless something is mounted over them."""
    own = max(
        # Of those at one place, the last one is seen.
        (mount for mount in reversed(among) if _rest(folder, mount.point) is not None),
        key=lambda mount: len(mount.point),
        default=None,
    )
    if own is None:
        return
    inside = _joined(own.root, _rest(folder, own.point) or "")
    for mount in among:
        rest = _rest(inside, mount.root) if mount.device == own.device else None
        if rest is not None:
            way = _joined(mount.point, rest)
            if way != folder:
                yield way


def _rest(path: str, folder: str) -> str | None:
    """A path relative to a folder; None if it is not in it."""
    if path == folder:
        return ""
    start = os.path.join(folder, "")
    return path[len(start) :] if path.startswith(start) else None


def _joined(folder: str, rest: str) -> str:
    return os.path.join(folder, rest) if rest else folder


def _read(table: int) -> Mounts:
    os.lseek(table, 0, os.SEEK_SET)
    text = b"".join(iter(partial(os.read, table, _READ_AT_ONCE), b""))
    lines = [line.split(b" ") for line in text.splitlines()]
    return tuple(
        Mount(device, _path(root), _path(point)) for _, _, device, root, point, *_ in lines
    )


def _path(field: bytes) -> str:
    return os.fsdecode(_ESCAPE.sub(lambda found: bytes([int(found[1], 8)]), field))
