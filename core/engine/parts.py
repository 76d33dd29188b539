"""The parts of the registry, and how they are put together."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

from ..model.background_writes import NoWrites, Writes
from ..model.prompt import Host
from ..model.shared_roots import NO_ROOTS, Roots
from ..store.interface import Store
from .batches import Batches
from .changes.loops import Items, Loops
from .changes.result_owners import Outputs
from .changes.transactions import Transactions
from .folders.folder_watch import FolderWatch
from .folders.listings import Lister, Listings, Sight
from .folders.spare_listings import SpareListings
from .outcomes.lease import Servers
from .outcomes.outcomes import Outcomes, Untold
from .outcomes.poller import OutcomePoller, Poll
from .outcomes.reconcile import Reconciler


class Parts:
    """The parts of a registry: the base of the classes that each answer one kind of request."""

    def __init__(  # noqa: PLR0913 - what it stands on, each given once
        self,
        store: Store,
        host: Host,
        lister: Lister,
        sight: Callable[[str], Sight],
        writes: Writes | None = None,
        *,
        lease_seconds: float | None = None,
        roots: Roots = NO_ROOTS,
        real_path: Callable[[str], str | None] = str,
        clean_up: Callable[[Collection[str], Collection[str]], object] | None = None,
        forgotten: Callable[[str], object] = lambda _: None,
        poll_outcomes: Poll = OutcomePoller,
        poll_listings: Poll = OutcomePoller,
        lease_clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`sight` tells what the file at a full path is like, to see later whether it has changed.

        `writes` tells of files that are written in the background; None: of none. A lease of
        `lease_seconds` tells other servers that this one is at work; None: there are none.
        `real_path` gives the real path of what the store, or a node that is not the pack's, names;
        None where that may not be looked at.
        `clean_up` is given the folders in which servers that have ended may have left unfinished
        files, and those servers, whenever their images are given back; it must not take long. None:
        nothing is done. `forgotten` is told the id of each loop that is forgotten here: its next
        batch is number 1 again. `poll_outcomes` makes what looks for the outcomes of prompts, and
        `poll_listings` what looks for listings to delete. `lease_clock` is what the leases of
        others are timed by; nobody sets it.
        """
        self._store = store
        self._host = host
        self._writes = writes or NoWrites()
        self._roots = roots
        self._forgotten = forgotten
        self._transactions = Transactions(store, host)
        self.memory = self._transactions.memory
        self._loops = Loops(store, host, self.memory)
        self._items = Items(store, self._transactions)
        self._outputs = Outputs(store, self.memory, roots, real_path)
        self._folder_watch = FolderWatch(store, host, self.memory, self._loops)
        self._untold = Untold(self.memory)
        self.servers = Servers(store, host, self._transactions, lease_seconds, lease_clock)
        self._outcomes = Outcomes(store, host, self.memory, self._writes, self.servers)
        self._reconciler = Reconciler(
            store,
            host,
            self._transactions,
            loops=self._loops,
            items=self._items,
            outputs=self._outputs,
            outcomes=self._outcomes,
            untold=self._untold,
            writes=self._writes,
            clean_up=clean_up or _leave,
            poll=poll_outcomes,
        )
        self._batches = Batches(store, self._transactions, self._loops, self._items, self._outputs)
        self.spare_listings = SpareListings(
            store, host, self._transactions, self.servers.is_gone, poll_listings
        )
        self.listings = Listings(
            store,
            host,
            self._transactions,
            outputs=self._outputs,
            folder_watch=self._folder_watch,
            lister=lister,
            sight=sight,
            spare_listings=self.spare_listings,
            hold_lease=self.servers.hold_lease,
        )

    def reconcile_all(self) -> bool:
        """Reconcile all loops, as the outcome poller does; returns whether it pays to look again.

        What looks in the background calls it.
        """
        return self._reconciler.reconcile_all()


def _leave(folders: Collection[str], servers: Collection[str]) -> None:
    """Clean nothing up: there is no other server."""
