"""How long a series of images takes: by the clock on the wall, without pauses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from .changed import changed

ENOUGH = 2
"""How many images must have ended before a speed is told: the first often waits for models."""


@dataclass(frozen=True)
class Times:
    """The time that a series has taken so far; all in seconds."""

    seconds: float = 0.0
    """While a prompt of it was queued or running, up to `until`."""
    until: float | None = None
    """When a prompt last began or ended, since the epoch; None before the first."""
    ended: int = 0
    """How many images were done or failed, each time that they were, after work on them."""
    turns: float = 0.0
    """The time of their prompts, added up, each from handing out the image to the outcome."""
    first: float = 0.0
    """`seconds` when the first image ended, for which models may have been loaded."""
    firsts: int = 0
    """How many images that have ended were being worked on before then, with the first itself.

    Each server at work may have loaded models for one of them.
    """
    first_turns: float = 0.0
    """The part of `turns` that their prompts took."""
    last: float = 0.0
    """`seconds` when an image ended last, or when the next was handed out, if that was before it
    was known."""

    def passed(self, seconds: float, until: float) -> Times:
        """The times once `seconds` more have been taken, at `until`."""
        return changed(self, seconds=self.seconds + seconds, until=until)

    def ended_one(self, turn: float) -> Times:
        """The times once an image is done or has failed, whose prompt had it for `turn` seconds.

        Without any, it says nothing of how long images take, and does not count.
        """
        if turn <= 0:
            return self
        turns = self.turns + turn
        more = changed(self, ended=self.ended + 1, turns=turns, last=self.seconds)
        if not self.ended:
            more = changed(more, first=self.seconds)
        elif turn <= self.seconds - self.first:
            return more
        return changed(more, firsts=self.firsts + 1, first_turns=self.first_turns + turn)

    def share(self, of_all: float) -> Times:
        """The times of a share of what has ended, such as 0.8, as the rest left the series."""
        if of_all == 1:
            return self
        ended = round(self.ended * of_all)
        return Times(
            self.seconds * of_all,
            self.until,
            ended,
            turns=self.turns * of_all,
            first=self.first * of_all,
            firsts=min(ended, round(self.firsts * of_all)),
            first_turns=self.first_turns * of_all,
            last=self.last * of_all,
        )

    def each_since(self, before: Times) -> float:
        """What passed for each image that has ended since `before`, by whichever server."""
        return (self.last - before.last) / max(1, self.ended - before.ended)

    @property
    def per_image(self) -> float | None:
        """How long an image takes, however many are worked on at once; None if not yet known.

        What was lost on loading models is left out: the time until the first image ended, as far as
        it is longer than other images' prompts usually take.

        For example, two servers load models for 30 seconds, and then take 4 seconds an image. Their
        first images end after 34 seconds, so `first` is 34, `firsts` 2 and `first_turns` 68; two
        more end after 38 seconds. Others usually take 4 seconds, so that 30 of the 34 were lost.
        The other 8 went into 4 images: 2 seconds each.
        """
        if self.ended < ENOUGH or self.last <= 0:
            return None
        others = self.ended - self.firsts
        usual = self.first
        if others:
            # What passes between two prompts belongs to each image, too.
            usual = max(self.turns - self.first_turns, self.last - self.first) / others
        lost = max(0.0, self.first - usual)
        return (self.last - lost) / self.ended

    @property
    def per_minute(self) -> float | None:
        """How many images a minute have ended so far, all that it took counted; None as above."""
        return None if self.per_image is None else 60 * self.ended / self.last


@dataclass(frozen=True)
class Took:
    """The times of a series as they are told at one moment."""

    seconds: float = 0.0
    """How long it has taken."""
    remaining: float | None = None
    """How long it will take; None if not known, or nothing is left."""
    per_minute: float | None = None
    """How many images a minute it was, until an image ended last; None if not known."""


def took(  # noqa: PLR0913 - all that it depends on
    times: Times,
    *,
    left: int,
    under_way: int,
    since: float,
    writing: float = 0.0,
    to_come: Sequence[float] = (),
) -> Took:
    """What to tell of the times, `since` seconds after a prompt last began or ended.

    For the last `writing` seconds of them no prompt has run: the results of the last one are being
    written, and its end is yet to be noted, when it was.
    `left` counts the images that have not ended, with those that are `under_way`. `to_come` are
    the seconds that images are expected to take, in order, of which those that are left are the
    last; without it, all take what those that have ended took. An image whose prompt has ended is
    under way until its results are written, so that the time since an image ended last may be that
    of several.
    """
    passed = times.seconds + (since if under_way else 0.0)
    seconds = max(times.seconds, passed - writing)
    each = times.per_image
    if each is None:
        return Took(seconds)
    to_come = to_come[-left:] if left else ()
    mean = fmean(to_come) if to_come else each
    begun = sum(to_come[:under_way]) if to_come else mean * under_way
    remaining = mean * left - min(passed - times.last, begun) if left else None
    return Took(seconds, remaining, times.per_minute)
