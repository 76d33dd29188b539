"""Why a prompt is given no item."""

from __future__ import annotations

from ..common.errors import InvalidSetting, LoopEndNotReached, LoopForgotten, quoted
from ..model.items import Item
from ..model.loop_key import LoopKey

MISSED_LOOP_ENDS_ALLOWED = 2
"""Prompts in a row that may succeed on an item without reaching Loop End before that is an error:
one is somebody trying a part of the graph, two would be Auto Queue on one image."""


def forgotten(key: LoopKey) -> LoopForgotten:
    """The error for a prompt that was submitted before its loop was forgotten."""
    return LoopForgotten(
        f"The batch of {quoted(key.directory)} was forgotten after this run was queued, so the run "
        "ends here, and no batch begins. Run again to begin it with the first image."
    )


def in_two_ways(key: LoopKey) -> InvalidSetting:
    """The error for a loop whose items go together with one that has given out its own already."""
    return InvalidSetting(
        f"The items of {key.directory!r} are to go through this workflow together with those of "
        "another iterator, which has handed one out in this run already. Give that "
        "one another loop_name, or connect it with what comes after this one."
    )


def has_missed_too_often(item: Item | None) -> bool:
    """Whether too many prompts in a row have succeeded on an item without reaching Loop End."""
    return item is not None and item.missed_loop_ends >= MISSED_LOOP_ENDS_ALLOWED


def loop_end_not_reached(item: Item) -> LoopEndNotReached:
    """The error for an item that has missed Loop End too often."""
    return LoopEndNotReached(
        f"Loop End was not reached: {item.missed_loop_ends} prompts in a row ended without an "
        f"error on {item.title!r}, and none of them got as far as Loop End, so the image is "
        "not done. Connect Loop End's `loop` to the iterator or Loop Start, and leave `loop` "
        "and `value` free of nodes that block. Then run again: the loop goes on with this image."
    )


def saver_not_reached(item: Item) -> LoopEndNotReached:
    """The same where no Loop End follows, and savers end its turn."""
    return LoopEndNotReached(
        f"Nothing was saved: {item.missed_loop_ends} prompts in a row ended without an error on "
        f"{item.title!r}, and neither Save Image (Batch) nor Save Text (Batch) ran in them, so the "
        "image is not done. A node before it blocks. If that is meant to leave some images out, "
        "add a Loop End, and connect its `loop` to the iterator, and its `after` to the node "
        "that saves: then they count as done. Run again, and the loop goes on with this image."
    )
