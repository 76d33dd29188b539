"""Whole PNG files by the encoder that is given rows."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from batch_loop.core.media.effort import Effort
from batch_loop.core.media.png.encode import encode_rows


def png_file(pixels: npt.NDArray[Any], *, effort: Effort = Effort.FAST) -> bytes:
    """A PNG file with the pixels [H,W] or [H,W,C], uint8 or uint16."""
    deep = pixels if pixels.ndim > 2 else pixels[:, :, None]
    return encode_rows(
        deep.shape,
        lambda rows, columns: deep[rows, columns],
        bits=8 * deep.dtype.itemsize,
        effort=effort,
    )
