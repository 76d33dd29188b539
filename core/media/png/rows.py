"""An image as the rows of bytes that a PNG file has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
ALL = slice(None)
Pixels = Callable[[slice, slice], npt.NDArray[Any]]
"""Returns the pixels of some rows and columns: [rows,columns,C], uint8 or uint16."""


@dataclass(frozen=True)
class Layout:
    """An image as rows of bytes."""

    height: int
    row: int
    """Bytes of a row."""
    pixel: int
    """Bytes of a pixel."""
    pixels: Pixels

    def bytes(self, first: int, last: int, columns: slice = ALL) -> Bytes:
        """The bytes of some rows, or of their columns: [1+rows,bytes].

        The row above them comes first, which is zeros at the top.
        """
        pixels = self.pixels(slice(max(first - 1, 0), last), columns)
        if pixels.dtype != np.uint8:
            pixels = pixels.astype(">u2").view(np.uint8)  # the file's byte order
        result = pixels.reshape(len(pixels), -1)
        if not first:
            result = np.concatenate([np.zeros_like(result[:1]), result])
        return result
