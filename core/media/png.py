"""Encoding PNG files of about the same size as Pillow's, in a fraction of the time.

Rows are filtered with numpy and compressed in bands, several in parallel. An image uses one filter
and one way of compression throughout, chosen by trying them on a sample.
"""

# Names and numbers follow the PNG specification, https://www.w3.org/TR/png-3/

from __future__ import annotations

import io
import os
import struct
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from ..common.lower_priority import lower_priority
from . import zlib_stream
from .effort import Effort
from .zlib_stream import Way

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

_MOST_WORKERS = 4
_workers = ThreadPoolExecutor(
    min(_MOST_WORKERS, os.cpu_count() or 1),
    thread_name_prefix="batch-loop-png",
    initializer=lower_priority,
)
_AHEAD = 2 * _MOST_WORKERS
"""The most bands in memory at a time."""

Part = TypeVar("Part")

_SAMPLES = 8
"""Places to sample, spread over an image's height."""
_SAMPLED = 64
"""One in this many rows is sampled."""
_SAMPLED_AT_LEAST = 4
"""The fewest rows sampled at each place: it takes several to show how alike they are."""

_WORTH_REPEATS = 0.95
_WORTH_VALUES = 1.01
"""The largest size at which another way is chosen, relative to that of looking for runs. Looking
for repeats takes more than twice the time, so it has to save something. Looking for values takes
half of the time, so the file may be slightly larger."""


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
    file = io.BytesIO()
    file.write(_SIGNATURE)
    header = struct.pack(">IIBBBBB", width, height, bits, _COLOUR_TYPES[channels], 0, 0, 0)
    _write_chunk(file, b"IHDR", header)
    for kind, content in chunks:
        _write_chunk(file, kind, content)
    for part in _compressed(layout):
        _write_chunk(file, b"IDAT", part)
    _write_chunk(file, b"IEND", b"")
    return file.getvalue()


@dataclass(frozen=True)
class _Layout:
    """An image as rows of bytes."""

    height: int
    row: int
    """Bytes of a row."""
    pixel: int
    """Bytes of a pixel."""
    rows: Rows

    def padded(self, first: int, last: int) -> Bytes:
        """The rows' bytes, with the row above and the pixel to the left: [1+rows,pixel+row].

        At the image's edges these are zeros, as the filters require.
        """
        above = min(first, 1)
        result = np.empty((1 + last - first, self.pixel + self.row), np.uint8)
        result[:, : self.pixel] = 0
        result[: 1 - above] = 0
        pixels = self.rows(first - above, last)
        if pixels.dtype != np.uint8:
            pixels = pixels.astype(">u2").view(np.uint8)  # the file's byte order
        result[1 - above :, self.pixel :] = pixels.reshape(len(pixels), self.row)
        return result


def _compressed(layout: _Layout) -> Iterator[bytes]:
    """The filtered rows as one zlib stream, in parts that are compressed in parallel."""
    kind, way = _best(layout)
    step = max(1, _BAND // layout.row)

    def part(first: int) -> tuple[bytes, Bytes]:
        last = min(first + step, layout.height)
        data = _filtered(layout.padded(first, last), kind, layout.pixel)
        return zlib_stream.part(data, way, is_last=last == layout.height), data

    check = zlib_stream.CheckValue()
    yield zlib_stream.HEADER
    for compressed, data in _in_order(part, range(0, layout.height, step)):
        check.add(data)
        yield compressed
    yield check.end()


def _in_order(work: Callable[[int], Part], numbers: Iterable[int]) -> Iterator[Part]:
    """Yield `work` of each number in order, computed in parallel and only a few ahead."""
    ahead: deque[Future[Part]] = deque()
    try:
        for number in numbers:
            ahead.append(_started(work, number))
            if len(ahead) > _AHEAD:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    finally:
        for future in ahead:
            future.cancel()


def _started(work: Callable[[int], Part], number: int) -> Future[Part]:
    """Start `work` on a number, in a worker thread if possible."""
    try:
        return _workers.submit(work, number)
    except RuntimeError:
        # Python is exiting: it starts no more threads, but waits for the image being written.
        done: Future[Part] = Future()
        done.set_result(work(number))
        return done


def _best(layout: _Layout) -> tuple[int, Way]:
    """The filter and the way of compression that make a sample small in little time."""
    sample, kept = _sample(layout)
    filtered = [_filtered(sample, kind, layout.pixel)[kept] for kind in _FILTERS]

    def size(kind: int, way: Way) -> int:
        return len(zlib_stream.part(filtered[kind], way, is_last=True))

    def best(way: Way) -> tuple[int, int]:
        sizes = _in_order(partial(size, way=way), _FILTERS)
        return min(zip(sizes, _FILTERS, strict=True))

    runs, kind = best(Way.RUNS)
    if size(kind, Way.REPEATS) < _WORTH_REPEATS * runs:
        return best(Way.REPEATS)[1], Way.REPEATS
    if size(kind, Way.VALUES) < _WORTH_VALUES * runs:
        return kind, Way.VALUES
    return kind, Way.RUNS


def _sample(layout: _Layout) -> tuple[Bytes, npt.NDArray[np.bool_]]:
    """Padded rows from several places, and a mask of those to keep once they are filtered.

    The first row of each place is dropped, as the row above it is from another place.
    """
    rows = max(_SAMPLED_AT_LEAST, layout.height // (_SAMPLES * _SAMPLED))
    places = _SAMPLES
    if rows * places >= layout.height:
        rows, places = layout.height, 1
    firsts = [number * (layout.height - rows) // max(1, places - 1) for number in range(places)]
    sample = np.concatenate([layout.padded(first, first + rows) for first in firsts])
    kept = np.arange(1, len(sample)) % (rows + 1) != 0
    return sample, kept


def _filtered(padded: Bytes, kind: int, pixel: int) -> Bytes:
    """Filter padded rows: [rows,1+row], each with the filter's number before it."""
    here = padded[1:, pixel:]
    left, up, corner = padded[1:, :-pixel], padded[:-1, pixel:], padded[:-1, :-pixel]
    result = np.empty((here.shape[0], 1 + here.shape[1]), np.uint8)
    result[:, 0] = kind
    target = result[:, 1:]
    if kind == _NONE:
        target[:] = here
        return result
    expected = left
    if kind == _UP:
        expected = up
    elif kind == _AVERAGE:
        expected = _average(left, up)
    elif kind == _PAETH:
        expected = _paeth(left, up, corner)
    # Bytes wrap around, as the specification requires.
    np.subtract(here, expected, out=target)
    return result


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


def _write_chunk(file: io.BytesIO, kind: bytes, content: bytes) -> None:
    file.write(struct.pack(">I", len(content)))
    file.write(kind)
    file.write(content)
    file.write(struct.pack(">I", zlib_stream.checksum(kind, content)))
