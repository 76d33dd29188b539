"""How much memory the images may take that are read ahead or wait to be written."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from ..common.errors import InvalidSetting
from ..common.names import ENV_PREFIX

MEMORY_VARIABLE = ENV_PREFIX + "MEMORY_MB"
"""Environment variable: the most megabytes, 0 to read and write only while a node runs."""

MEGABYTE = 1_000_000
_MOST_BY_DEFAULT = 2_000 * MEGABYTE
_SHARE_BY_DEFAULT = 10
"""One part in so many of the machine's memory."""


class MemoryBudget:
    """Bytes to be shared; safe to use from any thread."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._lock = threading.Lock()
        self._taken = 0
        self._most = 0

    @property
    def taken(self) -> int:
        """Bytes that are taken now."""
        with self._lock:
            return self._taken

    @property
    def most(self) -> int:
        """The most bytes that were taken at a time."""
        with self._lock:
            return self._most

    def take(self, size: int) -> bool:
        """Take so many bytes, to be given back; False, and none are taken, if there are fewer."""
        with self._lock:
            if size > self.limit - self._taken:
                return False
            self._taken += size
            self._most = max(self._most, self._taken)
            return True

    def give_back(self, size: int) -> None:
        """Give back what was taken."""
        with self._lock:
            self._taken -= size


def limit_from(environ: Mapping[str, str], memory: int) -> int:
    """The limit in bytes that the variable sets, on a machine with so much memory.

    Where it is not set: a tenth of that, and at most `_MOST_BY_DEFAULT`. Raises `InvalidSetting`
    for what is no number.
    """
    text = environ.get(MEMORY_VARIABLE, "").strip()
    if not text:
        return min(memory // _SHARE_BY_DEFAULT, _MOST_BY_DEFAULT)
    if not text.isdecimal():
        message = (
            f"{MEMORY_VARIABLE} was {text!r}, which is no number of megabytes. Set it to a whole "
            "number, such as 1000; to 0 to switch reading ahead and writing behind off."
        )
        raise InvalidSetting(message)
    return int(text) * MEGABYTE
