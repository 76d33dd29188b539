"""Where loops are kept: what the registry asks of any store.

The registry decides what happens; a store only remembers it. Every method is called under the
registry's lock, and costs the same whatever the number of items, except for those that take a
listing or return all paths. Only `Outside` is for any thread.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

from ..model.items import Claim, Counts, Item
from ..model.loop_key import LoopKey
from ..model.records import Carried, KnownResult, ReportedItem, Written
from .records import ListedLoop, LoopEntry, NewListing

T = TypeVar("T")


class Outside(Protocol):
    """What is done outside of the registry's transactions.

    Any thread may call these methods. Each runs in a short transaction of its own, and neither
    waits for the registry's transactions nor holds them up.
    """

    def renew(self, server: str, seconds: float) -> None:
        """Renew the lease of a server process, which lasts for so many seconds."""

    def listed_loops(self) -> list[ListedLoop]:
        """All loops."""

    def paths(self, key: LoopKey) -> Collection[str]:
        """The paths of the present listing."""

    def written_below(self, folder: str, after: str = "") -> Iterator[KnownResult]:
        """Some of the files below a folder that images of any loop wrote; none at the end.

        The next ones follow the last one's `file`, to be given as `after`. The rows are read when
        this returns, and the records are made one by one: were many made that stay, Python would
        look for garbage among all objects again and again.
        """

    # A large listing is written here, in parts, before the registry takes it.

    def is_large(self, key: LoopKey, number: int, *, keeps: bool) -> bool:
        """Whether a listing of so many paths has to be written before it is taken.

        With `keeps` it takes over what is known of the items, as `Listings.relist` does.
        """

    def new_listing(self, key: LoopKey, listing: str, server: str, *, keeps: bool) -> NewListing:
        """Start to write a listing, under an id from `new_listing_id`."""

    def write_listing(self, new: NewListing, first: int, paths: Sequence[str]) -> None:
        """Write the items at the places from `first` on."""

    def write_unlisted(self, new: NewListing, after: str) -> str | None:
        """Write some of the known items that the listing lacks, from the path behind `after` on.

        Returns where to go on, and None at the end.
        """

    def finish_listing(self, new: NewListing) -> None:
        """Note that all of it is written."""

    def spare_listings(self) -> Mapping[str, str]:
        """Listings that no loop has, each with the server that writes it; "" for discarded ones."""

    def delete_some(self, listing: str) -> bool:
        """Delete some rows of a listing that no loop has; returns whether any are left."""


class Leases(Protocol):
    """How long each server process is sure to be at work."""

    def renew(self, server: str, seconds: float) -> None:
        """Renew the lease of a server process, which lasts for so many seconds."""

    def leases(self) -> Mapping[str, float]:
        """The server processes that ever had a lease, each with a number of its last renewal.

        It is the time at which the lease ends by the clock of the store. Somebody may have set that
        clock: another number says that the lease was renewed, and no number that it has ended.
        """

    def release(self, server: str) -> None:
        """End the lease of a server process."""


class Loops(Protocol):
    """Each loop besides its items."""

    def load(self, key: LoopKey) -> LoopEntry | None:
        """The entry of a loop, or None for a loop that never ran."""

    def save(self, key: LoopKey, entry: LoopEntry) -> None:
        """Replace the entry of a loop."""

    def find(self, loop_id: str) -> LoopKey | None:
        """The loop whose `LoopKey.id` this is."""

    def loops(self) -> list[LoopKey]:
        """All loops."""

    def forget(self, key: LoopKey) -> None:
        """Forget a loop and all that belongs to it; no file that an item wrote is touched."""

    def counts(self, key: LoopKey) -> Counts:
        """How many items of the listing are in each state."""

    def carry(self, key: LoopKey, value: Any) -> None:
        """Keep what Loop End carried over, in place of what was carried before."""

    def carried(self, key: LoopKey) -> Carried:
        """What was carried over last in this batch."""


class Listings(Protocol):
    """Which items a loop has, and in which order."""

    def start_batch(
        self, key: LoopKey, paths: Sequence[str], new: NewListing | None = None
    ) -> None:
        """Take `paths` as the listing of a new batch: every item PENDING, nothing else known.

        If they have been written already, as `new`, that is one step.
        """

    def relist(self, key: LoopKey, paths: Sequence[str], new: NewListing | None = None) -> None:
        """Take `paths` as the listing of the running batch; known items keep their state."""

    def can_take(self, new: NewListing) -> bool:
        """Whether a listing may be taken, in the transaction that takes it.

        It may not if its loop has since got another listing, or more items.
        """

    def append(self, key: LoopKey, *paths: str) -> None:
        """Append those items that are not in the listing; known ones keep their state."""


class Items(Protocol):
    """The state of each item, and the prompt that has claimed it."""

    def claim(self, key: LoopKey, claim: Claim) -> Item | None:
        """Make the first PENDING item RUNNING under `claim`; None if there is none."""

    def first_pending(self, key: LoopKey, skipping: int = 0) -> str | None:
        """Path of the item that `claim` would take, once others have taken `skipping` of them."""

    def first_together(self, keys: Sequence[LoopKey]) -> int | None:
        """The first place in the listings at which each of the loops has a PENDING item."""

    def put(self, key: LoopKey, old: Item, new: Item) -> Item:
        """Keep what an item has become, and return it; IllegalTransition."""

    def retry(self, key: LoopKey) -> int:
        """Make every FAILED item PENDING, with no attempt counted; returns how many there were."""

    def item(self, key: LoopKey, path: str) -> Item | None:
        """The item at a relative path."""

    def item_at(self, key: LoopKey, place: int) -> Item | None:
        """The item at a place of the listing, from 0."""

    def open_items(self, key: LoopKey) -> list[Item]:
        """The items that are RUNNING or FINISHING: one for each prompt at work on the loop."""

    def failures(self, key: LoopKey, most: int) -> tuple[Item, ...]:
        """The first `most` FAILED items, in the listing's order."""


