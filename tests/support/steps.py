"""How long work runs between two steps, in CPU time of its thread.

CPU time makes the result independent of how busy the machine is.
"""

from __future__ import annotations

import time


class Steps:
    """Measures work that calls it as `going_on`."""

    def __init__(self) -> None:
        self._began = self._last = time.thread_time()
        self._longest = 0.0

    def __call__(self) -> None:
        """Note that a step has ended."""
        now = time.thread_time()
        self._longest = max(self._longest, now - self._last)
        self._last = now

    @property
    def longest_share(self) -> float:
        """The longest step so far, as a fraction of the total."""
        self()
        return self._longest / (self._last - self._began)
