"""Large listings are written to the store before a loop takes them, each by one server.

Others that need the same listing, such as a hundred servers that begin a folder at once, wait for
it. A server has its turn as long as its listing is among the spare ones in the store: it ends in
the transaction in which a loop takes the listing, or as soon as the server gives it up, as after an
exception. One that has written nothing for a while, as it hangs or has died, is not waited for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from ...common.pace import parts_of
from ...model.prompt import Host
from ...store.interface import Store
from ...store.records import WantedListing, Writer
from ..changes.transactions import Transactions
from .due_listings import Due, Listing, Why
from .spare_listings import Written

WRITTEN_AT_ONCE = 5_000
"""Paths that are written in one transaction, for which others wait some hundredths of a second."""

SILENT_SECONDS = 10.0
"""How long a server that is waited for may write nothing: a part takes it hundredths of a second.
"""

SOONEST_SECONDS, LATEST_SECONDS = 0.05, 0.5
"""The pauses between two looks at what it has written; they grow, as many servers may wait."""
_OF_THE_WAIT = 1 / 4


class LargeListings:
    """Writes large listings, or waits until another server has."""

    def __init__(
        self,
        store: Store,
        host: Host,
        transactions: Transactions,
        hold_lease: Callable[[], object],
    ) -> None:
        """`hold_lease` is called now and then while a listing is written.

        The lease shows other servers that it still is, or they would delete it.
        """
        self._store = store
        self._host = host
        self._transactions = transactions
        self._hold_lease = hold_lease

    def is_large(self, listing: Listing, *, patient: bool) -> bool:
        """Whether a listing has to be written before a loop takes it."""
        if listing.whole is None:
            return False
        wanted = _wanted(listing.due)
        is_large = partial(self._store.outside.is_large, wanted, len(listing.whole))
        return self._transactions.beside(is_large, patient=patient)

    def begin(self, listing: Listing, written: Written, *, patient: bool) -> Listing | None:
        """Take the turn to write a listing; None if another server had it, which has ended.

        `patient` is as in `Listings.with_listings`.
        """
        wanted, name = _wanted(listing.due), written.new_name()
        begin = partial(self._store.outside.new_listing, wanted, name, self._host.server)
        silent = frozenset[str]()
        while True:
            self._transactions.beside(self._hold_lease, patient=patient)
            new = self._transactions.beside(partial(begin, but=silent), patient=patient)
            if new is not None:
                return replace(listing, new=new)
            found = self._wait(wanted, silent, patient=patient)
            if found is None:
                return None
            silent |= found

    def write(self, listing: Listing, *, patient: bool) -> None:
        """Write a listing that was begun.

        Some rows at a time, each part in its own transaction, so that others can use the store
        between.
        """
        new, whole, outside = listing.new, listing.whole, self._store.outside
        assert new is not None  # noqa: S101 for the type checker: it was begun
        assert whole is not None  # noqa: S101 - the same
        beside = partial(self._transactions.beside, patient=patient)
        first = 0
        for part in parts_of(whole, WRITTEN_AT_ONCE):
            beside(partial(outside.write_listing, new, first, part))
            first += len(part)
            beside(self._hold_lease)
            self._go_on(patient=patient)
        after: str | None = ""
        while after is not None:
            after = beside(partial(outside.write_unlisted, new, after))
            self._go_on(patient=patient)
        beside(partial(outside.finish_listing, new))

    def _wait(
        self, wanted: WantedListing, silent: frozenset[str], *, patient: bool
    ) -> frozenset[str] | None:
        """Wait as long as other servers write a listing, but for those that are `silent`.

        Returns those that have become silent; None if none is left.
        """
        look = partial(self._store.outside.being_written, wanted)
        before: Mapping[str, Writer] = {}
        waited = quiet = 0.0
        while True:
            found = self._transactions.beside(look, patient=patient)
            found = {
                name: writer
                for name, writer in found.items()
                if name not in silent and writer.server != self._host.server
            }
            if not found:
                return None
            if found != before:
                before, quiet = found, 0.0
            if quiet >= SILENT_SECONDS or all(map(self._is_dead, found.values())):
                return frozenset(found)
            pause = min(max(waited * _OF_THE_WAIT, SOONEST_SECONDS), LATEST_SECONDS)
            self._host.wait(pause)
            self._go_on(patient=patient)
            # Not by the clock: the store may have been away meanwhile, for the other one as well.
            waited, quiet = waited + pause, quiet + pause

    def _is_dead(self, writer: Writer) -> bool:
        is_here = self._store.is_of_one_machine
        return self._host.is_alive(writer.server, is_here=is_here) is False

    def _go_on(self, *, patient: bool) -> None:
        if patient:
            self._host.raise_if_cancelled()


def _wanted(due: Due) -> WantedListing:
    return WantedListing(due.key, due.selection, due.batch, keeps=due.why is not Why.BEGIN)
