"""How long each of the images that are left will take, by their weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from operator import attrgetter
from statistics import fmean, median
from typing import NamedTuple

from .times import Times

MOST_WEIGHED = 256
"""In a larger batch the images that have ended stand for the others."""

ENOUGH = 3
"""How many images must have ended after the first before their times are compared by weight."""

_RECENT = 40
"""How many images tell what each part costs now: a disk may be busy for a while only."""

_COLD = 2
"""The first images of a server, which also wait for what is loaded and measured for the first
time. What passes besides the parts of the work is told from the others."""

_HELD_UP = 3
"""An image that took this many times as long as expected was held up by something else."""


class Weight(NamedTuple):
    """How much work an image is; what it is measured in does not matter."""

    pixels: float
    """What a model's work goes with."""
    detail: float
    """What reading and writing go with."""
    reading: float = 1.0
    """How many times as long as usual reading takes for these."""

    @property
    def to_read(self) -> Weight:
        """What reading it goes with."""
        if self.reading == 1:
            return self
        return Weight(self.reading * self.pixels, self.reading * self.detail)


Measure = Callable[[Weight], float]
PIXELS: Measure = attrgetter("pixels")
DETAIL: Measure = attrgetter("detail")


class Spent(NamedTuple):
    """What an image that has ended took, in seconds."""

    path: str
    seconds: float
    """Its prompt."""
    waited: float = 0.0
    """The part of it that was spent waiting for results of earlier images to be written."""
    writing: float = 0.0
    """Writing its results while the next prompt ran."""
    late: float = 0.0
    """The part of its prompt that was spent waiting for the image, as it was read ahead."""
    reading: float = 0.0
    """Reading it ahead, while the prompt before ran; 0 if it was not."""
    passed: float = 0.0
    """What the batch took for each image, by whichever server, since this one ended another."""

    @property
    def work(self) -> float:
        """What its prompt took, without what it waited for."""
        return max(0.0, self.seconds - self.waited - self.late)


@dataclass(frozen=True)
class Forecast:
    """What a process knows of a batch's images; empty if it knows nothing."""

    weights: Mapping[str, Weight] = field(default_factory=dict)
    """By path, in the batch's order."""
    spent: tuple[Spent, ...] = ()
    """Those that have ended, in this order."""
    times: Times = field(default_factory=Times)
    """Those of the batch when the last of them ended."""
    batch: int = 0
    """Its number."""
    since: int = 0
    """How many of `spent` came before the work changed, such as by another model."""

    def ended_one(self, one: Spent) -> Forecast:
        """The same once another image has ended."""
        if one.path not in self.weights or one.seconds <= 0:
            return self
        changed = replace(self, spent=(*self.spent, one))
        return replace(changed, since=_since_a_change(changed))

    def of(self, batch: int) -> Forecast:
        """The same if it is for that batch; else an empty one, as another server has begun it."""
        return self if self.batch == batch else Forecast(batch=batch)

    def knowing(self, before: Forecast) -> Forecast:
        """The same with what images of an earlier listing took."""
        spent = tuple(one for one in before.spent if one.path in self.weights)
        since = sum(one.path in self.weights for one in before.spent[: before.since])
        is_enough = len(spent) - since >= ENOUGH
        return replace(self, spent=spent, times=before.times, since=since if is_enough else 0)

    @cached_property
    def to_come(self) -> tuple[float, ...]:
        """How many seconds the batch will take for each image that is left; () if not known.

        Images that another server has worked on, or that could not be read, are among them.

        Three things go on at once: the work on an image, reading the next one ahead, and writing
        the results of the one before. Each is told from the images that have ended, even where
        another took longer: after light images, nothing else shows what heavy ones will cost.
        What else passes (between two prompts, and as nothing is ever quite regular), and how
        many servers share the work, is told by what the same reckoning gives for those that have
        ended.
        """
        ended = {one.path for one in self.spent}
        left = [weight for path, weight in self.weights.items() if path not in ended]
        if not left or len(self.spent) <= _COLD:
            return ()
        # Without the first, which often waits for models.
        takes, writing = self._parts(self.spent[max(1, self.since) :][-_RECENT:])
        first = max(_COLD, self.since, len(self.spent) - _RECENT)
        known = self.spent[first:]
        expected = takes(self.spent[first - 1], [self.weights[one.path] for one in known])
        pace = _pace(expected, [one.passed for one in known])
        to_come = takes(self.spent[-1], left)
        # Nothing follows the last one, behind which its results could be written.
        to_come[-1] += writing(left[-1])
        return tuple(pace * each for each in to_come)

    def _parts(
        self, recent: Sequence[Spent]
    ) -> tuple[Callable[[Spent, Sequence[Weight]], list[float]], Callable[[Weight], float]]:
        """How long the prompts of images take that follow on another, by the three parts.

        And how long writing the results of one takes.
        """
        read = [one for one in self.spent if one.reading > 0][-_RECENT:]
        written = [one for one in self.spent if one.writing > 0][-_RECENT:]
        work = _by_weight((self.weights[one.path], one.work) for one in recent)
        reading = _by_weight(
            ((self.weights[one.path].to_read, one.reading) for one in read), PIXELS
        )
        writing = _by_weight(((self.weights[one.path], one.writing) for one in written), DETAIL)

        def takes(before: Spent, images: Sequence[Weight]) -> list[float]:
            seconds, late, found = before.seconds, before.late, []
            for earlier, own in pairwise([self.weights[before.path], *images]):
                # It was begun once the image before had been read.
                late = max(0.0, reading(own.to_read) - (seconds - late))
                seconds = max(late + work(own), writing(earlier))
                found.append(seconds)
            return found

        return takes, writing


