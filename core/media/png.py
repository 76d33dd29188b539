"""Encoding PNG files of about the same size as Pillow's, in a fraction of the time.

Rows are filtered with numpy and compressed in bands, several in parallel. An image uses one filter
and one way of compression throughout, chosen by trying them on a sample: of two ways the slower one
has to make the file smaller by as much as the effort says.
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
_SAMPLE = 1 << 17
"""The most bytes to sample: enough to choose by, few enough to try many ways in a few
milliseconds."""

_SHARE_TO_SAVE = {Effort.FAST: 7e-4, Effort.MIDDLE: 2e-4, Effort.SMALL: 3e-5}
"""What a millisecond more, of an image of 12 megapixels, has to save of a file."""
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
    sample, kept = _sample(layout)
    scouts = zlib_stream.SCOUTS

    def scouted(kind: int) -> tuple[Bytes, list[int]]:
        data = _filtered(sample, kind, layout.pixel)[kept]
        return data, [len(zlib_stream.part(data, way, is_last=True)) for way in scouts]

    filtered, sizes = zip(*_in_order(scouted, _FILTERS), strict=True)

    def cost(size: int, way: Way) -> float:
        """The logarithm of the size, as shares of it count, and what the time is worth."""
        time = zlib_stream.milliseconds(way, size / filtered[0].size)
        return math.log(size) + _SHARE_TO_SAVE[effort] * time

    def best_filters(scout: int) -> list[tuple[int, int]]:
        """Sizes and filters, the smallest first."""
        return sorted((sizes[kind][scout], kind) for kind in _FILTERS)

    found: list[tuple[float, int, Way]] = []
    for number, way in enumerate(scouts):
        size, kind = best_filters(number)[0]
        found.append((cost(size, way), kind, way))
    bound = min(total for total, *_ in found) - math.log(1 - _MOST_SAVED)
    quick, repeats = best_filters(0), best_filters(-1)
    also = [one for one in repeats[:2] if one[0] <= _ALSO_BEST * repeats[0][0]]
    others = [
        (way, kind)
        for way in zlib_stream.WAYS
        if way not in scouts
        for size, kind in (also if way in {Way.REPEATS, Way.MOST_REPEATS} else quick[:1])
        if cost(size, way) <= bound
    ]

    def tried(other: tuple[Way, int]) -> tuple[float, int, Way]:
        way, kind = other
        size = len(zlib_stream.part(filtered[kind], way, is_last=True))
        return cost(size, way), kind, way

    found += _in_order(tried, others)
    _, kind, way = min(found, key=lambda one: one[0])
    return kind, way


def _sample(layout: _Layout) -> tuple[Bytes, npt.NDArray[np.bool_]]:
    """Parts of rows from several places, below what is above them, and a mask of those to keep.

    The first row of each place is dropped, as the row above it is from another place.
    """
    rows, places, width = layout.height, 1, layout.row
    if rows * width > _SAMPLE:
        places = _PLACES
        rows = min(rows, max(_SAMPLED_ROWS, _SAMPLE // (places * width)))
        width = min(width, max(1, _SAMPLE // (rows * places * layout.pixel)) * layout.pixel)
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
