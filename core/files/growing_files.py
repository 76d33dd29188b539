"""New files in a watched folder: whether there may be any, and whether they are complete."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from ..model.selection import Selection, WhenMissing

STILL_SECONDS = 1.0
"""A file that has been unchanged for this long counts as complete."""

TICK_SECONDS = 2.0
"""Two changes of a folder within this time may get the same modification time."""

RESTING_SHARE = 20
"""The pause after a look, as a multiple of its duration: a twentieth of one core at most."""


@dataclass(frozen=True)
class _Sight:
    """A file's state, and when it was first seen in that state."""

    size: int
    modified: int
    at: float


class Arrivals:
    """What is remembered of a watched folder between looks; not thread-safe.

    Times are monotonic. A file's modification time is never compared with them, as a file server's
    clock may differ; it only shows whether the file has changed.
    """

    def __init__(self) -> None:
        self._sights: dict[str, _Sight] = {}
        self._looked_for: Selection | None = None
        # The folder's modification time, and when that was first seen here.
        self._change: int | None = None
        self._change_seen_at = 0.0
        self._looked_at_change: int | None = None
        self._next_look = float("-inf")

    def worth_a_look(self, directory: str, selection: Selection, now: float) -> bool:
        """Whether the folder may hold something that the last look missed.

        Without subfolders this is one system call, while no file is arriving.
        """
        if now < self._next_look:
            return False
        if self._sights or selection.recursive or selection != self._looked_for:
            return True
        if _waits_for_others(selection):
            return True
        return _changed_at(directory) != self._looked_at_change

    def looking(self, directory: str, selection: Selection, now: float) -> None:
        """Note that a look begins, before the folder is read."""
        changed = _changed_at(directory)
        if changed is None or changed != self._change:
            self._change, self._change_seen_at = changed, now
        # Another file may arrive within the same tick of the file system's clock, and not show.
        is_past = now - self._change_seen_at >= TICK_SECONDS
        self._looked_at_change = changed if is_past else None
        self._looked_for = selection

    def looked(self, began: float, ended: float, unknown: Sequence[str]) -> None:
        """Note the end of a look that found new files at these full paths."""
        self._next_look = ended + RESTING_SHARE * max(0.0, ended - began)
        present = set(unknown)
        self._sights = {path: sight for path, sight in self._sights.items() if path in present}

    def has_seen(self, path: str) -> bool:
        """Whether the file at a full path was looked at before."""
        return path in self._sights

    def is_whole(self, path: str, now: float) -> bool:
        """Whether the file at a full path is complete; this counts as a look at it.

        It is if it had the same size and modification time `STILL_SECONDS` ago, or if it is gone.
        """
        try:
            status = os.stat(path)
        except OSError:
            return True  # opening it will report that
        sight = self._sights.get(path)
        if sight is None or (sight.size, sight.modified) != (status.st_size, status.st_mtime_ns):
            self._sights[path] = _Sight(status.st_size, status.st_mtime_ns, now)
            return False
        return now - sight.at >= STILL_SECONDS


def _waits_for_others(selection: Selection) -> bool:
    """Whether an image may be one of the batch once a file has come into another folder."""
    return any(
        companion.when_missing is WhenMissing.LEAVE_OUT
        and ("/" in companion.pattern or os.sep in companion.pattern)
        for companion in selection.companions
    )


def _changed_at(directory: str) -> int | None:
    """When a file was last added to a folder or removed, in ns; None if that is unknown."""
    try:
        return os.stat(directory).st_mtime_ns
    except OSError:
        return None
