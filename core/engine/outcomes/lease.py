"""Leases of servers, which tell others that a server is still working on its images."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

from ...common.errors import BatchLoopError, StateNotKept
from ...model.prompt import Host
from ...store.interface import Store
from ..changes.transactions import Transactions

LEASE_SECONDS = 60.0
SHORTEST = 2.0

RENEWALS = 3
"""How often a lease is renewed while it runs, so that two may fail."""
RETRY_SECONDS = 1.0
LOOK_SECONDS = 1.0
"""How long what is known of other servers' leases may be old."""

_log = logging.getLogger(__name__)


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
        self._is_stale = False

    is_shared = True
    """Whether other machines wait to hear of this server."""

    @property
    def is_due(self) -> bool:
        """Whether it is to be renewed by who begins to work: no thread has done it lately."""
        return self._is_stale or time.monotonic() - self._renewed_at > self.seconds / 2

    @property
    def was_ever_held(self) -> bool:
        """Whether this server was ever at work."""
        return self._renewed_at > float("-inf")

    def take_up(self) -> None:
        """Note that work was begun, under a lease that runs; see to it from now on."""
        with self._lock:
            if self.is_due:
                self._renewed_at = time.monotonic()
                self._is_stale = False
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="batch-loop-lease", daemon=True)
                thread.start()
                self._thread = thread

    def mark_stale(self) -> None:
        """Have it be due, whatever the clock says: one that stands still in a sleep did not see it.

        Who began to work then would be taken for gone.
        """
        self._is_stale = True

    def end(self) -> None:
        """Renew it no more, once a renewal that has begun is over."""
        self._ended.set()
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join()

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


class LeasesOfOthers:
    """Whether other servers still renew their leases, as far as can be seen from here.

    No time of day is asked, on this machine or another: somebody may set it. A lease has ended when
    it was not renewed for as long as it lasts, in looks of this server's own. Between two looks
    the store may have been away for all: so no pause counts for longer than the time between two
    renewals, which leaves everybody the time for one.
    """

    def __init__(
        self,
        look: Callable[[], Mapping[str, float]],
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`look` gives the number of the last renewal of each server; `clock` is never set."""
        self._look_at_all = look
        self._seconds = seconds
        self._clock = clock
        self._numbers: Mapping[str, float] = {}
        # For how long each was not renewed.
        self._silent: dict[str, float] = {}
        self._looked_at: float | None = None

    def holds(self, server: str) -> bool:
        """Whether a server is still at work; by a look of a moment ago, if that found it so.

        All of them are looked at in one, as there may be many. One that held no lease then may
        have taken it up since.
        """
        since = self._since_the_last_look()
        if since is None or since > LOOK_SECONDS or not self._held(server):
            self._look()
        return self._held(server)

    def _held(self, server: str) -> bool:
        return self._silent.get(server, self._seconds) < self._seconds

    def _since_the_last_look(self) -> float | None:
        return None if self._looked_at is None else self._clock() - self._looked_at

    def _look(self) -> None:
        pause = min(self._since_the_last_look() or 0.0, self._seconds / RENEWALS)
        before, self._numbers = self._numbers, self._look_at_all()
        self._looked_at = self._clock()
        self._silent = {
            server: self._silent[server] + pause if before.get(server) == number else 0.0
            for server, number in self._numbers.items()
        }


class NoLease:
    """For a registry whose store no other machine uses."""

    seconds = LEASE_SECONDS
    is_shared = False
    is_due = False
    was_ever_held = False

    def take_up(self) -> None:
        """Nobody asks."""

    def mark_stale(self) -> None:
        """Nobody takes anything away."""

    def end(self) -> None:
        """It never began."""


class Servers:
    """What others see of this server, and it of them."""

    def __init__(
        self,
        store: Store,
        host: Host,
        transactions: Transactions,
        lease_seconds: float | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`clock` is what the leases of others are timed by; see `LoopRegistry`."""
        self._store = store
        self._host = host
        self._transactions = transactions
        memory = transactions.memory
        self._lease = (
            NoLease()
            if lease_seconds is None
            else Lease(self.renew, lambda: memory.is_at_work, lease_seconds)
        )
        self._of_others = LeasesOfOthers(store.leases, self._lease.seconds, clock)

    @property
    def wait_for_each_other(self) -> bool:
        """Whether other machines wait to hear of this server."""
        return self._lease.is_shared

    def take_up_work(self) -> None:
        """Hold a lease from now on, for as long as an item is open here; in a transaction."""
        if not self._lease.is_shared:
            return
        if self._lease.is_due:
            self._store.renew(self._host.server, self._lease.seconds)
        self._transactions.after_commit(self._lease.take_up)

    def hold_lease(self) -> None:
        """Have others see that this server is at work, though it may have no item; from anywhere.

        To be called again and again.
        """
        if self._lease.is_due:
            self.renew()
            self._lease.take_up()

    def mark_stale(self) -> None:
        """Have the lease renewed when work is taken up next, as others found that it had ended."""
        self._lease.mark_stale()

    def renew(self) -> None:
        """Renew the lease; from anywhere."""
        self._store.outside.renew(self._host.server, self._lease.seconds)

    def is_gone(self, server: str) -> bool:
        """Whether another server is at work no more; in a transaction."""
        is_alive = self._host.is_alive(server, is_here=self._store.is_of_one_machine)
        if is_alive is None:
            is_alive = self._of_others.holds(server)
        return not is_alive

    def stop(self) -> None:
        """Renew the lease no more."""
        self._lease.end()

    def close(self) -> None:
        """Say that this server is at work no more."""
        self.stop()
        if self._lease.was_ever_held:
            with suppress(StateNotKept):
                self._transactions.run(lambda: self._store.release(self._host.server))
