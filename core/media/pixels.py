"""Conversion between 8-bit pixels and floats from 0 to 1, exactly as in ComfyUI; and to 16 bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from .buffers import FRESH, Arrays

_WHITE = np.float32(255)

_CHUNK = 1 << 17
"""Values per step: few enough for the cache, enough to keep threads out of Python's lock."""


def to_float(pixels: npt.NDArray[np.uint8], arrays: Arrays = FRESH) -> npt.NDArray[np.float32]:
    """Scale pixels of any shape and strides to 0 to 1, in a contiguous array of `arrays`.

    The values are those of Load Image, which needs two passes.
    """
    scaled = arrays.empty(pixels.shape, np.float32)
    np.divide(pixels, _WHITE, out=scaled, dtype=np.float32)
    return scaled


def to_uint8(image: torch.Tensor) -> npt.NDArray[np.uint8]:
    """Convert an image [H,W,C], float 0 to 1, to uint8 exactly as ComfyUI's Save Image does.

    Any float type, strides and device are fine. NaN becomes zero, where the result in ComfyUI
    depends on the processor.
    """
    # Computed in the image's own type, like ComfyUI: another one would round differently.
    return _scaled(_values(image), 255.0, np.dtype(np.uint8))


def to_uint16(image: torch.Tensor) -> npt.NDArray[np.uint16]:
    """Convert an image [H,W,C], float 0 to 1, to the nearest uint16; see `to_uint8`.

    Pixels that were read from a 16-bit file get their original values back.
    """
    values = _values(image)
    if values.dtype == np.float16:  # too coarse for 16 bits
        values = values.astype(np.float32)
    return _scaled(values, 65535.0, np.dtype(np.uint16), more=0.5)


def _values(image: torch.Tensor) -> npt.NDArray[Any]:
    if image.dtype is torch.bfloat16:  # unknown to numpy
        image = image.float()
    values: npt.NDArray[Any] = image.detach().cpu().numpy()
    return values


def _scaled(
    values: npt.NDArray[Any], white: float, kind: np.dtype[Any], more: float = 0.0
) -> npt.NDArray[Any]:
    """`values * white + more`, clipped to the range from 0 to `white` and truncated."""
    result = np.empty(values.shape, kind)
    if not result.size:
        return result
    rows = max(1, _CHUNK // values[0].size)
    scratch = np.empty((rows, *values.shape[1:]), np.result_type(values.dtype, white))
    with np.errstate(over="ignore", invalid="ignore"):  # values that are too bright are clipped
        for first in range(0, len(values), rows):
            part = values[first : first + rows]
            scaled = np.multiply(part, white, out=scratch[: len(part)])
            if more:
                np.add(scaled, more, out=scaled)
            # Clipping in place and then casting takes a third of the time of doing both in one
            # step.
            np.clip(scaled, 0, white, out=scaled)
            np.copyto(result[first : first + rows], scaled, casting="unsafe")
    return result
