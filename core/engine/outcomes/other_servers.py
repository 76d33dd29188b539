"""This server beside others that share the store: its own lease, and whether they are gone."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

from ...common.errors import StateNotKept
from ...model.prompt import Host
from ...store.interface import Store
from ..changes.transactions import Transactions
from .lease import Lease, LeasesOfOthers, NoLease


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
