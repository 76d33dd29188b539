"""What any thread may ask a store, outside of the registry's transactions."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Protocol

from ..model.loop_key import LoopKey
from ..model.records import KnownResult, ReportedItem
from .records import ListedLoop, NewListing, Standing, WantedListing, Writer


class Outside(Protocol):
    """Operations outside of the registry's transactions.

    Any thread may call these methods. Each runs in a transaction of its own, which neither waits
    for the registry's transactions nor holds them up.
    """

    def renew(self, server: str, seconds: float) -> None:
        """Renew the lease of a server process, for this many seconds."""

    def listed_loops(self) -> list[ListedLoop]:
        """All loops."""

    def paths(self, key: LoopKey) -> Collection[str]:
        """The paths of the current listing."""

    def pending(self, key: LoopKey) -> Collection[str]:
        """Those of `paths` whose items are PENDING."""

    def standing(self, key: LoopKey) -> Standing:
        """How the items of the current listing stand."""

    def undone(self, key: LoopKey) -> Collection[str]:
        """The paths of all `Item.undone` items, also those that the listing lacks."""

    def results_below(self, key: LoopKey, folder: str) -> Mapping[str, str]:
        """As `Outputs.results_below`; what a loop has written elsewhere costs nothing."""

    def report(self, key: LoopKey) -> list[ReportedItem]:
        """Every item of the current listing in order, with the files that it wrote.

        All of it is of one moment, if the store is a database. Empty for an unknown loop.
        """

    def written_below(self, folder: str, after: str = "") -> Iterator[KnownResult]:
        """Some of the files below a folder that images of any loop wrote; none at the end.

        `after` is the `file` of the last one that was returned before. All rows are read when this
        returns, but the records are created one by one: many new objects that stay alive would
        trigger Python's garbage collector again and again.
        """

    # A large listing is written with these, in parts, before the registry takes it.

    def is_large(self, wanted: WantedListing, number: int) -> bool:
        """Whether a listing of this many paths has to be written before it is taken."""

    def new_listing(
        self, wanted: WantedListing, listing: str, server: str, *, but: Collection[str] = ()
    ) -> NewListing | None:
        """Start writing a listing, under an id from `new_listing_id`.

        None if another server is writing what is `wanted`, under an id other than those of `but`.
        """

    def being_written(self, wanted: WantedListing) -> Mapping[str, Writer]:
        """The listings that servers are writing, each with its server."""

    def give_up(self, listing: str) -> None:
        """Write a listing no longer: nobody waits for it, and anybody may delete it."""

    def write_listing(self, new: NewListing, first: int, paths: Sequence[str]) -> None:
        """Write the items at the places from `first` on."""

    def write_unlisted(self, new: NewListing, after: str) -> str | None:
        """Write some of the known items that the listing lacks, in order of their paths.

        It continues after the path `after`. Returns the path to continue after, or None at the end.
        """

    def finish_listing(self, new: NewListing) -> None:
        """Note that the listing is completely written."""

    def spare_listings(self) -> Mapping[str, str]:
        """Listings that belong to no loop, with the server writing each; "" for discarded ones."""

    def delete_some(self, listing: str) -> bool:
        """Delete some rows of a listing that belongs to no loop; returns whether any are left."""
