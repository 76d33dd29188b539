"""An image as the rows of bytes that a PNG file has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Rows = Callable[[int, int], npt.NDArray[Any]]
"""Returns the rows of a half-open range of indexes: [rows,W,C], uint8 or uint16."""


@dataclass(frozen=True)
class Layout:
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
