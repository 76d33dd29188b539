"""How much longer than the images so far those that are left will take, by their weights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from statistics import fmean
from typing import NamedTuple

MOST_WEIGHED = 256
"""In a larger batch the images that have ended stand for the others."""

ENOUGH = 4
"""How many images must have ended after the first before their weights are compared."""


@dataclass(frozen=True)
class Forecast:
    """What a process knows of a batch's images; empty if it knows nothing."""

    weights: Mapping[str, float] = field(default_factory=dict)
    """By path: how much work they are, in any unit."""
    spent: tuple[tuple[str, float], ...] = ()
    """Those that have ended, in this order, and the seconds that their prompts took."""

    def ended_one(self, path: str, seconds: float) -> Forecast:
        """The same once another image has ended."""
        known = path in self.weights and seconds > 0
        return replace(self, spent=(*self.spent, (path, seconds))) if known else self

    def knowing(self, spent: Iterable[tuple[str, float]]) -> Forecast:
        """The same with what images of an earlier listing took."""
        return replace(self, spent=tuple(one for one in spent if one[0] in self.weights))

    @property
    def factor(self) -> float:
        """How many times as long an image that is left takes as one that has ended, on average.

        A part of the time depends on the weight, and the rest is the same for each image, such as a
        model's. How large that part is shows in how the times so far go with the weights: with the
        images' own, or with those of the images before, as results are written while the next image
        is worked on, or with both. What they go with best counts.
        """
        ended = {path for path, _ in self.spent}
        left = [weight for path, weight in self.weights.items() if path not in ended]
        if not left or len(self.spent) <= ENOUGH:
            return 1.0
        # Without the first, which often waits for models.
        seconds = [took for _, took in self.spent[1:]]
        both = [*pairwise(self.weights[path] for path, _ in self.spent)]
        lines = [
            _line([own for _, own in both], seconds),
            _line([before for before, _ in both], seconds),
            _line([(before + own) / 2 for before, own in both], seconds),
        ]
        best = max(lines, key=lambda line: line.fits)
        return 1 + best.part * (fmean(left) / best.usual - 1)


class _Line(NamedTuple):
    """How times go with weights."""

    usual: float
    """The mean weight."""
    part: float
    """The part of the mean time that is in proportion to the weight: 0 to 1."""
    fits: float
    """How well it describes them: 0 to 1, the square of their correlation; 0 if it is inverse."""


def _line(weights: Sequence[float], seconds: Sequence[float]) -> _Line:
    usual, each = fmean(weights), fmean(seconds)
    heavier, longer = [w - usual for w in weights], [s - each for s in seconds]
    together = sum(w * s for w, s in zip(heavier, longer, strict=True))
    if together <= 0:
        return _Line(usual, 0.0, 0.0)
    slope = together / sum(w * w for w in heavier)
    return _Line(
        usual, min(1.0, slope * usual / each), slope * together / sum(s * s for s in longer)
    )
