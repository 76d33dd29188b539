"""A memory limit for images that are read ahead or wait to be written."""

from __future__ import annotations

import threading
from collections.abc import Callable

MEGABYTE = 1_000_000
MOST_BY_DEFAULT = 2_000 * MEGABYTE
_SHARE_BY_DEFAULT = 10
"""The default limit is the machine's memory divided by this."""


class MemoryBudget:
    """A shared number of bytes; safe to use from any thread."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._lock = threading.Lock()
        self._taken = 0
        self._most = 0
        self._spare: list[Callable[[], int]] = []

    @property
    def taken(self) -> int:
        """Bytes in use now."""
        with self._lock:
            return self._taken

    @property
    def most(self) -> int:
        """The most bytes that were in use at once."""
        with self._lock:
            return self._most

    def take(self, size: int) -> bool:
        """Take `size` bytes, to be given back; False, with none taken, if fewer are left."""
        while not self.take_spare(size):
            # More may become spare meanwhile.
            if not sum(let_go() for let_go in self._spare):
                # They may have given back what they had no need of, and do not count that.
                return self.take_spare(size)
        return True

    def take_spare(self, size: int) -> bool:
        """The same, for what is given back as soon as somebody else needs it: see `ask`."""
        with self._lock:
            if size > self.limit - self._taken:
                return False
            self._taken += size
            self._most = max(self._most, self._taken)
            return True

    def ask(self, let_go: Callable[[], int]) -> None:
        """Have `let_go` called when somebody needs more bytes than are left.

        It gives back what it can do without, and returns how many bytes these were.
        """
        self._spare.append(let_go)

    def give_back(self, size: int) -> None:
        """Give back `size` bytes."""
        with self._lock:
            self._taken -= size

    def room(self, size: int) -> Room | None:
        """Take `size` bytes that several may hold; None as in `take`."""
        return Room(self, size) if self.take(size) else None


class Room:
    """Bytes that were taken from a budget, and are given back once nobody holds them."""

    def __init__(self, budget: MemoryBudget, size: int) -> None:
        self._budget, self._size = budget, size
        self._lock = threading.Lock()
        self._holders = 1

    def hold(self) -> bool:
        """Hold them, too; False if they were given back already."""
        with self._lock:
            if not self._holders:
                return False
            self._holders += 1
            return True

    @property
    def is_shared(self) -> bool:
        """Whether several hold them."""
        with self._lock:
            return self._holders > 1

    def let_go(self) -> None:
        """Hold them no longer: once for the one who took them, and for each `hold`."""
        with self._lock:
            self._holders -= 1
            is_free = not self._holders
        if is_free:
            self._budget.give_back(self._size)


def limit_of(megabytes: int | None, memory: int) -> int:
    """The limit in bytes, on a machine with `memory` bytes.

    With None, it is a tenth of these, and at most `MOST_BY_DEFAULT`.
    """
    if megabytes is None:
        return min(memory // _SHARE_BY_DEFAULT, MOST_BY_DEFAULT)
    return megabytes * MEGABYTE
