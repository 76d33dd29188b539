"""The records that stores take and return, and rules that all stores share."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from ..common.times import Times
from ..model.item_life import OPEN
from ..model.items import Counts, Item, ItemState
from ..model.loop_key import LoopKey
from ..model.policy import IterationMode
from ..model.prompt import Runner
from ..model.records import MadeOfAll

if TYPE_CHECKING:
    from ..model.selection import Selection


NO_BATCH = 0
"""Of a file that no batch shows with its item."""

UNLISTED = -1
"""Index of an item that is known, but not in the current listing."""


@dataclass(frozen=True)
class LoopEntry:
    """What is known of a loop, apart from its items."""

    selection: Selection
    """The selection that the listing was taken with."""
    batch: int
    mode: IterationMode
    """The mode of the newest run."""
    looked_at: float
    """When the folder was last listed, in seconds since the epoch."""
    looked_again: bool = False
    """Whether the folder was listed once more, when the items had run out."""
    completed_at: float | None = None
    """When the batch became complete; None while it is not."""
    times: Times = field(default_factory=Times)
    """How long the batch has taken."""
    finished: int = 0
    """How many images were left out of the listing because their results exist already."""
    lacking: int = 0
    """How many were left out because companions of theirs are missing."""
    ran_at: float | None = None
    """When a prompt last changed the loop, in this batch or an earlier one; None for never."""
    unpaired: int = 0
    """See `Counts.unpaired`."""
    partners: tuple[str, ...] = ()
    """Ids of the loops whose items are handed out together with this one's."""
    kept_at: float | None = None
    """When the batch before was set aside, if it is kept to be put back; else None."""
    title: str = ""
    """The name of its workflow; empty if that is not known."""
    lost_transparency: int = 0
    """How many images of this batch are transparent, and a result of theirs is not."""
    renamed_texts: int = 0
    """How many images' texts went to other names, as files of others had theirs."""
    made_of_all: tuple[MadeOfAll, ...] = ()
    """The files that nodes have made of all results of this batch."""
    runner: Runner | None = None
    """What has run this batch last; None before its first image."""
    taken_back: int = 0
    """The number of the newest batch that was taken back; 0 for none. Prompts may still have it."""
    to_list: int = 0
    """See `Counts.to_list`."""

    @property
    def next_batch(self) -> int:
        """A number that no batch of the loop has had."""
        return max(self.batch, self.taken_back) + 1


@dataclass(frozen=True)
class ListedLoop:
    """A loop as shown in a list of all loops."""

    key: LoopKey
    batch: int
    finished: int
    ran_at: float | None
    counts: Counts
    open_items: tuple[Item, ...]
    """The items that are RUNNING or FINISHING."""
    stopped: bool
    """Whether a run has stopped on the next item."""
    kept_at: float | None = None
    """See `LoopEntry`."""
    title: str = ""
    """See `LoopEntry`."""


@dataclass(frozen=True)
class WantedListing:
    """What a large listing that is to be written is for: equal ones hold the same."""

    key: LoopKey
    selection: Selection
    batch: int
    keeps: bool
    """Whether it takes over what is known of the items, as in `Listings.relist`."""


class Writer(NamedTuple):
    """A server that is writing a listing."""

    server: str
    parts: int
    """How many it has written, of all listings that it is writing."""


@dataclass(frozen=True)
class NewListing:
    """A large listing that is written in parts, before its loop takes it."""

    key: LoopKey
    id: str
    before: str | None = None
    """The listing from which it takes over the items' states; None in a new batch."""


class Standing(NamedTuple):
    """How the items of a listing stand at one moment."""

    listing: str = ""
    """The listing's id; "" for none."""
    states: Mapping[str, ItemState] = {}
    """The states of its items by their paths, in order."""
    lost: Collection[str] = frozenset()
    """Those of them that are `Item.is_lost`."""


def new_listing_id() -> str:
    """A new, unique id for a listing."""
    return secrets.token_hex(8)


def gives_up(item: Item, state: ItemState) -> bool:
    """Whether a move to `state` ends a prompt's work on an item without completing it."""
    return item.state in OPEN and state in {ItemState.PENDING, ItemState.FAILED}


def taken_by_others(open_items: Iterable[Item], server: str) -> int:
    """How many of a listing's open items servers other than `server` have."""
    return sum(
        item.claim is not None and item.claim.server != server and item.index != UNLISTED
        for item in open_items
    )
