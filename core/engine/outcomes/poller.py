"""Looks again and again in the background: how prompts have ended, and what is to be deleted."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Protocol

from ...common.errors import BatchLoopError

_log = logging.getLogger(__name__)

INTERVAL = 0.05
"""Seconds between two looks. ComfyUI tells nobody when a prompt has ended, so one has to look."""

LONGEST_PAUSE = 30.0
"""Seconds that it waits at the most where it fails again and again."""

IDLE_SECONDS = 10.0
"""How long the thread stays when there is nothing to wait for: in a batch the next prompt comes
soon, and beginning a thread for each would take longer than all that it does."""


class Poller(Protocol):
    """What looks in the background, or when a test says so."""

    def wake(self) -> None:
        """See to it that somebody looks from now on."""

    def finish(self, seconds: float, look: Callable[[], bool]) -> None:
        """Look once, and then until `look` returns False or time is up; nobody looks after that."""


Poll = Callable[[Callable[[], bool]], Poller]
"""Makes what calls a look again and again, once it is woken, until the look returns False."""


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
        self._ended = False
        # Looks in a row that failed.
        self._failures = 0

    def wake(self) -> None:
        """See to it that `look` is called from now on."""
        with self._changed:
            self._woken = True
            if self._ended:
                return
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="batch-loop-poller", daemon=True)
                thread.start()
                self._thread = thread
            else:
                self._changed.notify()

    def finish(self, seconds: float, look: Callable[[], bool]) -> None:
        """Look once, and then, in this thread, until `look` returns False or time is up.

        From now on nobody else looks.
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
        """Wait for the next look: longer after each that fails, unless there is something new.

        False once nobody is to look any more.
        """
        # No power of 2 that is larger than any pause.
        seconds = min(self._interval * 2 ** min(self._failures, 30), LONGEST_PAUSE)
        with self._changed:
            self._changed.wait_for(
                lambda: self._ended or (self._woken and self._failures > 0), seconds
            )
            if self._failures:
                self._woken = False
            return not self._ended

    def _is_woken(self) -> bool:
        """Wait to be woken; False, and this thread is to end, if that takes too long."""
        with self._changed:
            self._changed.wait_for(lambda: self._woken or self._ended, self._idle_seconds)
            if self._woken and not self._ended:
                self._woken = False
                return True
            self._thread = None
            return False

    def _look(self) -> bool:
        """Whether to look again: also where that failed, as what is wrong may be over by then.

        Of looks in a row that fail, the first is told.
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