def _since_a_change(known: Forecast) -> int:
    """`since`, once the work on the last few images all took far more, or less, than before."""
    earlier = known.spent[max(_COLD, known.since) : -ENOUGH][-_RECENT:]
    if len(earlier) < ENOUGH:
        return known.since
    middle = median(one.work for one in earlier)
    rates = [
        (of, median(one.work / of(known.weights[one.path]) for one in earlier))
        for of in (PIXELS, DETAIL)
    ]
    more = less = 0
    for one in known.spent[-ENOUGH:]:
        usual = [middle, *(rate * of(known.weights[one.path]) for of, rate in rates)]
        # What is little beside the waiting differs by chance.
        matters = max(one.work, min(usual)) > one.seconds / 2
        more += matters and one.work > _HELD_UP * max(usual)
        less += matters and _HELD_UP * one.work < min(usual)
    return len(known.spent) - ENOUGH if ENOUGH in {more, less} else known.since


def _pace(expected: Sequence[float], passed: Sequence[float]) -> float:
    """What passes for each second that images are expected to take."""
    both = [(own, took) for own, took in zip(expected, passed, strict=True) if own > 0]
    if not both:
        return 1.0
    ratios = [took / own for own, took in both]
    # Of images that were found to have ended at the same moment, only the first took any time.
    usual = median(ratios) or max(ratios)
    least = fmean(own for own, _ in both)
    level = [(own, took) for own, took in both if took <= _HELD_UP * usual * max(own, least)]
    return sum(took for _, took in level) / sum(own for own, _ in level)


def _by_weight(
    known: Iterable[tuple[Weight, float]], likely: Measure | None = None
) -> Callable[[Weight], float]:
    """How many seconds something takes for a weight: by pixels or by detail, what fits better.

    As long as the weights do not show it, it goes with what is `likely`; without that, it takes
    the usual time.
    """
    found = list(known)
    if not found or (likely is None and len(found) < ENOUGH):
        middle = median(took for _, took in found) if found else 0.0
        return lambda _weight: middle
    measures = sorted((PIXELS, DETAIL), key=lambda each: each is not likely)
    lines = [
        (_line([of(weight) for weight, _ in found], [took for _, took in found], likely), of)
        for of in measures
    ]
    line, measure = min(lines, key=lambda each: each[0].misses)
    return lambda weight: line.at(measure(weight))


class _Line(NamedTuple):
    """How times go with weights: a part is in proportion to them, the rest the same for all."""

    weight: float
    seconds: float
    """Those of the mean image."""
    slope: float
    misses: float
    """By how much it misses the times, squared, on average."""

    def at(self, weight: float) -> float:
        return self.seconds + self.slope * (weight - self.weight)


def _line(weights: Sequence[float], seconds: Sequence[float], likely: Measure | None) -> _Line:
    """The line through all images but those that were held up."""
    middle = median(seconds)
    each = median(took / weight for weight, took in zip(weights, seconds, strict=True))
    found = [
        (weight, took)
        for weight, took in zip(weights, seconds, strict=True)
        if took <= _HELD_UP * max(middle, each * weight)
    ]
    mean, level = fmean(weight for weight, _ in found), fmean(took for _, took in found)
    together = sum((weight - mean) * (took - level) for weight, took in found)
    apart = sum((weight - mean) ** 2 for weight, _ in found)
    if likely is not None:
        # As if one more image were known, that weighs nothing and takes no time.
        together, apart = together + mean * level, apart + mean * mean
    slope = min(together / apart, level / mean) if together > 0 else 0.0
    line = _Line(mean, level, slope, 0.0)
    return line._replace(misses=fmean((took - line.at(weight)) ** 2 for weight, took in found))
