"""Choosing the filter and the way of compression for an image, by trying them on a sample.

Of two ways the slower one has to make the file smaller by as much as the effort says. The sample is
larger for the most effort, and of whole rows for images that repeat themselves.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from ..effort import Effort
from . import zlib_stream
from .filters import FILTERS, filtered
from .in_parallel import in_order
from .rows import Bytes, Layout
from .sample import Sample, parts_of_rows, whole_rows
from .zlib_stream import Way

_STRIPS = 3
"""Strips that show whether an image repeats itself: few, as this is asked of every image."""
_MORE_STRIPS = 12
"""Strips to choose by if it does."""
_REPETITIVE = 0.65
"""The most that looking for repeats leaves of the size with near ones alone in an image that
repeats itself; photographs stay above."""
_PLAIN = 0.06
"""The most that near repeats leave of a drawing, for which it takes little time to try all."""

_SHARE_TO_SAVE = {Effort.FAST: 7e-4, Effort.MIDDLE: 2e-4, Effort.SMALL: 3e-5}
"""What a millisecond more, of an image of 12 megapixels, has to save of a file."""
_ALL_REPEATS = {Way.REPEATS, Way.MOST_REPEATS}
_ALSO_BEST = 1.1
"""Repeats are farther from what is tried with each filter: another one may be best for them whose
file is up to this much larger."""
_MOST_SAVED = 0.35
"""No way makes a sample smaller than the first ones do by more than this: if its time asks for
more, it need not be tried."""


def best(layout: Layout, effort: Effort) -> tuple[int, Way]:
    """The filter and the way of compression that make a sample small in little time."""
    trial = _Trial(layout, parts_of_rows(layout, effort), effort)
    kind, way = trial.best_of_all() if effort is Effort.SMALL else trial.best_of_likely()
    if _Trial(layout, whole_rows(layout, _STRIPS), effort).is_repetitive(kind):
        return _Trial(layout, whole_rows(layout, _MORE_STRIPS), effort).best_of_all()
    return kind, way


class _Trial:
    """A sample of an image, filtered and compressed in several ways."""

    def __init__(self, layout: Layout, sample: Sample, effort: Effort) -> None:
        self._pixel = layout.pixel
        self._sample, self._kept = sample
        self._bytes = self._kept.sum() * (1 + self._sample.shape[1])
        self._effort = effort
        self._filtered: dict[int, Bytes] = {}
        self._sizes: dict[tuple[int, Way], int] = {}

    def best_of_likely(self) -> tuple[int, Way]:
        """Try what the quickest ways leave a chance to."""
        scouts = zlib_stream.SCOUTS
        self._try(FILTERS, scouts)
        bound = min(self._costs().values()) - math.log(1 - _MOST_SAVED)
        sizes = self._sizes
        quick, *_ = self._filters(scouts[0])
        first, second, *_ = self._filters(scouts[-1])
        has_second = sizes[second, scouts[-1]] <= _ALSO_BEST * sizes[first, scouts[-1]]
        others = [way for way in zlib_stream.WAYS if way not in scouts]
        repeats = [way for way in others if way in _ALL_REPEATS]
        others = [way for way in others if way not in _ALL_REPEATS]

        def possible(ways: list[Way], kind: int, scout: Way) -> list[Way]:
            return [way for way in ways if self._cost(sizes[kind, scout], way) <= bound]

        tried = {first: possible(repeats, first, scouts[-1])}
        if has_second:
            tried[second] = possible(repeats, second, scouts[-1])
        tried[quick] = tried.get(quick, []) + possible(others, quick, scouts[0])
        self._try_each(tried)
        return self._best()

    def best_of_all(self) -> tuple[int, Way]:
        """Try everything but what is found by chance: isal misses many of the farther repeats."""
        quickest = zlib_stream.SCOUTS[0]
        self._try(FILTERS, [quickest, Way.REPEATS])
        self._try(self._filters(quickest)[:2], [Way.VALUES, Way.RUNS])
        self._try(self._filters(Way.REPEATS)[:1], [Way.MOST_REPEATS])
        return self._best()

    def is_repetitive(self, kind: int) -> bool:
        """Whether repeats make the rows much smaller, or trying it takes little time."""
        quickest = zlib_stream.SCOUTS[0]
        self._try([kind], [quickest, Way.REPEATS])
        near, repeats = self._sizes[kind, quickest], self._sizes[kind, Way.REPEATS]
        return near <= _PLAIN * self._bytes or repeats <= _REPETITIVE * near

    def _best(self) -> tuple[int, Way]:
        costs = self._costs()
        return min(costs, key=costs.__getitem__)

    def _filters(self, way: Way) -> list[int]:
        """The filters, best first."""
        return sorted(FILTERS, key=lambda kind: self._sizes[kind, way])

    def _costs(self) -> dict[tuple[int, Way], float]:
        return {(kind, way): self._cost(size, way) for (kind, way), size in self._sizes.items()}

    def _cost(self, size: int, way: Way) -> float:
        """The logarithm of the size, as shares of it count, and what the time is worth."""
        time = zlib_stream.milliseconds(way, size / self._bytes)
        return math.log(size) + _SHARE_TO_SAVE[self._effort] * time

    def _try(self, kinds: Iterable[int], ways: Iterable[Way]) -> None:
        self._try_each({kind: list(ways) for kind in kinds})

    def _try_each(self, ways: dict[int, list[Way]]) -> None:
        """Compress with each of the filters in some ways."""

        def sizes(kind: int) -> tuple[Bytes, list[int]]:
            data = self._filtered.get(kind)
            if data is None:
                data = filtered(self._sample, kind, self._pixel)[self._kept]
            return data, [len(zlib_stream.part(data, way, is_last=True)) for way in ways[kind]]

        for kind, (data, found) in zip(ways, in_order(sizes, ways), strict=True):
            self._filtered[kind] = data
            self._sizes.update({(kind, way): n for way, n in zip(ways[kind], found, strict=True)})
