"""Listings that are due, why, and what they found."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from ...common.forecast import Weight
from ...model.loop_key import LoopKey
from ...store.records import NewListing
from ..changes.loop_memory import BeforeTheLast

if TYPE_CHECKING:
    from ...model.selection import Selection

Sight = Hashable
"""A description of a file that shows whether it has changed; None if it is gone."""


class Why(Enum):
    """The purpose of a listing."""

    BEGIN = "begin"
    """A new batch."""
    RELIST = "relist"
    """Other settings for the current batch."""
    JOIN = "join"
    """New files for a batch that is complete."""
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


@dataclass(frozen=True)
class Listing:
    """What a folder contained."""

    due: Due
    began: float
    """When the reading began, in seconds since the epoch."""
    paths: Sequence[str] = ()
    """In order: all images, or only the new ones if they are to join."""
    finished: int = 0
    """How many were left out, as their results already exist."""
    sights: Mapping[str, Sight] = field(default_factory=dict)
    """A description of each of those that may join later."""
    weights: Mapping[str, Weight] = field(default_factory=dict)
    """How much work each image is, as far as known: see `core.common.forecast`."""
    new: NewListing | None = None
    """The listing in the store, if it has been written already."""


Listed = Mapping[LoopKey, Listing]
"""The listings taken for a change, by loop."""


def no_images(directory: str, selection: Selection, own_results: int = 0) -> str:
    """The message for a folder without images under `selection`, apart from `own_results`."""
    looked_for = selection.filter.value
    if selection.custom_pattern and looked_for == "Custom":
        looked_for += f" {selection.custom_pattern!r}"
    where = "in it or in its subfolders" if selection.recursive else "in it (subfolders left out)"
    message = f"No images to work on in {directory!r}: {looked_for} matches no file {where}"
    if selection.has_range:
        message += f", from start_index {selection.start_index} with limit {selection.limit}"
    message += ". Choose another folder, or widen filter, custom_pattern, recursive or range."
    if own_results:
        message += (
            f" Files that this loop has saved itself are left out ({own_results} here): with "
            "another loop_name they are images like others."
        )
    return message
