"""New files in a folder that is watched: whether there may be any, and whether they are whole."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from ..model.selection import Selection

STILL_SECONDS = 1.0
"""How far apart two looks have to be that find a file unchanged, for it to have stopped growing."""

TICK_SECONDS = 2.0
"""How long a file system may take to note another change of a folder as another one."""

RESTING_SHARE = 20
"""After a look, this many times its length passes before the next: a twentieth of one core."""


@dataclass(frozen=True)
class _Sight:
    """What a file was like when it was first seen like that."""

    size: int
    modified: int
    at: float


class Arrivals:
    """What is remembered of a watched folder between two looks; not safe to use from two threads.

    Times are by a clock that nobody sets. What a file server says of its own is never compared with
    that: its clock may be another one. It is only asked whether it has changed.
    """

    def __init__(self) -> None:
        self._sights: dict[str, _Sight] = {}
        self._looked_for: Selection | None = None
        # When the folder last changed, by its own word, and when that was first seen here.
        self._change: int | None = None
        self._change_seen_at = 0.0
        self._looked_at_change: int | None = None
        self._next_look = float("-inf")

    def worth_a_look(self, directory: str, selection: Selection, now: float) -> bool:
        """Whether the folder may hold something that the last look did not find.

        Without subfolders that is one question to the system, while nothing is on its way.
        """
        if now < self._next_look:
            return False
        if self._sights or selection.recursive or selection != self._looked_for:
            return True
        return _changed_at(directory) != self._looked_at_change

    def looking(self, directory: str, selection: Selection, now: float) -> None:
        """Note that a look begins, before the folder is read."""
        changed = _changed_at(directory)
        if changed is None or changed != self._change:
            self._change, self._change_seen_at = changed, now
        # Another file may come within the same tick of the file system's clock, and not show.
        is_past = now - self._change_seen_at >= TICK_SECONDS
        self._looked_at_change = changed if is_past else None
        self._looked_for = selection

    def looked(self, began: float, ended: float, unknown: Sequence[str]) -> None:
        """Note that a look has ended, which found the files at these full paths to be new."""
        self._next_look = ended + RESTING_SHARE * max(0.0, ended - began)
        present = set(unknown)
        self._sights = {path: sight for path, sight in self._sights.items() if path in present}

    def has_seen(self, path: str) -> bool:
        """Whether the file at a full path was looked at before."""
        return path in self._sights

    def is_whole(self, path: str, now: float) -> bool:
        """Whether the file at a full path has stopped growing; this counts as a look at it.

        It has when it was found with the same size and time `STILL_SECONDS` ago. A file that is
        gone has, too.
        """
        try:
            status = os.stat(path)
        except OSError:
            return True  # which whoever opens it will say
        sight = self._sights.get(path)
        if sight is None or (sight.size, sight.modified) != (status.st_size, status.st_mtime_ns):
            self._sights[path] = _Sight(status.st_size, status.st_mtime_ns, now)
            return False
        return now - sight.at >= STILL_SECONDS


def _changed_at(directory: str) -> int | None:
    """When a file last came to a folder or left it, in ns; None if it cannot be asked."""
    try:
        return os.stat(directory).st_mtime_ns
    except OSError:
        return None
