"""How long work goes on without a pause, by the processor's time of its own thread.

So it comes out the same however busy the machine is.
"""

from __future__ import annotations

import time


class Steps:
    """To be given to work as its `going_on`."""

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
        """The longest step up to now, as a part of the whole."""
        self()
        return self._longest / (self._last - self._began)
