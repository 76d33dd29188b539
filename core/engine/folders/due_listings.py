"""Listings that are due, why, and what they found."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from ...common.forecast import Weight
from ...model.items import ItemState
from ...model.loop_key import FRAMES, LoopKey
from ...sources.interface import Sight
from ...store.records import NewListing, Standing
from ..changes.loop_memory import BeforeTheLast

if TYPE_CHECKING:
    from ...model.selection import Selection


_MAY_LEAVE = frozenset({ItemState.PENDING, ItemState.FAILED})
"""The states of what leaves a batch when the source no longer has it."""


class Why(Enum):
    """The purpose of a listing."""

    BEGIN = "begin"
    """A new batch."""
    MORE = "more"
    """The next items of a batch that is listed in parts."""
    RELIST = "relist"
    """Other settings for the current batch."""
    JOIN = "join"
    """New files for a batch that is complete; what failed and is gone leaves it."""
    LEAVE = "leave"
    """What is left of a batch that its source no longer has: it leaves the batch."""
    BEFORE_THE_LAST = "before the last"
    """New files beside the last image of a batch, before a prompt is given it."""
    JOIN_AT_THE_END = "join at the end"
    """Those of them that may join, now that this image has been worked on."""


@dataclass(frozen=True)
class Due:
    """A listing that has to be taken before a loop can go on."""

    why: Why
    key: LoopKey
    selection: Selection
    batch: int
    before: BeforeTheLast | None = field(default=None, compare=False)
    """At the end: what was new before the last image was handed out."""
    first: int | None = None
    """The place of the first item to list, where the batch may be listed in parts; None if not."""
    leaves: bool = False
    """Whether items leave that the source no longer has. Not in a pair: they go by their places."""
    at: str | None = None
    """Path of an item that leaves, too, though a prompt has it: that has found it to be gone."""

    def may_leave(self, stands: Standing) -> set[str]:
        """The paths of those that leave if they are gone: not what is done, or a prompt has.

        Nor what was done, and has lost its result: nobody would hear that it is missing. A window
        that is done leaves, as it cannot have been moved away: the film has become longer or
        shorter.
        """
        may_leave = _MAY_LEAVE | {ItemState.DONE} if self.key.kind == FRAMES else _MAY_LEAVE
        return {
            path
            for path, state in stands.states.items()
            if (state in may_leave or path == self.at) and path not in stands.lost
        }


@dataclass(frozen=True)
class Listing:
    """What a folder contained."""

    due: Due
    began: float
    """When the reading began, in seconds since the epoch."""
    paths: Sequence[str] = ()
    """In order: all images, or only the new ones if they are to join, or to follow what leaves."""
    finished: int = 0
    """How many were left out, as their results already exist."""
    lacking: int = 0
    """How many were left out, as companions of theirs are missing."""
    sights: Mapping[str, Sight] = field(default_factory=dict)
    """A description of each of those that may join later."""
    weights: Mapping[str, Weight] = field(default_factory=dict)
    """How much work each image is, as far as known: see `core.common.forecast`."""
    new: NewListing | None = None
    """The listing in the store, if it has been written already."""
    to_list: int = 0
    """How many more the batch has, as far as known, which are yet to be listed."""
    is_part: bool = False
    """Whether it has only some of the items, because they are listed in parts."""
    follows: str | None = None
    """Of a later part: the path in front of its own; None if there is none."""
    gone: Collection[str] = frozenset()
    """What leaves the batch, as the source no longer has it."""
    before: Standing = field(default_factory=Standing)
    """How the batch stood, if anything leaves it."""

    @property
    def kept(self) -> Sequence[str]:
        """What stays listed when that leaves, in order."""
        return [path for path in self.before.states if path not in self.gone]

    @property
    def whole(self) -> Sequence[str] | None:
        """What a loop's listing is replaced by; None if it is not."""
        if self.due.why in {Why.BEGIN, Why.RELIST}:
            return self.paths
        return self.kept if self.gone else None


Listed = Mapping[LoopKey, Listing]
"""The listings taken for a change, by loop."""


def may_join(key: LoopKey, selection: Selection) -> bool:
    """Whether what is new joins a batch, rather than only in the place of what has left.

    A range counts files or rows: one more in front of it would change what it contains. The windows
    of a film have their places by number, and none can come in front of another.
    """
    return not selection.has_range or key.kind == FRAMES
