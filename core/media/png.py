"""Encoding PNG files of about the same size as Pillow's, in a fraction of the time.

Rows are filtered with numpy and compressed in bands, several in parallel. An image uses one filter
and one way of compression throughout, chosen by trying them on a sample: of two ways the slower one
has to make the file smaller by as much as the effort says. The sample is larger for the most
effort, and of whole rows for images that repeat themselves.
"""

# Names and numbers follow the PNG specification, https://www.w3.org/TR/png-3/

from __future__ import annotations

import math
import os
import struct
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from ..common.lower_priority import lower_priority
from . import zlib_stream
from .effort import Effort
from .zlib_stream import CheckValue, Way

Bytes = npt.NDArray[np.uint8]
Rows = Callable[[int, int], npt.NDArray[Any]]
"""Returns the rows of a half-open range of indexes: [rows,W,C], uint8 or uint16."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
"""By the number of channels: grey, grey with alpha, RGB, RGBA."""

_FILTERS = _NONE, _SUB, _UP, _AVERAGE, _PAETH = range(5)
"""The filters, as numbered in the file."""

_BAND = 1 << 20
"""Bytes per band: few enough for the cache, enough to keep threads out of Python's lock."""
_BLOCK = 1 << 17
"""Bytes filtered at a time: few enough for what lies between to stay in the nearest cache."""

_MOST_WORKERS = 4
_workers = ThreadPoolExecutor(
    min(_MOST_WORKERS, os.cpu_count() or 1),
    thread_name_prefix="batch-loop-png",
    initializer=lower_priority,
)
_AHEAD = 2 * _MOST_WORKERS
"""The most bands in memory at a time."""

Argument = TypeVar("Argument")
Result = TypeVar("Result")

_PLACES = 16
"""Where to sample, spread over an image's height and width."""
_SAMPLED_ROWS = 8
"""The fewest rows sampled at each place: it takes several to show how alike they are."""
_SAMPLE = {Effort.FAST: 1 << 17, Effort.MIDDLE: 1 << 17, Effort.SMALL: 1 << 19}
"""The most bytes to sample: enough to choose by, few enough to try many ways in a few
milliseconds, or all of them in some tens if there is time."""

_STRIP = 1 << 14
"""Bytes of whole rows that are next to each other."""
_REACH = 1 << 15
"""Bytes that a repeat can be away."""
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


