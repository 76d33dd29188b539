"""Leases of servers, which tell others that a server is still working on its images."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial

from ...common.errors import BatchLoopError, StateNotKept
from ...model.prompt import Host
from ...store.interface import Store
from ..changes.transactions import Transactions

LEASE_SECONDS = 60.0
SHORTEST = 2.0

RENEWALS = 3
"""How often a lease is renewed within its time, so that two renewals may fail."""
RETRY_SECONDS = 1.0
OTHERS_SECONDS = 5.0
"""How long it may take to notice that another server has ended, where more of them are at work."""
LOOK_SECONDS = 1.0
"""How old what is known of other servers' leases may be."""

_log = logging.getLogger(__name__)

Clocks = tuple[Callable[[], float], Callable[[], float]]
"""A monotonic clock, which may stand still while the machine sleeps, and the time of day, which may
be set back."""
Moment = tuple[float, float]
"""The time by each of the clocks."""
_NEVER: Moment = (float("-inf"), float("-inf"))


class Lease:
    """Renews a lease from a thread, for as long as this server is at work."""

    def __init__(
        self,
        renew: Callable[[], None],
        is_at_work: Callable[[], bool],
        seconds: float = LEASE_SECONDS,
        clocks: Clocks = (time.monotonic, time.time),
    ) -> None:
        """`renew` is called from the lease's own thread, and again after a BatchLoopError."""
        self.seconds = seconds
        self._renew = renew
        self._is_at_work = is_at_work
        self._lock = threading.Lock()
        self._clocks = clocks
        # When it was renewed last: before that was begun, as it lasts from then on.
        self._renewed = _NEVER
        self._thread: threading.Thread | None = None
        self._ended = threading.Event()
        self._has_failed = False
        self._is_stale = False

    @property
    def is_due(self) -> bool:
        """Whether whoever begins to work has to renew it: the thread has not done so lately."""
        return self._is_old(self._renewed)

    def doubt(self) -> Callable[[], bool]:
        """A question for later: whether it may have ended meanwhile, even if it is held again.

        The answer is about the time since it was last renewed before this call.
        """
        return partial(self._is_old, self._renewed)

    def _is_old(self, renewed: Moment) -> bool:
        passed = max(now - then for now, then in zip(self.now(), renewed, strict=True))
        return self._is_stale or passed > self.seconds / 2

    @property
    def was_ever_held(self) -> bool:
        """Whether this server was ever at work."""
        return self._renewed != _NEVER

    def now(self) -> Moment:
        """This moment."""
        steady, of_day = self._clocks
        return steady(), of_day()

    def take_up(self, renewed: Moment | None = None) -> None:
        """Note that work has begun under a valid lease, which is renewed from now on.

        `renewed` is when whoever begins it has begun to renew it; None if that was not due.
        """
        with self._lock:
            if renewed is not None:
                self._renewed = renewed
                self._is_stale = False
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="batch-loop-lease", daemon=True)
                thread.start()
                self._thread = thread

    def mark_stale(self) -> None:
        """Make it due, whatever the clock says: a clock may stand still while the machine sleeps.

        Otherwise a server that then begins to work would be taken for one that has ended.
        """
        self._is_stale = True

    def end(self) -> None:
        """Stop renewing it, and wait for a renewal in progress."""
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
        now = self.now()
        try:
            self._renew()
        except BatchLoopError as error:
            if not self._has_failed:
                _log.warning("Batch Loop tries again until it can: %s", error)
            self._has_failed = True
            return False
        self._has_failed = False
        self._renewed = now
        return True


class LeasesOfOthers:
    """Whether other servers still renew their leases, as seen from this one.

    No machine's time of day is used, as it may be set. A lease has expired when this server has
    seen no renewal for as long as it lasts. The store may have been away for everybody between two
    looks, so no pause counts for longer than the time between two renewals, which leaves everybody
    time for one.
    """

    def __init__(
        self,
        look: Callable[[], Mapping[str, float]],
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`look` returns the number of each server's last renewal; `clock` is monotonic."""
        self._look_at_all = look
        self._seconds = seconds
        self._clock = clock
        self._numbers: Mapping[str, float] = {}
        # For how long no renewal of each was seen.
        self._silent: dict[str, float] = {}
        self._looked_at: float | None = None

    def holds(self, server: str) -> bool:
        """Whether a server holds a lease; a recent look will do if it found one.

        One look is at all leases, as there may be many. A server that held none then may have taken
        one since.
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
    """The lease of a server whose store no other machine uses."""

    seconds = LEASE_SECONDS
    is_due = False
    was_ever_held = False

    def doubt(self) -> Callable[[], bool]:
        """Whether it may have ended: never."""
        return lambda: False

    def now(self) -> Moment:
        """No moment matters."""
        return _NEVER

    def take_up(self, renewed: Moment | None = None) -> None:
        """Do nothing: nobody asks."""

    def mark_stale(self) -> None:
        """Do nothing: nobody takes anything away."""

    def end(self) -> None:
        """Do nothing: it never began."""


class Servers:
    """Whether servers are at work: this one, as others see it, and others, as it sees them."""

    def __init__(
        self,
        store: Store,
        host: Host,
        transactions: Transactions,
        lease_seconds: float | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`clock` is the monotonic clock that times leases."""
        self._store = store
        self._host = host
        self._transactions = transactions
        memory = transactions.memory
        self._lease = (
            NoLease()
            if lease_seconds is None
            else Lease(self.renew, lambda: memory.is_at_work, lease_seconds, (clock, time.time))
        )
        self._of_others = LeasesOfOthers(store.leases, self._lease.seconds, clock)

    @property
    def look_seconds(self) -> float:
        """How long it may take to look at the items of others, where more servers are at work.

        Their leases have to be looked at three times within their time, see `LeasesOfOthers`.
        """
        return min(OTHERS_SECONDS, self._lease.seconds / RENEWALS)

    def take_up_work(self) -> None:
        """Hold a lease from now on, for as long as an item is open here; in a transaction."""
        renewed = None
        if self._lease.is_due:
            renewed = self._lease.now()
            self._store.renew(self._host.server, self._lease.seconds)
        self._transactions.after_commit(partial(self._lease.take_up, renewed))

    def hold_lease(self) -> None:
        """Hold a lease for a while, even without an open item; in a transaction or not.

        It has to be called repeatedly while the work lasts.
        """
        if self._lease.is_due:
            renewed = self._lease.now()
            self.renew()
            self._lease.take_up(renewed)

    def doubt(self) -> Callable[[], bool]:
        """A question for later: may others have taken this server meanwhile for one that has ended?

        Not before half of the lease has passed since it was last renewed: so if not, who has asked
        has the other half to act.
        """
        return self._lease.doubt()

    def mark_stale(self) -> None:
        """Have the lease renewed when work is next taken up, as others found it expired."""
        self._lease.mark_stale()

    def renew(self) -> None:
        """Renew the lease; in a transaction or not."""
        self._store.outside.renew(self._host.server, self._lease.seconds)

    def is_gone(self, server: str) -> bool:
        """Whether another server has ended; in a transaction."""
        is_alive = self._host.is_alive(server, is_here=self._store.is_of_one_machine)
        if is_alive is None:
            is_alive = self._of_others.holds(server)
        return not is_alive

    def stop(self) -> None:
        """Stop renewing the lease."""
        self._lease.end()

    def close(self) -> None:
        """Release the lease: this server stops working."""
        self.stop()
        if self._lease.was_ever_held:
            with suppress(StateNotKept):
                self._transactions.run(lambda: self._store.release(self._host.server))
