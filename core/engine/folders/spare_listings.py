"""Listings in the store that no loop has: those that are being written, and those to be deleted."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from ...model.prompt import Host
from ...store.interface import Store
from ...store.records import new_listing_id
from ..changes.transactions import Transactions
from ..outcomes.poller import Poll

LATER_SECONDS = 5.0
"""When to look again whether a server has ended that was writing a listing."""


class Written:
    """The names of listings that somebody here writes."""

    def __init__(self, lock: threading.Lock, names: set[str]) -> None:
        self._lock = lock
        self._all = names
        self._own: set[str] = set()

    def new_name(self) -> str:
        """A name for a listing, which no other has; nobody here deletes one of it meanwhile."""
        name = new_listing_id()
        with self._lock:
            self._all.add(name)
            self._own.add(name)
        return name

    def end(self) -> bool:
        """Have what is left of them deleted; whether there were any."""
        with self._lock:
            self._all -= self._own
        return bool(self._own)


class SpareListings:
    """Deletes listings that nobody has any more, some rows at a time, in a thread of its own.

    So is what a server has left that ended in the midst of writing one.
    """

    def __init__(
        self,
        store: Store,
        host: Host,
        transactions: Transactions,
        is_gone: Callable[[str], bool],
        poll: Poll,
    ) -> None:
        """`is_gone` tells of a server whether it has ended, in a transaction."""
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

        Those that were not taken in the end are deleted, and so is what was there before.
        """
        written = Written(self._lock, self._written)
        try:
            yield written
        finally:
            if written.end():
                self._poller.wake()

    def recover(self) -> None:
        """Delete what servers have left."""
        if self._transactions.beside(self._store.outside.spare_listings):
            self._poller.wake()

    def delete_some(self) -> bool:
        """Delete some rows; whether there may be more."""
        with self._deleting:
            if self._closed.is_set():
                return False
            if self._written:
                # Somebody waits for that one.
                return True
            spares = self._transactions.beside(self._store.outside.spare_listings)
            for name, server in spares.items():
                if self._is_left(name, server):
                    self._transactions.beside(partial(self._store.outside.delete_some, name))
                    return True
        if spares:
            # Of others: they may have ended, and their leases not yet.
            self._closed.wait(LATER_SECONDS)
        return bool(spares)

    def close(self) -> None:
        """Delete no more: what is left is for the next start."""
        with self._deleting:
            self._closed.set()

    def _is_left(self, name: str, server: str) -> bool:
        """Whether nobody has a listing, or is about to have it."""
        with self._lock:
            if name in self._written:
                return False
        if server in {"", self._host.server}:
            return True
        return self._transactions.run(partial(self._is_gone, server))
