"""Files that are written while they are read: no item is to blame before that has settled."""

from __future__ import annotations

import math
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

from ...common.errors import BatchLoopError, FolderNotFound, Unreadable
from ...common.sight import FileStamp
from ...files.growing_files import STILL_SECONDS

T = TypeVar("T")

MOST_SECONDS = 30.0
"""How long a file that does not settle is waited for."""

_OLD_SECONDS = 5.0
"""A file that was not touched for so long, by both its times, counts as complete at first sight.

Where a file server's clock differs by more, each does: then a copy is not waited for."""

_MOST_REPLACED = 3
"""A file that is replaced more often while it is waited for may never settle. Nor may one that is
moved to and fro: each time that the very same comes back counts as two."""

_LOOK_SECONDS = 0.05
_MOST_SEEN = 1_000


class ChangingFiles:
    """Reads files, and reads them again if they could not be read while they were changing.

    `pause` waits for so many seconds, and may raise to end the waiting; `clock` must be monotonic,
    and `wall` tells the time that files are touched at.
    """

    def __init__(
        self,
        pause: Callable[[float], object] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._pause = pause
        self._clock = clock
        self._wall = wall
        self._lock = threading.Lock()
        self._seen: OrderedDict[str, tuple[FileStamp | None, float]] = OrderedDict()
        """How files looked last, and since when, by the clock."""

    def read(
        self,
        path: str,
        read: Callable[[], T],
        unsettled: Callable[[BatchLoopError], BatchLoopError] = lambda error: error,
    ) -> T:
        """What `read` returns, which reads the file at a real path.

        If it raises Unreadable or FolderNotFound, and the file has changed, come or gone less than
        `STILL_SECONDS` before, it is called again once nothing has changed for so long. What it
        then raises is raised; `unsettled` makes the error to raise in its place if the file is
        still changing after `MOST_SECONDS`.
        """
        until: float | None = None
        while True:
            stamp, since = self._look(path)
            began = self._clock()
            try:
                return read()
            except (Unreadable, FolderNotFound) as error:
                if began - since >= STILL_SECONDS and self._look(path)[0] == stamp:
                    raise
                until = until or self._clock() + MOST_SECONDS
                if not self._settles(path, until):
                    told = unsettled(error)
                    if told is error:
                        raise
                    raise told from error

    def is_recent(self, path: str, seconds: float) -> bool:
        """Whether the file at a real path was touched less than so many seconds ago."""
        _, times = _state(path)
        return self._are_recent(times, seconds)

    def _settles(self, path: str, until: float) -> bool:
        """Wait until a file has not changed for a while; whether that was before `until`.

        Not if it is another one each time, or comes and goes.
        """
        before: FileStamp | None = None
        seen: set[FileStamp] = set()
        came = 0
        while True:
            stamp, since = self._look(path)
            now = self._clock()
            if now - since >= STILL_SECONDS:
                return True
            if stamp is not None and not _is_same_file(stamp, before):
                came += 2 if stamp in seen else 1
                seen.add(stamp)
            before = stamp
            if now >= until or came > 1 + _MOST_REPLACED:
                return False
            self._pause(_LOOK_SECONDS)

    def _look(self, path: str) -> tuple[FileStamp | None, float]:
        """How a file looks, and since when."""
        stamp, times = _state(path)
        with self._lock:
            now, before = self._clock(), self._seen.pop(path, None)
            if before is not None and before[0] == stamp:
                since = before[1]
            elif before is None and not self._are_recent(times, _OLD_SECONDS):
                since = -math.inf
            else:
                since = now
            self._seen[path] = stamp, since
            if len(self._seen) > _MOST_SEEN:
                self._seen.popitem(last=False)
        return stamp, since

    def _are_recent(self, times: tuple[float, ...], seconds: float) -> bool:
        wall = self._wall()
        return any(abs(wall - touched) < seconds for touched in times)


def _is_same_file(stamp: FileStamp, other: FileStamp | None) -> bool:
    """Whether it is the same file, however it has changed."""
    if other is None:
        return False
    return (stamp.device, stamp.inode) == (other.device, other.inode)


def _state(path: str) -> tuple[FileStamp | None, tuple[float, ...]]:
    """The stamp of a file, and when it was touched, by its own times; neither if it is gone."""
    try:
        found = os.stat(path)
    except OSError:
        return None, ()
    stamp = FileStamp(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)
    # A copy may be given the time of its source, which may even be to come, where a camera's clock
    # was wrong. When the copy was made, or changed, tells then.
    return stamp, (found.st_mtime, found.st_ctime)
