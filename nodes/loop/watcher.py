"""Settles items soon after their prompts end, whether or not another prompt follows."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

INTERVAL = 0.05
"""Seconds between two looks. ComfyUI tells nobody when a prompt has ended, so one has to look."""


class Watcher:
    """A thread that runs only while there is something to wait for."""

    def __init__(self, settle: Callable[[], bool], interval: float = INTERVAL) -> None:
        """Call `settle` every `interval` seconds, after `wake`, until it returns False."""
        self._settle = settle
        self._interval = interval
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._woken = False

    def wake(self) -> None:
        """See to it that `settle` is called from now on."""
        with self._lock:
            self._woken = True
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="batch-loop-watcher", daemon=True
                )
                self._thread.start()

    def _run(self) -> None:
        pause = threading.Event()
        while True:
            with self._lock:
                self._woken = False
            try:
                more = self._settle()
            except Exception:
                # What the host answers is not ours. The next acquire settles the same items and
                # shows its user the same error, so the thread may end here.
                logging.getLogger(__name__).exception("Batch Loop could not settle its items")
                more = False
            with self._lock:
                if not more and not self._woken:
                    self._thread = None
                    return
            pause.wait(self._interval)
