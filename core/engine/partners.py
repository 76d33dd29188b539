"""Several Directory Iterators of one prompt, whose images go through the workflow together.

They advance together or not at all: the items at the same place of their orders are a pair.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..common.errors import InvalidSetting
from ..model.loop_key import FRAMES, ROWS, TYPED_TEXT, LoopKey
from ..model.policy import policy_of_all
from ..model.selection import WhenMissing
from ..sources.variants import variants_of
from .batches import Request


def together(requests: Sequence[Request]) -> list[Request]:
    """The requests of iterators that advance together, one for each loop, in the order given.

    They fail together, so they get one policy; see `policy_of_all`.

    Raises:
        InvalidSetting: two of them are one loop with different settings, they differ in a setting
        that has to be the same for all, or one of them leaves images out that are finished or
        lack a companion.

    """
    found: dict[LoopKey, Request] = {}
    for request in requests:
        before = found.setdefault(request.key, request)
        if before.selection != request.selection:
            raise InvalidSetting(one_loop_two_listings(request.key))
    alike = list(found.values())
    if len(alike) == 1:
        return alike
    _check(alike)
    policy = policy_of_all([one.policy for one in alike])
    return [replace(one, policy=policy) for one in alike]


def _check(requests: Sequence[Request]) -> None:
    first = requests[0]
    for other in requests[1:]:
        for name, one, another in (
            ("iteration_mode", first.mode, other.mode),
            ("when_complete", first.policy.when_complete, other.policy.when_complete),
        ):
            if one is not another:
                raise InvalidSetting(
                    f"The items of {first.key.directory!r} and {other.key.directory!r} go through "
                    f"this workflow together, and {name} is {one.value} for the one and "
                    f"{another.value} for the other. Set both iterators to the same."
                )
        if variants_of(first.selection) != variants_of(other.selection):
            raise InvalidSetting(_other_variants(first.key, other.key))
    if any(request.selection.finished for request in requests):
        raise InvalidSetting(skips_finished())
    leaves_out = {
        companion.pattern
        for request in requests
        for companion in request.selection.companions
        if companion.when_missing is WhenMissing.LEAVE_OUT
    }
    if leaves_out:
        raise InvalidSetting(_leaves_out(min(leaves_out)))


def skips_finished() -> str:
    """The message for skip_finished where images go through the workflow together."""
    return (
        "skip_finished is on, and the items of this iterator go through the workflow together with "
        "those of another: it would leave items out and not what goes with them. "
        "Switch it off; the batch goes on where it stands without it."
    )


def _leaves_out(pattern: str) -> str:
    return (
        f"when_missing is Leave the image out for the pattern {pattern!r}, and the images of this "
        "iterator go through the workflow together with the items of another: it would leave "
        "images out and not what goes with them. Choose Fail or Empty."
    )


def _other_variants(one: LoopKey, other: LoopKey) -> str:
    return (
        f"The items of {one.directory!r} and {other.directory!r} go through this workflow "
        "together, and not with the same variants: the first variant of an item would go with the "
        "first item of the other, the second with the second. Connect the same Variants to both "
        "iterators."
    )


def one_loop_two_listings(key: LoopKey) -> str:
    """The message for a graph with two different listings of one loop."""
    name = f", and the loop_name {key.name!r}" if key.name else ""
    if key.kind == ROWS:
        is_typed = key.directory == TYPED_TEXT
        have = "rows typed into text" if is_typed else f"the table {key.directory!r}"
        return (
            f"Two Row Iterators of this workflow have {have}{name}, and settings that differ "
            "(text, how the table is read, order, range or skip_finished). They would share one "
            "position, and hand out the same row. Give one of them another loop_name, or both the "
            "same settings."
        )
    what = "video" if key.kind == FRAMES else "folder"
    return (
        f"Two iterators of this workflow have the {what} {key.directory!r}{name}, and "
        "settings that list it differently (filter, order, range, skip_finished, or the patterns "
        "of Companion Image and Companion Text). They would "
        "share one position in it, and hand out the same item. Give one of them another loop_name "
        f"or another {what}, or both the same settings."
    )
