"""A server's lease: what tells others that it is still at work on its images."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping

from ..names import ENV_PREFIX
from .errors import BatchLoopError

LEASE_VARIABLE = ENV_PREFIX + "LEASE_SECONDS"
"""Environment variable with the seconds that a lease lasts."""

LEASE_SECONDS = 60.0
SHORTEST = 2.0

RENEWALS = 3
"""How often a lease is renewed while it runs, so that two may fail."""
RETRY_SECONDS = 1.0

_log = logging.getLogger(__name__)


def lease_seconds(environ: Mapping[str, str]) -> float:
    """The seconds that a lease lasts, as `LEASE_VARIABLE` has them.

    What is no number is told in the log, and the default taken.
    """
    given = environ.get(LEASE_VARIABLE, "").strip()
    try:
        return max(SHORTEST, float(given)) if given else LEASE_SECONDS
    except ValueError:
        _log.warning(
            "Batch Loop goes by its default: %s is %r, which is no number of seconds.",
            LEASE_VARIABLE,
            given,
        )
        return LEASE_SECONDS


class Lease:
    """Renews a lease from a thread, for as long as this server is at work."""

    def __init__(
        self,
        renew: Callable[[], None],
        is_at_work: Callable[[], bool],
        seconds: float = LEASE_SECONDS,
    ) -> None:
        """`renew` is called from a thread of its own; what it raises is tried again."""
        self.seconds = seconds
        self._renew = renew
        self._is_at_work = is_at_work
        self._lock = threading.Lock()
        self._renewed_at = float("-inf")
        self._thread: threading.Thread | None = None
        self._ended = threading.Event()
        self._has_failed = False
        self._is_doubted = False

    is_shared = True
    """Whether other machines wait to hear of this server."""

    @property
    def is_due(self) -> bool:
        """Whether it is to be renewed by who begins to work: no thread has done it lately."""
        return self._is_doubted or time.monotonic() - self._renewed_at > self.seconds / 2

    @property
    def was_ever_held(self) -> bool:
        """Whether this server was ever at work."""
        return self._renewed_at > float("-inf")

    def take_up(self) -> None:
        """Note that work was begun, under a lease that runs; see to it from now on."""
        with self._lock:
            if self.is_due:
                self._renewed_at = time.monotonic()
                self._is_doubted = False
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="batch-loop-lease", daemon=True
                )
                self._thread.start()

    def doubt(self) -> None:
        """Have it be due, whatever the clock says: one that stands still in a sleep did not see it.

        Who began to work then would be taken for gone.
        """
        self._is_doubted = True

    def end(self) -> None:
        """Renew it no more."""
        self._ended.set()

    def _run(self) -> None:
        wait = self.seconds / RENEWALS
        while True:
            was_ended = self._ended.wait(wait)
            with self._lock:
                if was_ended or not self._is_at_work():
                    self._thread = None
                    return
            wait = self.seconds / RENEWALS if self._look() else RETRY_SECONDS

    def _look(self) -> bool:
        try:
            self._renew()
        except BatchLoopError as error:
            if not self._has_failed:
                _log.warning("Batch Loop tries again until it can: %s", error)
            self._has_failed = True
            return False
        self._has_failed = False
        self._renewed_at = time.monotonic()
        return True


class NoLease:
    """For a registry whose store no other machine uses."""

    seconds = LEASE_SECONDS
    is_shared = False
    is_due = False
    was_ever_held = False

    def take_up(self) -> None:
        """Nobody asks."""

    def doubt(self) -> None:
        """Nobody takes anything away."""

    def end(self) -> None:
        """It never began."""
