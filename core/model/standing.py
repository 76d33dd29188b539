"""What follows from how a loop stands: whether to go on, and the word for it.

It is decided here alone. Whatever shows a loop tells it, and pages and scripts go by that.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from .state import Arrived, Counts, ErrorHandling, Iteration, Overview

BETWEEN_SECONDS = 3.0
"""For how long after a prompt's last change a loop counts as running though no image is under way:
between two images there is none, and the batch has not come to a stop."""


class Next(str, Enum):
    """What whoever queues the prompts of a batch is to do."""

    GO = "go"
    """Go on: the next prompt has something to do."""
    STOP = "stop"
    """Queue no more: a run has stopped on an image, or the batch is complete."""
    WAIT = "wait"
    """Ask again later: other servers are at work on the last images, and may give one back."""
    WATCH = "watch"
    """Wait for new images: the batch is complete, and its folder is watched."""


class Stands(str, Enum):
    """What a person has to know of a loop, in a word."""

    RUNNING = "running"
    """An image is under way, or was a moment ago."""
    WAITING = "waiting"
    """Other servers are at work on the last images."""
    STOPPED = "stopped"
    """A run has stopped on the image that is next."""
    PAUSED = "paused"
    """Some images are finished, and nobody works on the others."""
    FRESH = "fresh"
    """No image is finished yet, and nobody works on one."""
    COMPLETE = "complete"
    """Every image is done."""
    FAILURES = "failures"
    """Every image is finished, and some have failed."""


class Standing(NamedTuple):
    """How a loop stands, and what follows."""

    next: Next
    stands: Stands


def standing(  # noqa: PLR0913 - all that it depends on
    counts: Counts,
    *,
    elsewhere: int = 0,
    stopped: bool = False,
    watch: bool = False,
    in_part: bool = False,
    recent: bool = False,
) -> Standing:
    """How a loop stands, by its record.

    Other servers are at work on `elsewhere` images. A run has `stopped` on the image that is next.
    New files are to be waited for (`watch`) at the end. The prompt that asks runs the workflow only
    `in_part`, and no other would finish an image. A prompt has changed the loop in the `recent`
    past.
    """
    following = _next(counts, elsewhere, stopped=stopped, watch=watch)
    if counts.running + counts.ended:
        stands = Stands.WAITING if following is Next.WAIT else Stands.RUNNING
    elif counts.complete:
        stands = Stands.FAILURES if counts.failed else Stands.COMPLETE
    elif stopped:
        stands = Stands.STOPPED
    elif recent:
        stands = Stands.RUNNING
    else:
        stands = Stands.PAUSED if counts.settled else Stands.FRESH
    return Standing(Next.STOP if in_part else following, stands)


def _next(counts: Counts, elsewhere: int, *, stopped: bool, watch: bool) -> Next:
    if counts.pending > counts.unpaired:
        return Next.STOP if stopped else Next.GO
    if elsewhere:
        return Next.WAIT
    if counts.running:
        return Next.GO
    return Next.WATCH if watch else Next.STOP


def standing_of(loop: Overview, *, in_part: bool = False) -> Standing:
    """How a loop stands; see `standing`."""
    ran_at = float("-inf") if loop.ran_at is None else loop.ran_at
    return standing(
        loop.counts,
        elsewhere=loop.elsewhere,
        stopped=loop.stopped,
        watch=loop.watch,
        in_part=in_part,
        recent=loop.told_at - ran_at < BETWEEN_SECONDS,
    )


def standing_in(iteration: Iteration) -> Standing:
    """How the loop stood when the iteration began; see `standing`."""
    return standing(
        iteration.counts,
        elsewhere=iteration.elsewhere,
        watch=iteration.watch,
        in_part=bool(iteration.without),
    )


def next_on_error(iteration: Iteration) -> Next:
    """What is next should the iteration's prompt fail.

    An error in a prompt that gives no image up would come again at every turn.
    """
    item = iteration.item
    if item is None or item.claim is None or iteration.without:
        return Next.STOP
    skips = item.claim.policy.error_handling is ErrorHandling.SKIP
    return Next.GO if skips else Next.STOP


def next_of(arrived: Arrived) -> Next:
    """What is next for a loop whose folder somebody watches."""
    return Next.GO if arrived.ready else Next.WATCH
