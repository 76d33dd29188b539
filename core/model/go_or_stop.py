"""A loop's standing: whether to go on, and a word for how it is doing.

Only this module decides it; pages and scripts are told the result, and act on it.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from .items import Counts
from .policy import ErrorHandling
from .records import Arrived, Iteration, Overview

BETWEEN_SECONDS = 3.0
"""How long a loop still counts as running after a prompt last changed it: no image is in progress
between two prompts, but the batch has not stopped. Not after an interrupted one, which ends it."""


class Next(str, Enum):
    """What the client that queues a batch's prompts should do."""

    GO = "go"
    """Queue the next prompt: there is work for it."""
    STOP = "stop"
    """Queue no more prompts: a run has stopped on an image, or the batch is complete."""
    WAIT = "wait"
    """Ask again later: other servers are working on the last images, and may give one back."""
    WATCH = "watch"
    """Wait for new images: the batch is complete and its folder is watched."""


class Stands(str, Enum):
    """How a loop is doing, in one word."""

    RUNNING = "running"
    """An image is in progress, or was a moment ago."""
    WAITING = "waiting"
    """Other servers are working on the last images."""
    STOPPED = "stopped"
    """A run has stopped on the next image."""
    PAUSED = "paused"
    """Some images are finished, and none is in progress."""
    FRESH = "fresh"
    """No image is finished or in progress yet."""
    COMPLETE = "complete"
    """Every image is done."""
    FAILURES = "failures"
    """Every image is finished, but some failed."""


class Standing(NamedTuple):
    """How a loop stands, and what to do next."""

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
    """How a loop stands, from what is recorded of it.

    Args:
        counts: of its images, by state.
        elsewhere: how many images other servers are working on.
        stopped: whether a run has stopped on the next image.
        watch: whether to wait for new files at the end.
        in_part: whether the prompt runs only a part of the workflow, which finishes no image.
        recent: whether a prompt has changed the loop recently.
    """
    following = _next(counts, elsewhere, stopped=stopped, watch=watch)
    if counts.running + counts.finishing:
        stands = Stands.WAITING if following is Next.WAIT else Stands.RUNNING
    elif counts.complete:
        stands = Stands.FAILURES if counts.failed else Stands.COMPLETE
    elif stopped:
        stands = Stands.STOPPED
    elif recent:
        stands = Stands.RUNNING
    else:
        stands = Stands.PAUSED if counts.handled else Stands.FRESH
    return Standing(Next.STOP if in_part else following, stands)


def _next(counts: Counts, elsewhere: int, *, stopped: bool, watch: bool) -> Next:
    if counts.to_hand_out > 0:
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
        # A time in the future is from before a clock was set back.
        recent=not loop.interrupted and abs(loop.told_at - ran_at) < BETWEEN_SECONDS,
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
    """What to do next if the iteration's prompt fails.

    Go on only if the failed image is skipped: otherwise every prompt would fail in the same way.
    """
    item = iteration.item
    if item is None or item.claim is None or iteration.without:
        return Next.STOP
    skips = item.claim.policy.error_handling is ErrorHandling.SKIP
    return Next.GO if skips else Next.STOP


def next_of(arrived: Arrived) -> Next:
    """What to do next for a loop whose folder is watched."""
    return Next.GO if arrived.ready else Next.WATCH
