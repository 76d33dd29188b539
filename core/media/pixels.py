"""Pixels of 8 bits as floats from 0 to 1, and back, exactly as ComfyUI has them; and of 16 bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

_WHITE = np.float32(255)

_CHUNK = 1 << 18
"""Values at a time: few enough for the cache, enough for threads not to wait on Python."""


def to_float(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Return pixels of any shape as values from 0 to 1, contiguous, whatever their strides are.

    These are the values that Load Image has, which it takes two passes for.
    """
    scaled = np.empty(pixels.shape, np.float32)
    np.divide(pixels, _WHITE, out=scaled, dtype=np.float32)
    return scaled


def to_uint8(image: torch.Tensor) -> npt.NDArray[np.uint8]:
    """Convert an image [H,W,C], float 0 to 1, to uint8 exactly as ComfyUI's Save Image does.

    It may have any float type, strides and device. What is not a number, for which the result of
    ComfyUI depends on the processor, becomes zero.
    """
    # In the type of the image, as ComfyUI: another would round in another way.
    return _scaled(_values(image), 255.0, np.dtype(np.uint8))


def to_uint16(image: torch.Tensor) -> npt.NDArray[np.uint16]:
    """Convert an image [H,W,C], float 0 to 1, to the nearest uint16; see `to_uint8`.

    What was read from a file of 16 bits becomes what it was there.
    """
    values = _values(image)
    if values.dtype == np.float16:  # which cannot tell so many apart
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
    """`white` times the values and `more`, clipped to 0 and `white` and cut off (not rounded)."""
    result = np.empty(values.shape, kind)
    if not result.size:
        return result
    rows = max(1, _CHUNK // values[0].size)
    scratch = np.empty((rows, *values.shape[1:]), np.result_type(values.dtype, white))
    with np.errstate(over="ignore", invalid="ignore"):  # too bright becomes white, without a word
        for first in range(0, len(values), rows):
            part = values[first : first + rows]
            scaled = np.multiply(part, white, out=scratch[: len(part)])
            if more:
                np.add(scaled, more, out=scaled)
            # In place, and cast afterwards: a third of the time that one step takes for both.
            np.clip(scaled, 0, white, out=scaled)
            np.copyto(result[first : first + rows], scaled, casting="unsafe")
    return result
