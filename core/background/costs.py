"""What encoding images was measured to take."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import product
from statistics import median

from ..media.effort import Effort

_UNTRIED = 1.2
"""By how much the estimate for what was never tried, an effort or a size, is raised."""
_MEASURED = 5
"""How many of the last measurements count."""
_VALID = 300.0
"""Seconds for which a measurement counts: the machine may have been busy with something else."""


@dataclass(frozen=True)
class Kind:
    """A way of encoding: what a pixel costs depends on it."""

    name: str
    ratios: tuple[float, float, float]
    """What each effort costs about, before it was ever tried: only their ratios count."""
    parallel: bool
    """Whether the encoder uses several cores for one image."""


@dataclass(frozen=True)
class Work:
    """One image that is to be encoded."""

    kind: Kind
    pixels: int


class Costs:
    """What a pixel of each kind took, in seconds, by the effort and the rough size of the image.

    A part of it is the same for any image, so a small one's pixel says nothing of a large one's.
    Where there is nothing measured for a size and an effort, the sizes next to it count, and then
    less effort.
    """

    def __init__(self) -> None:
        self._found: dict[tuple[Kind, int, Effort], deque[tuple[float, float]]] = {}

    def note(self, work: Work, effort: Effort, seconds: float, now: float) -> None:
        """Note how long a work took, at a time by the clock."""
        own, *_ = _sizes(work)
        found = self._found.setdefault((work.kind, own, effort), deque(maxlen=_MEASURED))
        found.append((now, seconds / max(1, work.pixels)))

    def within_a_step(self, work: Work, effort: Effort) -> bool:
        """Whether the effort, or one that costs less by one step at most, was ever tried."""
        costs = sorted({ratio for ratio in work.kind.ratios if ratio <= work.kind.ratios[effort]})
        return any(
            work.kind.ratios[tried] >= costs[max(0, len(costs) - 2)]
            for tried in Effort
            for size in _sizes(work)
            if (work.kind, size, tried) in self._found
        )

    def _lately(self, work: Work, size: int, effort: Effort, now: float) -> list[float]:
        """The seconds that the work would take by what was measured of such a size."""
        # Smaller than what was measured, it may take as long.
        pixels = max(work.pixels, 1 << size >> 1)
        return [
            cost * pixels
            for at, cost in self._found.get((work.kind, size, effort), ())
            # The cheapest has to be known in any case.
            if effort == Effort.FAST or now - at <= _VALID
        ]

    def of(self, work: Work, effort: Effort, now: float) -> float | None:
        """The seconds that a work is expected to take; None if none like it was done."""
        own, *near = _sizes(work)
        for tried, size in product(range(effort, -1, -1), (own, *near)):
            found = self._lately(work, size, Effort(tried), now)
            if found:
                ratio = work.kind.ratios[effort] / work.kind.ratios[tried]
                margin = 1.0 if (tried, size) == (effort, own) else _UNTRIED
                return median(found) * ratio * margin
        return None


def _sizes(work: Work) -> tuple[int, int, int]:
    """The rough size of a work, and those next to it: each is twice the one before."""
    own = max(1, work.pixels).bit_length()
    return own, own - 1, own + 1
