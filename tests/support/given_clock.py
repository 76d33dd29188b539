"""A clock for the classes that measure how long something takes."""

from __future__ import annotations


class GivenClock:
    """A clock that a test sets forward."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Return the time, in seconds."""
        return self.now
