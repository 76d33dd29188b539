"""Several Directory Iterators of one prompt, whose images go through the workflow together.

They advance together or not at all: the items at the same place of their orders are a pair.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..common.errors import InvalidSetting
from ..model.loop_key import LoopKey
from ..model.policy import policy_of_all
from .batches import Request


def together(requests: Sequence[Request]) -> list[Request]:
    """The requests of iterators that advance together, one for each loop, in the order given.

    They fail together, so they get one policy; see `policy_of_all`.

    Raises:
        InvalidSetting: two of them are one loop with different settings, they differ in a setting
        that has to be the same for all, or one of them leaves finished images out.

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
                    f"The images of {first.key.directory!r} and {other.key.directory!r} go through "
                    f"this workflow together, and {name} is {one.value} for the one and "
                    f"{another.value} for the other. Set both Directory Iterators to the same."
                )
    if any(request.selection.finished for request in requests):
        raise InvalidSetting(skips_finished())


def skips_finished() -> str:
    """The message for skip_finished where images go through the workflow together."""
    return (
        "skip_finished is on, and the images of this Directory Iterator go through the workflow "
        "together with those of another: it would leave images out and not what goes with them. "
        "Switch it off; the batch goes on where it stands without it."
    )


def one_loop_two_listings(key: LoopKey) -> str:
    """The message for a graph with two different listings of one loop."""
    name = f", and the loop_name {key.name!r}" if key.name else ""
    return (
        f"Two Directory Iterators of this workflow have the folder {key.directory!r}{name}, and "
        "settings that list it differently (filter, order, range or skip_finished). They would "
        "share one position in the folder, and hand out the same image. Give one of them another "
        "loop_name or another folder, or both the same settings."
    )
