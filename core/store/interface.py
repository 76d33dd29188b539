"""The interface of a store: what the registry needs of it.

The registry decides what happens; a store only remembers it. Every method is called under the
registry's lock, and its cost does not depend on the number of items, unless it takes a listing.
What may be used from any thread is `Outside`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

from ..common.sight import Sight, Sights
from ..model.items import Claim, Counts, Item
from ..model.loop_key import LoopKey
from ..model.records import Carried, ReportedItem, Written
from .outside import Outside
from .records import LoopEntry, NewListing, Standing

T = TypeVar("T")


class NeedsItsTurn(Exception):
    """Raised where a change cannot be made beside those of other servers: see `Store.transaction`.

    Nothing has changed, and it has to be made once more, with no other.
    """


class Leases(Protocol):
    """The leases of server processes: until when each is known to be at work."""

    def renew(self, server: str, seconds: float) -> None:
        """Renew the lease of a server process, for this many seconds."""

    def leases(self) -> Mapping[str, float]:
        """All leases, expired ones as well: server processes, each with a number.

        The number is the time at which the lease ends, by the store's clock. As that clock may be
        set, a changed number shows that the lease was renewed, but none shows that it has expired.
        """

    def release(self, server: str) -> None:
        """End the lease of a server process."""


class Loops(Protocol):
    """Loops, apart from their items."""

    def load(self, key: LoopKey) -> LoopEntry | None:
        """The entry of a loop, or None for a loop that never ran."""

    def save(self, key: LoopKey, entry: LoopEntry) -> None:
        """Replace the entry of a loop."""

    def find(self, loop_id: str) -> LoopKey | None:
        """The loop with this `LoopKey.id`."""

    def loops(self) -> list[LoopKey]:
        """All loops."""

    def forget(self, key: LoopKey) -> None:
        """Forget a loop and all that belongs to it; files that its items wrote are not touched."""

    def counts(self, key: LoopKey) -> Counts:
        """How many items of the listing are in each state."""

    def carry(self, key: LoopKey, value: Any) -> None:
        """Keep the value that Loop End carries over, in place of the previous one."""

    def carried(self, key: LoopKey) -> Carried:
        """The value that was last carried over in this batch."""


class Listings(Protocol):
    """Which items a loop has, and in which order."""

    def start_batch(
        self,
        key: LoopKey,
        paths: Sequence[str],
        new: NewListing | None = None,
        *,
        keep: bool = False,
    ) -> None:
        """Start a batch with `paths` as its listing: every item PENDING.

        Nothing else is known but the turns of items that the batch before leaves `Item.undone`,
        also of those that the listing lacks.

        If they have already been written, as `new`, taking them is a single step.

        With `keep`, the batch before is kept as it is, for `put_back`. One in which nothing was
        done or failed, and which has a kept one itself, leaves that one in its place.
        """

    def put_back(self, key: LoopKey) -> None:
        """Replace the batch by the one that was kept, with its items, its entry and its files.

        What prompts have written since counts as written in that batch. The number of the one that
        is replaced is noted: see `LoopEntry.taken_back`.
        """

    def drop_kept(self, key: LoopKey) -> bool:
        """Forget the batch that was kept, if any; `LoopEntry.kept_at` is the caller's.

        Returns whether it is a large one, whose listing is now among the spare ones.
        """

    def relist(self, key: LoopKey, paths: Sequence[str], new: NewListing | None = None) -> None:
        """Make `paths` the listing of the running batch; known items keep their state."""

    def listing(self, key: LoopKey) -> str:
        """The id of a loop's listing, which stays the same while only items are appended."""

    def can_take(self, new: NewListing) -> bool:
        """Whether a listing may be taken; to be asked in the transaction that takes it.

        It may not if its loop has meanwhile been given another listing, or more items.
        """

    def append(self, key: LoopKey, *paths: str) -> None:
        """Append the items that the listing lacks; known ones keep their state."""


class Items(Protocol):
    """The state of each item, and the prompt that has claimed it."""

    def will_claim(self, key: LoopKey, server: str) -> None:
        """Note that an item may be claimed for a server in this transaction, as it begins.

        What that needs may then be read together with the loop.
        """

    def claim(self, key: LoopKey, claim: Claim) -> Item | None:
        """Make the first PENDING item RUNNING under `claim`; None if there is none."""

    def first_pending(self, key: LoopKey, skipping: int = 0) -> str | None:
        """Path of the item that `claim` would take next, once `skipping` others are taken."""

    def first_together(self, keys: Sequence[LoopKey]) -> int | None:
        """The first place of the listings at which all of the loops have a PENDING item."""

    def put(self, key: LoopKey, old: Item, new: Item) -> Item:
        """Replace an item, and return the new one; raises IllegalTransition."""

    def retry(self, key: LoopKey) -> int:
        """Make every FAILED item PENDING, with no attempts counted; returns how many they were."""

    def retry_unlisted(self, key: LoopKey, paths: Collection[str]) -> None:
        """Make those of `paths` PENDING that are FAILED, and that the listing lacks."""

    def standing(self, key: LoopKey, paths: Collection[str]) -> Standing:
        """How the items at some paths stand, as far as they are known, listed or not."""

    def item(self, key: LoopKey, path: str) -> Item | None:
        """The item at a relative path."""

    def item_at(self, key: LoopKey, place: int) -> Item | None:
        """The item at a place of the listing, from 0."""

    def open_items(self, key: LoopKey) -> list[Item]:
        """The items that are RUNNING or FINISHING: one for each prompt at work on the loop."""

    def at_hand(self, key: LoopKey) -> list[Item]:
        """Those of `open_items` that are known without another question.

        All of them, but in a transaction beside other servers perhaps only those of one's own.
        """

    def taken(self, key: LoopKey, server: str) -> int:
        """How many items of the listing servers other than `server` have."""

    def kept_open_items(self, key: LoopKey) -> list[Item]:
        """Those of the batch that is kept, as it was left; none if there is no such batch."""

    def put_kept(self, key: LoopKey, old: Item, new: Item) -> None:
        """Replace an open item of the batch that is kept."""

    def failures(self, key: LoopKey, most: int) -> tuple[Item, ...]:
        """The first `most` FAILED items, in the listing's order."""

    def failed(self, key: LoopKey) -> list[str]:
        """The paths of all FAILED items of the listing, in any order."""

    def lost(self, key: LoopKey) -> list[str]:
        """The paths of the items that are `Item.is_lost`, in the listing's order."""