def encode_rows(
    shape: tuple[int, int, int],
    rows: Rows,
    *,
    bits: int = 8,
    chunks: Iterable[tuple[bytes, bytes]] = (),
    effort: Effort = Effort.FAST,
) -> bytes:
    """Return a PNG file of an image [H,W,C] whose rows are fetched in bands.

    `rows` is called for samples first, then for each band; it returns uint8 if `bits` is 8, uint16
    if it is 16. Apart from the file itself, only a few bands are in memory. One channel is grey,
    two are grey and alpha, three are RGB, four are RGBA. Each of `chunks`, a four-letter type and
    its content, is written before the pixels. Raises `ValueError` for any other shape or number of
    bits, and for an image without pixels.
    """
    height, width, channels = shape
    if channels not in _COLOUR_TYPES or 0 in shape or bits not in {8, 16}:
        raise ValueError(f"a PNG file cannot have the shape {shape} with {bits} bits")
    layout = _Layout(height, width * channels * bits // 8, channels * bits // 8, rows)
    header = struct.pack(">IIBBBBB", width, height, bits, _COLOUR_TYPES[channels], 0, 0, 0)
    file = [_SIGNATURE, *_chunk(b"IHDR", header)]
    for kind, content in chunks:
        file += _chunk(kind, content)
    for chunk in _compressed(layout, effort):
        file += chunk
    file += _chunk(b"IEND", b"")
    return b"".join(file)


@dataclass(frozen=True)
class _Layout:
    """An image as rows of bytes."""

    height: int
    row: int
    """Bytes of a row."""
    pixel: int
    """Bytes of a pixel."""
    rows: Rows

    def bytes(self, first: int, last: int) -> Bytes:
        """The rows' bytes, with the row above them, which is zeros at the top: [1+rows,row]."""
        pixels = self.rows(max(first - 1, 0), last)
        if pixels.dtype != np.uint8:
            pixels = pixels.astype(">u2").view(np.uint8)  # the file's byte order
        result = pixels.reshape(len(pixels), self.row)
        if not first:
            result = np.concatenate([np.zeros((1, self.row), np.uint8), result])
        return result


def _compressed(layout: _Layout, effort: Effort) -> Iterator[list[bytes]]:
    """The filtered rows as one zlib stream, in chunks that are compressed in parallel."""
    kind, way = _best(layout, effort)
    step = max(1, _BAND // layout.row)

    def band(first: int) -> tuple[list[bytes], CheckValue]:
        last = min(first + step, layout.height)
        data = _filtered(layout.bytes(first, last), kind, layout.pixel)
        part = zlib_stream.part(data, way, is_last=last == layout.height)
        return _chunk(b"IDAT", part), CheckValue.of(data)

    checks: list[CheckValue] = []
    yield _chunk(b"IDAT", zlib_stream.HEADER)
    for chunk, check in _in_order(band, range(0, layout.height, step)):
        checks.append(check)
        yield chunk
    yield _chunk(b"IDAT", zlib_stream.end(checks))


def _in_order(
    work: Callable[[Argument], Result], arguments: Iterable[Argument]
) -> Iterator[Result]:
    """Yield `work` of each argument in order, computed in parallel and only a few ahead."""
    ahead: deque[Future[Result]] = deque()
    try:
        for argument in arguments:
            ahead.append(_started(work, argument))
            if len(ahead) > _AHEAD:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    finally:
        for future in ahead:
            future.cancel()


def _started(work: Callable[[Argument], Result], argument: Argument) -> Future[Result]:
    """Start `work` on an argument, in a worker thread if possible."""
    try:
        return _workers.submit(work, argument)
    except RuntimeError:
        # Python is exiting: it starts no more threads, but waits for the image being written.
        done: Future[Result] = Future()
        done.set_result(work(argument))
        return done


def _best(layout: _Layout, effort: Effort) -> tuple[int, Way]:
    """The filter and the way of compression that make a sample small in little time."""
    trial = _Trial(layout, _sample(layout, effort), effort)
    kind, way = trial.best_of_all() if effort is Effort.SMALL else trial.best_of_likely()
    if _Trial(layout, _whole_rows(layout, _STRIPS), effort).is_repetitive(kind):
        return _Trial(layout, _whole_rows(layout, _MORE_STRIPS), effort).best_of_all()
    return kind, way


_Sample = tuple[Bytes, npt.NDArray[np.bool_]]
"""Rows from several places, each below the row above it, and a mask of those to keep of all but
the first: the first row of each place is only there for the next, as the filters compare them."""


class _Trial:
    """A sample of an image, filtered and compressed in several ways."""

    def __init__(self, layout: _Layout, sample: _Sample, effort: Effort) -> None:
        self._pixel = layout.pixel
        self._sample, self._kept = sample
        self._bytes = self._kept.sum() * (1 + self._sample.shape[1])
        self._effort = effort
        self._filtered: dict[int, Bytes] = {}
        self._sizes: dict[tuple[int, Way], int] = {}

    def best_of_likely(self) -> tuple[int, Way]:
        """Try what the quickest ways leave a chance to."""
        scouts = zlib_stream.SCOUTS
        self._try(_FILTERS, scouts)
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
        self._try(_FILTERS, [quickest, Way.REPEATS])
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
        return sorted(_FILTERS, key=lambda kind: self._sizes[kind, way])

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
                data = _filtered(self._sample, kind, self._pixel)[self._kept]
            return data, [len(zlib_stream.part(data, way, is_last=True)) for way in ways[kind]]

        for kind, (data, found) in zip(ways, _in_order(sizes, ways), strict=True):
            self._filtered[kind] = data
            self._sizes.update({(kind, way): n for way, n in zip(ways[kind], found, strict=True)})


def _sample(layout: _Layout, effort: Effort) -> _Sample:
    """Parts of rows from many places."""
    most = _SAMPLE[effort]
    rows, places, width = layout.height, 1, layout.row
    if rows * width > most:
        places = _PLACES
        rows = min(rows, max(_SAMPLED_ROWS, most // (places * width)))
        width = min(width, max(1, most // (rows * places * layout.pixel)) * layout.pixel)
    return _parts(layout, rows, places, width)


def _whole_rows(layout: _Layout, places: int) -> _Sample:
    """Strips of whole rows, in which repeats show, or of as much as these can reach."""
    width = min(layout.row, _REACH // layout.pixel * layout.pixel)
    rows = min(layout.height, max(1, _STRIP // width))
    return _parts(layout, rows, min(places, layout.height // rows), width)


def _parts(layout: _Layout, rows: int, places: int, width: int) -> _Sample:
    parts = []
    for number in range(places):
        first = number * (layout.height - rows) // max(1, places - 1)
        left = number * (layout.row - width) // max(1, places - 1) // layout.pixel * layout.pixel
        parts.append(layout.bytes(first, first + rows)[:, left : left + width])
    sample = np.concatenate(parts)
    kept = np.arange(1, len(sample)) % (rows + 1) != 0
    return sample, kept


def _filtered(pixels: Bytes, kind: int, pixel: int) -> Bytes:
    """Filter rows, the first of which only lies above the others: [rows,1+row].

    Before each row is the filter's number.
    """
    height, row = pixels.shape
    result = np.empty((height - 1, 1 + row), np.uint8)
    result[:, 0] = kind
    step = max(1, _BLOCK // row)
    for first in range(0, height - 1, step):
        block = pixels[first : first + step + 1]
        _filter(block[1:], block[:-1], kind, pixel, result[first : first + step, 1:])
    return result


def _filter(here: Bytes, above: Bytes, kind: int, pixel: int, target: Bytes) -> None:
    """Write the differences between rows and what their neighbours let expect."""
    # Bytes wrap around, as the specification requires.
    if kind == _NONE:
        target[:] = here
    elif kind == _UP:
        np.subtract(here, above, out=target)
    else:
        left, up, corner = here[:, :-pixel], above[:, pixel:], above[:, :-pixel]
        zeros = np.zeros_like(here[:, :pixel])  # left of the first pixel
        if kind == _SUB:
            first, others = zeros, left
        elif kind == _AVERAGE:
            first, others = _average(zeros, above[:, :pixel]), _average(left, up)
        else:
            first, others = above[:, :pixel], _paeth(left, up, corner)
        np.subtract(here[:, :pixel], first, out=target[:, :pixel])
        np.subtract(here[:, pixel:], others, out=target[:, pixel:])


def _average(left: Bytes, up: Bytes) -> Bytes:
    # (left + up) / 2, computed without the ninth bit that the sum would need.
    half = np.bitwise_xor(left, up)
    np.right_shift(half, 1, out=half)
    return np.add(half, np.bitwise_and(left, up), out=half)


def _paeth(left: Bytes, up: Bytes, corner: Bytes) -> Bytes:
    """Whichever of the three is nearest to left + up - corner."""
    # The specification's comparisons, arranged to need only bytes: if the corner is above (below)
    # both others, the result is the lower (higher) of them. Between them it is the corner, unless
    # one of them is at least twice as far from the corner as the other: then it is the farther one.
    higher, lower = np.maximum(left, up), np.minimum(left, up)
    rise = np.subtract(np.maximum(higher, corner, out=higher), corner, out=higher)
    fall = np.subtract(corner, np.minimum(lower, corner, out=lower), out=lower)
    to_higher = np.greater_equal(rise >> 1, fall)
    to_lower = np.greater_equal(fall >> 1, rise)
    # Multiplying is faster than np.where.
    np.multiply(rise, to_higher.view(np.uint8), out=rise)
    np.multiply(fall, to_lower.view(np.uint8), out=fall)
    np.add(corner, rise, out=rise)
    return np.subtract(rise, fall, out=rise)


def _chunk(kind: bytes, content: bytes) -> list[bytes]:
    """A chunk's bytes, without a copy of its content."""
    check = zlib_stream.checksum(kind, content)
    return [struct.pack(">I", len(content)), kind, content, struct.pack(">I", check)]
