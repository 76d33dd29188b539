"""The parts of the registry, and how they are put together."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial

from ..companions.listed_companions import FindBeside, nothing_beside
from ..model.background_writes import NoWrites, Writes
from ..model.prompt import Host
from ..model.records import Snapshot
from ..model.shared_roots import NO_ROOTS, Roots
from ..sources.interface import Source
from ..store.interface import Store
from .batches import Batches
from .changes.loops import Items, Loops
from .changes.outputs import Outputs
from .changes.source_files import SourceFiles
from .changes.transactions import Transactions
from .end_of_batch import BatchEnds
from .folders.folder_contents import FolderContents
from .folders.folder_watch import FolderWatch
from .folders.large_listings import LargeListings
from .folders.leaving import Leaving
from .folders.listings import Listings
from .folders.own_results import OwnResults
from .folders.spare_listings import SpareListings
from .iterations import Iterations
from .outcomes.ended_prompts import EndedPrompts
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
        source: Source,
        writes: Writes | None = None,
        *,
        find_beside: FindBeside = nothing_beside,
        lease_seconds: float | None = None,
        roots: Roots = NO_ROOTS,
        real_path: Callable[[str], str | None] = str,
        clean_up: Callable[[Collection[str], Collection[str]], object] | None = None,
        forgotten: Callable[[str], object] = lambda _loop_id: None,
        poll_outcomes: Poll = OutcomePoller,
        poll_listings: Poll = OutcomePoller,
        lease_clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`source` is what loops take their items from.

        `writes` reports on files that are written in the background; None if there are none.
        `find_beside` finds the companions of images. A
        lease of `lease_seconds` tells other servers that this one is at work; None if there are no
        others. `real_path` returns the real path of one that the store or another pack's node
        names; None if that may not be accessed. `clean_up` is called when the images of servers
        that have ended are given back, with the folders in which they may have left unfinished
        files, and those servers; it must not take long, and by default does nothing. `forgotten` is
        called with the id of each loop that is forgotten here: its next batch is number 1 again.
        `poll_outcomes` makes the poller for the outcomes of prompts, and `poll_listings` the one
        for listings to delete. `lease_clock` is the monotonic clock that times leases.
        """
        self._store = store
        self._host = host
        self.source = source
        self._writes = writes or NoWrites()
        self._roots = roots
        self._forgotten = forgotten
        self._transactions = Transactions(store, host)
        self.memory = self._transactions.memory
        self._loops = Loops(store, host, self.memory)
        self._items = Items(store, self._transactions)
        self._source_files = SourceFiles(store, self.memory, source, roots, real_path)
        self._outputs = Outputs(store, self.memory, self._source_files, roots)
        self._iterations = Iterations(store, host, self.memory, self._loops)
        self._folder_watch = FolderWatch(store, host, self.memory, self._loops, source)
        self._untold = Untold(self.memory)
        self.servers = Servers(store, host, self._transactions, lease_seconds, lease_clock)
        self._outcomes = Outcomes(store, host, self.memory, self._writes, self.servers)
        own_results = OwnResults(store, source, roots)
        leaving = Leaving(store, self._loops, self._items, own_results)
        self._ends = BatchEnds(
            store,
            self.memory,
            loops=self._loops,
            items=self._items,
            own_results=own_results,
            leaving=leaving,
        )
        self._batches = Batches(
            store,
            self._transactions,
            loops=self._loops,
            items=self._items,
            ends=self._ends,
            leaving=leaving,
        )
        ended_prompts = EndedPrompts(
            store,
            host,
            self._transactions,
            loops=self._loops,
            items=self._items,
            outputs=self._outputs,
            outcomes=self._outcomes,
            untold=self._untold,
            writes=self._writes,
        )
        self._reconciler = Reconciler(
            store,
            host,
            self._transactions,
            loops=self._loops,
            outcomes=self._outcomes,
            ended_prompts=ended_prompts,
            writes=self._writes,
            clean_up=clean_up or _leave,
            poll=poll_outcomes,
            reached_the_end=self._ends.reached_the_end_late,
        )
        self.spare_listings = SpareListings(
            store, host, self._transactions, self.servers.is_gone, poll_listings
        )
        self._contents = FolderContents(
            store,
            host,
            self._transactions,
            source=source,
            source_files=self._source_files,
            outputs=self._outputs,
            own_results=own_results,
            folder_watch=self._folder_watch,
            find_beside=find_beside,
        )
        self.listings = Listings(
            host,
            self._transactions,
            contents=self._contents,
            folder_watch=self._folder_watch,
            source=source,
            spare_listings=self.spare_listings,
            large_listings=LargeListings(store, host, self._transactions, self.servers.hold_lease),
        )

    def reconcile_all(self) -> bool:
        """Reconcile all loops; returns whether it pays to look again.

        Tests call it in place of the outcome poller.
        """
        return self._reconciler.reconcile_all()

    def _with_paired(self, snapshot: Snapshot) -> Snapshot:
        """Read apart: a transaction that has taken a loop takes no other afterwards.

        Its partners now may not be those that it has taken.
        """
        if not snapshot.partners:
            return snapshot
        return replace(
            snapshot, paired=self._transactions.read(partial(self._loops.paired, snapshot.id))
        )


def _leave(folders: Collection[str], servers: Collection[str]) -> None:
    """Clean nothing up: there is no other server."""