class Reports(Protocol):
    """Items, each with the files that it wrote."""

    def report(self, key: LoopKey) -> list[ReportedItem]:
        """Every item of the listing in order, with the files that it wrote."""

    def page(self, key: LoopKey, start: int, most: int, *, failed: bool) -> list[ReportedItem]:
        """`most` items of the listing from its `start`th on; with `failed`, of the FAILED ones."""

    def outputs(self, key: LoopKey, path: str) -> tuple[str, ...]:
        """The files that the item at a relative path wrote in this batch, ordered by name."""


class Outputs(Protocol):
    """Which item wrote which file."""

    def note_output(
        self, key: LoopKey, target: str, path: str, *, file: str | None = None, kept: bool = False
    ) -> bool:
        """Note that the item at `path` writes the file that `target` identifies.

        It does so in this batch, and takes over from whoever wrote the file before. `file` is the
        file's real path, where that differs from `target`. Returns False, with nothing noted, if
        another loop does the same at this moment.

        With `kept` the file was there before and stays as it is; it is only shown with the item.
        """

    def forget_output(self, key: LoopKey, target: str) -> None:
        """Take back that a file was noted: it was not written after all."""

    def writer(self, key: LoopKey, target: str) -> Written | None:
        """Which image of which loop wrote a file last, in any batch; the loop `key` asks."""

    def written(self, key: LoopKey, path: str) -> tuple[str, ...]:
        """The files that the item at `path` was the last to write, in any batch."""

    def results_below(self, key: LoopKey, folder: str) -> set[str]:
        """The `target`s of files below a folder that images of the present batch wrote."""

    def open_outputs(self) -> set[str]:
        """The files that RUNNING and FINISHING items of all loops write."""


class Store(Loops, Listings, Items, Reports, Outputs, Leases, Protocol):
    """What the registry needs remembered."""

    @property
    def outside(self) -> Outside:
        """What is done from any thread, outside of the registry's transactions."""

    @property
    def forgets(self) -> str:
        """Why all is forgotten when ComfyUI ends; empty if it is not, or if that was asked for."""

    @property
    def is_of_one_machine(self) -> bool:
        """Whether all servers that share it run on one machine."""

    def id(self) -> str:
        """A name that no other store has: servers with the same one share their loops."""

    def transaction(self) -> AbstractContextManager[None]:
        """What is done inside is kept as a whole or not at all, also if the process dies.

        Any exception undoes it: store and process then know what they knew before.
        """

    def snapshot_read(self, read: Callable[[], T]) -> T | None:
        """What `read`, which changes nothing, returns of the store at one moment.

        It waits for nobody and holds nobody up. None if that is impossible just now; `StoreAway`.
        """

    def close(self) -> None:
        """Let go of what is open; it is opened again for what comes after."""
