"""What encoding images was measured to take."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from ..media.effort import Effort

_UNTRIED = 1.2
"""By how much the estimate for an effort that was never tried is raised."""
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


_Key = tuple[Kind, int, Effort]


def _key(work: Work, effort: Effort) -> _Key:
    return work.kind, work.pixels.bit_length(), effort


class Costs:
    """What a pixel of each kind took, in seconds, by the effort and the rough size of the image.

    A part of it is the same for any image, so a small one's pixel says nothing of a large one's.
    """

    def __init__(self) -> None:
        self._found: dict[_Key, deque[tuple[float, float]]] = {}

    def note(self, work: Work, effort: Effort, seconds: float, now: float) -> None:
        """Note how long a work took, at a time by the clock."""
        found = self._found.setdefault(_key(work, effort), deque(maxlen=_MEASURED))
        found.append((now, seconds / max(1, work.pixels)))

    def within_a_step(self, work: Work, effort: Effort) -> bool:
        """Whether the effort, or one that costs less by one step at most, was ever tried."""
        costs = sorted({ratio for ratio in work.kind.ratios if ratio <= work.kind.ratios[effort]})
        return any(
            work.kind.ratios[tried] >= costs[max(0, len(costs) - 2)]
            for tried in Effort
            if self._of(work, tried)
        )

    def _lately(self, work: Work, effort: Effort, now: float) -> list[float]:
        return [
            cost
            for at, cost in self._of(work, effort)
            # The cheapest has to be known in any case.
            if effort == Effort.FAST or now - at <= _VALID
        ]

    def _of(self, work: Work, effort: Effort) -> Iterable[tuple[float, float]]:
        """When each was measured, and the seconds that a pixel took."""
        return self._found.get(_key(work, effort), ())

    def of(self, work: Work, effort: Effort, now: float) -> float | None:
        """The seconds that a work is expected to take; None if none like it was done."""
        for tried in range(effort, -1, -1):
            found = self._lately(work, Effort(tried), now)
            if found:
                ratio = work.kind.ratios[effort] / work.kind.ratios[tried]
                margin = 1.0 if tried == effort else _UNTRIED
                return median(found) * work.pixels * ratio * margin
        return None
