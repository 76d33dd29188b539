"""Samples of an image, by which the way to compress it is chosen."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..effort import Effort
from .rows import Bytes, Layout

_PLACES = 16
"""Where to sample, spread over an image's height and width."""
_SAMPLED_ROWS = 8
"""The fewest rows sampled at each place: it takes several to show how alike they are."""
_SAMPLE = {Effort.FAST: 3 << 15, Effort.MIDDLE: 1 << 17, Effort.SMALL: 1 << 19}
"""The most bytes to sample: enough to choose by, few enough to try many ways in a few
milliseconds, or all of them in some tens if there is time."""

_STRIP = 1 << 14
"""Bytes of whole rows that are next to each other."""
_REACH = 1 << 15
"""Bytes that a repeat can be away."""

Sample = tuple[Bytes, npt.NDArray[np.bool_]]
"""Rows from several places, each below the row above it, and a mask of those to keep of all but
the first: the first row of each place is only there for the next, as the filters compare them."""


def parts_of_rows(layout: Layout, effort: Effort) -> Sample:
    """Parts of rows from many places."""
    most = _SAMPLE[effort]
    rows, places, width = layout.height, 1, layout.row
    if rows * width > most:
        places = _PLACES
        rows = min(rows, max(_SAMPLED_ROWS, most // (places * width)))
        width = min(width, max(1, most // (rows * places * layout.pixel)) * layout.pixel)
    return _parts(layout, rows, places, width)


def whole_rows(layout: Layout, places: int) -> Sample:
    """Strips of whole rows, in which repeats show, or of as much as these can reach."""
    width = min(layout.row, _REACH // layout.pixel * layout.pixel)
    rows = min(layout.height, max(1, _STRIP // width))
    return _parts(layout, rows, min(places, layout.height // rows), width)


def _parts(layout: Layout, rows: int, places: int, width: int) -> Sample:
    parts = []
    for number in range(places):
        first = number * (layout.height - rows) // max(1, places - 1)
        left = number * (layout.row - width) // max(1, places - 1) // layout.pixel
        columns = slice(left, left + width // layout.pixel)
        parts.append(layout.bytes(first, first + rows, columns))
    sample = np.concatenate(parts)
    kept = np.arange(1, len(sample)) % (rows + 1) != 0
    return sample, kept
