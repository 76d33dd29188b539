"""Settles items soon after their prompts end, whether or not another prompt follows."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

INTERVAL = 0.05
"""Seconds between two looks. ComfyUI tells nobody when a prompt has ended, so one has to look."""


IDLE_SECONDS = 10.0
"""How long the thread stays when there is nothing to wait for: in a batch the next prompt comes
soon, and beginning a thread for each would take longer than all that it does."""


class Watcher:
    """A thread that looks only while there is something to wait for."""

    def __init__(
        self,
        settle: Callable[[], bool],
        interval: float = INTERVAL,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        """Call `settle` every `interval` seconds, after `wake`, until it returns False."""
        self._settle = settle
        self._interval = interval
        self._idle_seconds = idle_seconds
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._woken = False
        self._ended = False

    def wake(self) -> None:
        """See to it that `settle` is called from now on."""
        with self._changed:
            self._woken = True
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="batch-loop-watcher", daemon=True
                )
                self._thread.start()
            else:
                self._changed.notify()

    def finish(self, seconds: float, settle: Callable[[], bool]) -> None:
        """Look once, and then, in this thread, until `settle` returns False or time is up.

        From now on nobody else looks.
        """
        with self._changed:
            self._ended = True
        self._settle = settle
        give_up_at = time.monotonic() + seconds
        pause = threading.Event()
        while self._look() and time.monotonic() < give_up_at:
            pause.wait(self._interval)

    def _run(self) -> None:
        pause = threading.Event()
        while self._is_woken():
            more = True
            while more and not self._ended:
                pause.wait(self._interval)
                more = self._look()

    def _is_woken(self) -> bool:
        """Wait to be woken; False, and this thread is to end, if that takes too long."""
        with self._changed:
            if self._changed.wait_for(lambda: self._woken, self._idle_seconds):
                self._woken = False
                return True
            self._thread = None
            return False

    def _look(self) -> bool:
        try:
            return self._settle()
        except Exception:
            # What the host answers is not ours. The next acquire settles the same items and
            # shows its user the same error, so nobody need look again.
            logging.getLogger(__name__).exception("Batch Loop could not settle its items")
            return False
