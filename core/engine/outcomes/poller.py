"""Polling in the background: how prompts have ended, and what is to be deleted."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Protocol

from ...common.errors import BatchLoopError

_log = logging.getLogger(__name__)

INTERVAL = 0.05
"""Seconds between two looks. ComfyUI does not announce the end of a prompt, so it is polled."""

LONGEST_PAUSE = 30.0
"""The longest pause, in seconds, after repeated failures."""

IDLE_SECONDS = 10.0
"""How long an idle thread is kept: in a batch the next prompt comes soon, and starting a thread for
each would take longer than its work."""


class Poller(Protocol):
    """Calls a look function in the background, or when a test says so."""

    def wake(self) -> None:
        """Look from now on."""

    def hurry(self) -> None:
        """Look now instead of some time soon, if at all."""

    def finish(self, seconds: float, look: Callable[[], bool]) -> None:
        """Call `look` at least once, until it returns False or time is up; then look no more."""


Poll = Callable[[Callable[[], bool]], Poller]
"""Makes a poller that, once woken, calls a look function until it returns False."""


class OutcomePoller:
    """A thread that looks only while there is something to wait for."""

    def __init__(
        self,
        look: Callable[[], bool],
        interval: float = INTERVAL,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        """Call `look` every `interval` seconds, after `wake`, until it returns False."""
        self._looks = look
        self._interval = interval
        self._idle_seconds = idle_seconds
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._woken = False
        self._hurried = False
        self._ended = False
        # Whether the thread waits for a wake. One that ends no wait would only take turns with the
        # thread that runs the prompt, at each image.
        self._heeds_wakes = False
        # Failed looks in a row.
        self._failures = 0

    def wake(self) -> None:
        """Have `look` called from now on."""
        with self._changed:
            self._woken = True
            if self._ended:
                return
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="batch-loop-poller", daemon=True)
                thread.start()
                self._thread = thread
            elif self._heeds_wakes:
                self._changed.notify()

    def hurry(self) -> None:
        """End the pause before the next look, unless the last one has failed."""
        with self._changed:
            self._hurried = True
            if not self._heeds_wakes:
                self._changed.notify()

    def finish(self, seconds: float, look: Callable[[], bool]) -> None:
        """Call `look` in this thread at least once, until it returns False or time is up.

        The background thread ends first.
        """
        with self._changed:
            self._ended = True
            self._changed.notify()
            thread = self._thread
        if thread is not None:
            thread.join()
        self._looks = look
        give_up_at = time.monotonic() + seconds
        pause = threading.Event()
        while self._look() and time.monotonic() < give_up_at:
            pause.wait(self._interval)

    def _run(self) -> None:
        while self._is_woken():
            while self._is_time() and self._look():
                pass

    def _is_time(self) -> bool:
        """Wait for the next look: not if in a hurry, and longer after each failure, unless woken.

        Returns False once polling has ended.
        """
        # Limited, as a larger power of 2 would exceed any pause.
        seconds = min(self._interval * 2 ** min(self._failures, 30), LONGEST_PAUSE)
        with self._changed:
            if self._failures:
                self._wait(seconds, heed_wakes=True)
                self._woken = False
            else:
                self._wait(seconds, heed_wakes=False)
            self._hurried = False
            return not self._ended

    def _is_woken(self) -> bool:
        """Wait to be woken; returns False, and the thread is to end, if that takes too long."""
        with self._changed:
            self._wait(self._idle_seconds, heed_wakes=True)
            if self._woken and not self._ended:
                self._woken = False
                return True
            self._thread = None
            return False

    def _wait(self, seconds: float, *, heed_wakes: bool) -> None:
        """Wait until time is up, polling has ended, or, if wakes are heeded, a wake comes.

        If they are not, a hurry ends it.
        """
        self._heeds_wakes = heed_wakes

        def is_over() -> bool:
            return self._ended or (self._woken if heed_wakes else self._hurried)

        self._changed.wait_for(is_over, seconds)
        self._heeds_wakes = False

    def _look(self) -> bool:
        """Look; returns whether to look again, also after a failure, as that may be temporary.

        Of several failures in a row, only the first is logged.
        """
        try:
            more = self._looks()
        except BatchLoopError as error:
            if not self._failures:
                _log.warning("Batch Loop looks again until it can note its outcomes: %s", error)
        except Exception:  # noqa: BLE001 - what the host answers is not ours
            if not self._failures:
                _log.exception("Batch Loop could not note its outcomes, and goes on looking")
        else:
            self._failures = 0
            return more
        self._failures += 1
        return True
