"""Which way a film is to be turned, by the display matrix that cameras write."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from av.video.frame import VideoFrame

_STRAIGHT = 0.0175
"""Radians, one degree: a matrix that is off by more is of no right angle, and is ignored."""


class Orientation(NamedTuple):
    """How the rows and columns shown are had from those stored."""

    swapped: bool
    """Rows become columns; the other two count after that."""
    rows: int
    """1, or -1 if they are reversed."""
    columns: int
    """The same of columns."""

    @property
    def filters(self) -> list[tuple[str, str]]:
        """FFmpeg's filters that turn a picture, with their arguments."""
        if self.swapped:
            return [("transpose", _TRANSPOSED[self.rows, self.columns])]
        flips = [("vflip", "")] if self.rows < 0 else []
        return flips + ([("hflip", "")] if self.columns < 0 else [])

    def shown(self, width: int, height: int) -> tuple[int, int]:
        """The width and height of a picture when it is turned."""
        return (height, width) if self.swapped else (width, height)


_TRANSPOSED = {(1, 1): "cclock_flip", (1, -1): "clock", (-1, 1): "cclock", (-1, -1): "clock_flip"}
"""The names of FFmpeg's transpose for rows and columns."""

AS_STORED = Orientation(swapped=False, rows=1, columns=1)


def orientation_of(frame: VideoFrame) -> Orientation:
    """How the ffmpeg program turns a frame."""
    side_data: Any = frame.side_data  # a mapping, which PyAV's types call a dictionary
    matrix = side_data.get("DISPLAYMATRIX")
    if matrix is None:
        return AS_STORED
    # Three rows of three; a point (x, y) is shown at (a x + c y, b x + d y).
    a, b, _, c, d = (int(value) for value in np.frombuffer(bytes(matrix), np.int32)[:5])
    if max(abs(b), abs(c)) <= _STRAIGHT * min(abs(a), abs(d)):
        return Orientation(swapped=False, rows=_sign(d), columns=_sign(a))
    if max(abs(a), abs(d)) <= _STRAIGHT * min(abs(b), abs(c)):
        return Orientation(swapped=True, rows=_sign(b), columns=_sign(c))
    return AS_STORED


def _sign(value: int) -> int:
    return -1 if value < 0 else 1
