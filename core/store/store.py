"""Where loops are kept: what the registry asks of any store.

The registry decides what happens; a store only remembers it. Every method is called under the
registry's lock, and costs the same whatever the number of items, except those that take a listing
or give all paths.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from ..model.state import (
    Carried,
    Claim,
    Counts,
    Item,
    ItemState,
    IterationMode,
    KnownResult,
    LoopKey,
    ReportedItem,
    Written,
)

if TYPE_CHECKING:
    from ..model.selection import Selection

T = TypeVar("T")


@dataclass(frozen=True)
class LoopEntry:
    """What is known of a loop besides its items."""

    selection: Selection
    """What the listing was taken with."""
    batch: int
    mode: IterationMode
    """The mode of the newest run."""
    looked_at: float
    """When the folder was last listed, in seconds since the epoch."""
    looked_again: bool = False
    """Whether the folder was looked through a second time, when the listing had run out."""
    completed_at: float | None = None
    """When the batch became complete; None while it is not."""
    seconds: float = 0.0
    """Time spent in prompts of this batch."""
    finished: int = 0
    """How many images were left out of the listing, as their results were there already."""
    ran_at: float | None = None
    """When a prompt last changed the loop, in this batch or one before; None for never."""
    unpaired: int = 0
    """See `Counts.unpaired`."""
    partners: tuple[str, ...] = ()
    """Ids of the loops whose items are handed out together with this one's."""


@dataclass(frozen=True)
class ListedLoop:
    """A loop as a list of all shows it."""

    key: LoopKey
    batch: int
    seconds: float
    finished: int
    ran_at: float | None
    counts: Counts
    open_items: tuple[Item, ...]
    """Those that are RUNNING or ENDED."""
    stopped: bool
    """Whether the last run failed on the item that is next."""


@dataclass(frozen=True)
class NewListing:
    """A large listing that is written in parts, beside the one that its loop has."""

    key: LoopKey
    id: str
    before: str | None = None
    """The listing whose items' states it takes over; None for one of a new batch."""