class Reports(Protocol):
    """Items, together with the files that they wrote."""

    def page(self, key: LoopKey, start: int, most: int, *, failed: bool) -> list[ReportedItem]:
        """`most` items of the listing from index `start` on; with `failed`, of the FAILED ones."""

    def outputs(self, key: LoopKey, path: str) -> tuple[str, ...]:
        """The files that the item at a relative path wrote in this batch, in natural order."""


class Outputs(Protocol):
    """Which item wrote which file."""

    def note_output(  # noqa: PLR0913 - which file, whose, and how it looks
        self,
        key: LoopKey,
        target: str,
        path: str,
        *,
        file: str | None = None,
        kept: bool = False,
        sights: Sights | None = None,
        in_order: bool = False,
    ) -> bool:
        """Note that the item at `path` writes the file that `target` identifies.

        It does so in this batch, and replaces the previous writer of the file. `file` is the file's
        real path, if that differs from `target`. Returns False, with nothing noted, if another loop
        does the same at this moment.

        With `kept`, the file is only shown with the item: it already existed and stays unchanged,
        or it belongs to another item.

        `sights` are as in `Written`; with None, those stay that the loop's file has, if any.

        `in_order` says that a transaction notes its files in the order of their targets: then it
        may do so beside other servers, which would otherwise wait for each other.
        """

    def note_sights(self, key: LoopKey, looks: Mapping[str, tuple[Sights, Sight]]) -> None:
        """Note how files look, by their `target`s, now that they are written.

        With each are the sights that were noted before: if it has others now, it is left alone.
        """

    def note_replaced(self, key: LoopKey, target: str) -> None:
        """Note that a file of a loop is no longer what its item wrote: no batch shows it."""

    def note_done_anew(self, key: LoopKey, path: str, targets: Collection[str]) -> None:
        """Note that an item has only the results at `targets`, as it was done once more.

        Of files whose real paths differ from what identifies them, `targets` has both.

        What else it wrote in this batch before is shown with it no longer.
        """

    def forget_output(self, key: LoopKey, target: str) -> None:
        """Forget a file that was noted: it was not written after all."""

    def writer(self, key: LoopKey, target: str) -> Written | None:
        """The image of any loop that last wrote a file, in any batch; the loop `key` asks."""

    def written(self, key: LoopKey, path: str) -> tuple[str, ...]:
        """The files that were last written by the item at `path`, in any batch."""

    def results_below(self, key: LoopKey, folder: str) -> Mapping[str, str]:
        """The `target`s below a folder that a loop was the last to write, in any batch.

        Or another workflow's loop with the same images, or one that takes them with values. With
        each, the path of the entry that it was made from, see `LoopKey.entry`.
        """

    def has_written(self, key: LoopKey) -> bool:
        """Whether a loop has written any file, in any batch."""

    def open_outputs(self) -> set[str]:
        """The files of the RUNNING and FINISHING items of all loops."""


class Store(Loops, Listings, Items, Reports, Outputs, Leases, Protocol):
    """Everything that the registry needs a store to remember."""

    @property
    def outside(self) -> Outside:
        """The operations for any thread, outside of the registry's transactions."""

    @property
    def forgets(self) -> str:
        """Why everything is forgotten when ComfyUI ends; empty if it is not, or if asked for."""

    @property
    def is_of_one_machine(self) -> bool:
        """Whether all servers that share the store run on one machine."""

    def id(self) -> str:
        """The unique id of the store: servers that read the same one share their loops."""

    def transaction(self, *, beside: str | None = None) -> AbstractContextManager[None]:
        """A transaction: its changes are kept all or not at all, even if the process dies.

        Any exception undoes them: store and process then know what they knew before. `Unanswered`
        alone leaves that open, and has to be settled before the next transaction.

        While it goes on, no other server changes the same loops. Unless it is made for the server
        `beside`: then others may hand out, and end, images of theirs at the same time, and note
        files that nobody has written before (`note_output`, `in_order`), and it may do no more than
        that either. `NeedsItsTurn` is raised where it would.
        """

    def snapshot_read(self, read: Callable[[], T]) -> T | None:
        """The result of `read`, which must change nothing, on a consistent snapshot.

        It waits for nobody and blocks nobody. None if that is impossible just now; raises
        StoreAway.
        """

    def close(self) -> None:
        """Release what is open; it is opened again at the next use."""
