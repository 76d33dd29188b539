"""Listings in the store that belong to no loop: they are being written, or to be deleted."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from functools import partial

from ...common.errors import BatchLoopError
from ...model.prompt import Host
from ...store.interface import Store
from ...store.records import new_listing_id
from ..changes.transactions import Transactions
from ..outcomes.poller import Poll

LATER_SECONDS = 5.0
"""The time until the next look whether a server that was writing a listing has ended."""


class Written:
    """The names of listings that a caller on this server is writing."""

    def __init__(self, lock: threading.Lock, names: set[str]) -> None:
        self._lock = lock
        self._all = names
        self._own: set[str] = set()

    def new_name(self) -> str:
        """A unique name for a listing, which is not deleted before `end`."""
        name = new_listing_id()
        with self._lock:
            self._all.add(name)
            self._own.add(name)
        return name

    def end(self) -> Collection[str]:
        """Have those that no loop has taken deleted; returns all of them."""
        with self._lock:
            self._all -= self._own
        return self._own


class SpareListings:
    """Deletes listings that belong to no loop, some rows at a time, in a thread of its own.

    Among them are those that a server was writing when it ended.
    """

    def __init__(
        self,
        store: Store,
        host: Host,
        transactions: Transactions,
        is_gone: Callable[[str], bool],
        poll: Poll,
    ) -> None:
        """`is_gone` tells, in a transaction, whether a server has ended."""
        self._store = store
        self._host = host
        self._transactions = transactions
        self._is_gone = is_gone
        self._lock = threading.Lock()
        self._deleting = threading.Lock()
        self._closed = threading.Event()
        self._written: set[str] = set()
        self._poller = poll(self.delete_some)

    @contextmanager
    def written_here(self) -> Iterator[Written]:
        """Gives names to listings that are written in the block.

        Those that no loop has taken in the end, or that were replaced, are given up and deleted.
        """
        written = Written(self._lock, self._written)
        try:
            yield written
        finally:
            for name in written.end():
                # If the store is away, whoever waits for it finds that nothing is written.
                with suppress(BatchLoopError):
                    self._store.outside.give_up(name)
                self._poller.wake()

    def recover(self) -> None:
        """Delete listings that servers have left behind."""
        if self._transactions.beside(self._store.outside.spare_listings):
            self.wake()

    def wake(self) -> None:
        """Look for listings to delete, in the thread for that."""
        self._poller.wake()

    def delete_some(self) -> bool:
        """Delete some rows; returns whether there may be more."""
        with self._deleting:
            if self._closed.is_set():
                return False
            if self._written:
                # Somebody is waiting for the listing that is being written.
                return True
            spares = self._transactions.beside(self._store.outside.spare_listings)
            for name, server in spares.items():
                if self._is_left(name, server):
                    self._transactions.beside(partial(self._store.outside.delete_some, name))
                    return True
        if spares:
            # These are other servers', which may have ended before their leases have expired.
            self._closed.wait(LATER_SECONDS)
        return bool(spares)

    def close(self) -> None:
        """Stop deleting: the next start deletes the rest."""
        with self._deleting:
            self._closed.set()

    def _is_left(self, name: str, server: str) -> bool:
        """Whether no server is still writing a listing."""
        with self._lock:
            if name in self._written:
                return False
        if server in {"", self._host.server}:
            return True
        return self._transactions.run(partial(self._is_gone, server))