class Store(Protocol):
    """What the registry needs remembered."""

    @property
    def forgets(self) -> str:
        """Why all is forgotten when ComfyUI ends; empty where it is not, or was asked for."""

    def transaction(self) -> AbstractContextManager[None]:
        """What is done inside is kept as a whole or not at all, also if the process dies.

        Any exception undoes it.
        """

    def at_hand(self, read: Callable[[], T]) -> T | None:
        """What `read` makes of the store, which it does not change, without holding others up.

        None where that cannot be had; `StoreAway`.
        """

    def close(self) -> None:
        """Let go of what is open; it is opened again for what comes after."""

    def id(self) -> str:
        """A name that no other store has: servers with the same one share their loops."""

    @property
    def is_of_one_machine(self) -> bool:
        """Whether all servers that share it run on one machine."""

    def renew(self, server: str, seconds: float) -> None:
        """Renew the lease of a server process, which lasts for so many seconds."""

    def renew_beside(self, server: str, seconds: float) -> None:
        """As `renew`, in a transaction of its own, from any thread, and not held up by others."""

    def leases(self) -> Mapping[str, float]:
        """The server processes that have ever held a lease, each with a number of its last renewal.

        That is until when it lasts by the clock of the store, which somebody may have set: another
        number says that it was renewed, and no number that it has ended.
        """

    def release(self, server: str) -> None:
        """End the lease of a server process."""

    def load(self, key: LoopKey) -> LoopEntry | None:
        """The entry of a loop, or None for a loop that never ran."""

    def save(self, key: LoopKey, entry: LoopEntry) -> None:
        """Put `entry` in the place of the loop's entry."""

    def find(self, loop_id: str) -> LoopKey | None:
        """The loop whose `LoopKey.id` this is."""

    def loops(self) -> list[LoopKey]:
        """All loops."""

    def listed_loops(self) -> list[ListedLoop]:
        """All loops: from any thread, in no transaction.

        Nobody is held up, or waited for.
        """

    def forget(self, key: LoopKey) -> None:
        """Forget a loop and all that belongs to it; no file that an item wrote is touched."""

    def begin(self, key: LoopKey, paths: Sequence[str], new: NewListing | None = None) -> None:
        """Take `paths` as the listing of a new batch: every item PENDING, nothing else known.

        In one step where they were written before, as `new`.
        """

    def relist(self, key: LoopKey, paths: Sequence[str], new: NewListing | None = None) -> None:
        """Take `paths` as the listing of the running batch; known items keep their state."""

    # A large listing is written before it is taken: from any thread, in no transaction, and each of
    # these is done soon, so that nobody is held up for long.

    def is_large(self, key: LoopKey, number: int, *, keeps: bool) -> bool:
        """Whether a listing of so many paths is one to be written before it is taken.

        With `keeps` it takes over what is known of the items, as for `relist`.
        """

    def new_listing(self, key: LoopKey, name: str, server: str, *, keeps: bool) -> NewListing:
        """Begin to write a listing, under a name of its own."""

    def write_listing(self, new: NewListing, first: int, paths: Sequence[str]) -> None:
        """Write the items whose places are `first` and those that follow."""

    def write_unlisted(self, new: NewListing, after: str) -> str | None:
        """Write some of what is known of items that are not in it, of the paths behind `after`.

        Where to go on; None for the end.
        """

    def finish_listing(self, new: NewListing) -> None:
        """All is written."""

    def takes(self, new: NewListing) -> bool:
        """Whether a listing can be taken yet; in the transaction that takes it.

        It cannot where the loop has got another one since, or more items.
        """

    def spare_listings(self) -> Mapping[str, str]:
        """Listings that no loop has, with the server that writes each; "" for those that had one.

        As `paths_beside`.
        """

    def delete_some(self, listing: str) -> bool:
        """Delete some rows of a listing that no loop has; whether more are left.

        As `renew_beside`.
        """

    def append(self, key: LoopKey, *paths: str) -> None:
        """Append those items that are not in the listing; known ones keep their state."""

    def claim(self, key: LoopKey, claim: Claim) -> Item | None:
        """Make the first PENDING item RUNNING under `claim`, or return None when there is none."""

    def first_together(self, keys: Sequence[LoopKey]) -> int | None:
        """The first place of the listings at which all of some loops have a PENDING item."""

    def item_at(self, key: LoopKey, place: int) -> Item | None:
        """The item at a place of the listing, from 0."""

    def first_pending(self, key: LoopKey, but: int = 0) -> str | None:
        """Path of the item that `claim` would take, once others have taken `but` of them."""

    def move(self, key: LoopKey, item: Item, state: ItemState, **changes: Any) -> Item:
        """Bring `item` to `state`, with `changes` to its other fields; IllegalTransition."""

    def item(self, key: LoopKey, path: str) -> Item | None:
        """The item at a relative path."""

    def paths_beside(self, key: LoopKey) -> Collection[str]:
        """The paths of the present listing: from any thread, in no transaction.

        Nobody is held up, or waited for.
        """

    def open_items(self, key: LoopKey) -> list[Item]:
        """The items that are RUNNING or ENDED: as many as there are prompts at work on the loop."""

    def counts(self, key: LoopKey) -> Counts:
        """How many items of the listing are in each state."""

    def failures(self, key: LoopKey, most: int) -> tuple[Item, ...]:
        """The first `most` FAILED items, in the listing's order."""

    def carry(self, key: LoopKey, value: Any) -> None:
        """Keep what Loop End carried over, in the place of what was carried before."""

    def carried(self, key: LoopKey) -> Carried:
        """What was carried over last in this batch."""

    def retry(self, key: LoopKey) -> int:
        """Make every FAILED item PENDING, with no attempt counted; how many those were."""

    def report(self, key: LoopKey) -> list[ReportedItem]:
        """Every item of the listing in order, with the files that it wrote."""

    def page(self, key: LoopKey, start: int, most: int, *, failed: bool) -> list[ReportedItem]:
        """`most` items of the listing from its `start`th on; with `failed`, of the FAILED ones."""

    def outputs(self, key: LoopKey, path: str) -> tuple[str, ...]:
        """The files that the item at a relative path wrote in this batch, ordered by name."""

    def note_output(
        self, key: LoopKey, target: str, path: str, *, file: str | None = None, kept: bool = False
    ) -> bool:
        """Note that the item at `path` writes the file that `target` tells from others.

        In this batch, in the place of whoever wrote it before. `file` is its real path, where
        that is not `target`. False, and nothing is noted, if another loop does so at this moment.

        With `kept` it is only one of the files that are told of the item: it was there before.
        """

    def forget_output(self, key: LoopKey, target: str) -> None:
        """Note nothing of a file any more: it was not written after all."""

    def writer(self, key: LoopKey, target: str) -> Written | None:
        """Which image of which loop wrote a file last, in any batch; `key` is who asks."""

    def written(self, key: LoopKey, path: str) -> tuple[str, ...]:
        """The files that the item at `path` was the last to write, in any batch."""

    def results_below(self, key: LoopKey, folder: str) -> set[str]:
        """What tells the files below a folder that images of the present batch wrote."""

    def written_below_beside(self, folder: str, after: str = "") -> Iterator[KnownResult]:
        """Files below a folder that images of any loop wrote: as `paths_beside`.

        Some of them; none at the end. The next ones are those behind the last one's `file`. They
        are read by now, and made one by one: where many are made that stay, Python looks for
        garbage among all that there is, again and again.
        """

    def open_outputs(self) -> set[str]:
        """The files that RUNNING and ENDED items of all loops write."""


OPEN = frozenset({ItemState.RUNNING, ItemState.ENDED})

UNLISTED = -1
"""Index of an item that is known, but not in the present listing."""


def ends_in_vain(item: Item, state: ItemState) -> bool:
    """Whether a prompt that worked on an item is over, and the item is not done by that."""
    return item.state in OPEN and state in {ItemState.PENDING, ItemState.FAILED}
