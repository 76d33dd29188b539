"""How much longer than the images so far those that are left will take, by their weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from statistics import fmean, median
from typing import NamedTuple

MOST_WEIGHED = 256
"""In a larger batch the images that have ended stand for the others."""

ENOUGH = 3
"""How many images must have ended after the first before their times are compared by weight."""

_RECENT = 8
"""How many images tell what reading and writing cost now: a disk may be busy for a while only."""

_HELD_UP = 3
"""An image that took this many times as long as expected was held up by something else."""


class Weight(NamedTuple):
    """How much work an image is; what it is measured in does not matter."""

    pixels: float
    """What a model's work goes with."""
    detail: float
    """What reading and writing go with."""


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


@dataclass(frozen=True)
class Forecast:
    """What a process knows of a batch's images; empty if it knows nothing."""

    weights: Mapping[str, Weight] = field(default_factory=dict)
    """By path, in the batch's order."""
    spent: tuple[Spent, ...] = ()
    """Those that have ended, in this order."""

    def ended_one(self, one: Spent) -> Forecast:
        """The same once another image has ended."""
        known = one.path in self.weights and one.seconds > 0
        return replace(self, spent=(*self.spent, one)) if known else self

    def knowing(self, spent: Iterable[Spent]) -> Forecast:
        """The same with what images of an earlier listing took."""
        return replace(self, spent=tuple(one for one in spent if one.path in self.weights))

    @property
    def factor(self) -> float:
        """How many times as long an image that is left takes as one that has ended, on average.

        Three things go on at once: the work on an image, reading the next one ahead, and writing
        the results of the one before. Each is told from the images that have ended, even where
        another took longer: after light images, nothing else shows what heavy ones will cost.
        """
        ended = {one.path for one in self.spent}
        left = [weight for path, weight in self.weights.items() if path not in ended]
        # Without the first, which often waits for models.
        after_first = self.spent[1:]
        if not left or not after_first:
            return 1.0
        work, reading, writing = self._work(after_first), self._reading(), self._writing()
        last = self.spent[-1]
        takes, late = last.seconds, last.late
        to_come = 0.0
        for earlier, own in pairwise([self.weights[last.path], *left]):
            # It was begun once the image before had been read.
            late = max(0.0, reading * own.pixels - (takes - late))
            takes = max(late + work(own), writing * earlier.detail)
            to_come += takes
        return to_come / len(left) / fmean(one.seconds for one in after_first)

    def _work(self, spent: Sequence[Spent]) -> Callable[[Weight], float]:
        """How long an image of a weight is worked on."""
        seconds = [max(0.0, one.seconds - one.waited - one.late) for one in spent]
        if len(spent) < ENOUGH:
            usual = median(seconds)
            return lambda _weight: usual
        weights = [self.weights[one.path] for one in spent]
        by_detail = _line([weight.detail for weight in weights], seconds)
        by_pixels = _line([weight.pixels for weight in weights], seconds)
        if by_pixels.misses < by_detail.misses:
            return lambda weight: by_pixels.at(weight.pixels)
        return lambda weight: by_detail.at(weight.detail)

    def _reading(self) -> float:
        """How long reading an image ahead takes by now, for each of its pixels."""
        read = [one for one in self.spent if one.reading > 0][-_RECENT:]
        pixels = sum(self.weights[one.path].pixels for one in read)
        return sum(one.reading for one in read) / pixels if read else 0.0

    def _writing(self) -> float:
        """How long writing the results of an image takes by now, for each unit of its detail."""
        written = [one for one in self.spent if one.writing > 0][-_RECENT:]
        detail = sum(self.weights[one.path].detail for one in written)
        return sum(one.writing for one in written) / detail if written else 0.0


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


def _line(weights: Sequence[float], seconds: Sequence[float]) -> _Line:
    """The line through all images but those that were held up."""
    usual = median(seconds)
    each = median(took / weight for weight, took in zip(weights, seconds, strict=True))
    found = [
        (weight, took)
        for weight, took in zip(weights, seconds, strict=True)
        if took <= _HELD_UP * max(usual, each * weight)
    ]
    mean, level = fmean(weight for weight, _ in found), fmean(took for _, took in found)
    together = sum((weight - mean) * (took - level) for weight, took in found)
    apart = sum((weight - mean) ** 2 for weight, _ in found)
    slope = min(together / apart, level / mean) if together > 0 else 0.0
    line = _Line(mean, level, slope, 0.0)
    return line._replace(misses=fmean((took - line.at(weight)) ** 2 for weight, took in found))
