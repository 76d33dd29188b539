"""PNG's filters: rows as differences from what neighbouring pixels let expect."""

# Names and numbers follow the PNG specification, https://www.w3.org/TR/png-3/

from __future__ import annotations

import numpy as np

from .rows import Bytes

FILTERS = _NONE, _SUB, _UP, _AVERAGE, _PAETH = range(5)
"""The filters, as numbered in the file."""

_BLOCK = 1 << 17
"""Bytes filtered at a time: few enough for what lies between to stay in the nearest cache."""


def filtered(pixels: Bytes, kind: int, pixel: int) -> Bytes:
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
