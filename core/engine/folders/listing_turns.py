"""Only one listing of a loop is taken at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ...model.loop_key import LoopKey
from ...model.prompt import Host

LOOK_SECONDS = 0.1
"""How often a thread that waits for another's listing checks whether it is still wanted."""


class ListingTurns:
    """The turns of threads to list the folders of loops."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._turns: dict[LoopKey, threading.Lock] = {}

    @contextmanager
    def if_free(self, key: LoopKey) -> Iterator[bool]:
        """Take a loop's turn, unless another thread has it; yields whether it was taken."""
        turn = self._of(key)
        is_mine = turn.acquire(blocking=False)
        try:
            yield is_mine
        finally:
            if is_mine:
                turn.release()

    @contextmanager
    def taken(self, key: LoopKey, *, patient: bool) -> Iterator[bool]:
        """Take a loop's turn; yields whether another thread had it before."""
        turn = self._of(key)
        had_to_wait = not turn.acquire(blocking=False)
        while had_to_wait and not turn.acquire(timeout=LOOK_SECONDS):
            if patient:
                self._host.raise_if_cancelled()
        try:
            yield had_to_wait
        finally:
            turn.release()

    def _of(self, key: LoopKey) -> threading.Lock:
        return self._turns.setdefault(key, threading.Lock())
