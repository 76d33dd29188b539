"""Decoding intact PNG files to the same pixels as Pillow, in six tenths of the time."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from ..png.chunks import pixels_alone

_CHANNELS = {"L": 1, "RGB": 3, "RGBA": 4}
"""Of the kinds that are decoded here, by Pillow's names."""


def can_decode(mode: str) -> bool:
    """Whether `decode` is worth a try for a file of this mode, as Pillow names it.

    ComfyUI imports torchvision at its start. It takes a second, so nothing imports it here.
    """
    return mode in _CHANNELS and _decoder() is not None


def decode(
    file: npt.NDArray[np.uint8], mode: str, size: tuple[int, int]
) -> npt.NDArray[np.uint8] | None:
    """Decode a PNG file, which is changed, to [H,W,C] with the channels of `mode`, not turned.

    `size` is its (width, height) as Pillow reads it, which the caller has checked against Pillow's
    limit. Returns None if Pillow has to decode the file, or report its error: if it is damaged at
    all, is animated, has more behind its pixels, or is of a rare kind.
    """
    decode_png = _decoder()
    # libpng writes to stderr when it finds damage, or fault with what lies beside the pixels.
    alone = pixels_alone(file)
    if decode_png is None or alone is None:
        return None
    try:
        pixels: torch.Tensor = decode_png(torch.from_numpy(alone))
    except (RuntimeError, AttributeError):  # also, by its release, where libpng is missing
        return None
    if pixels.dtype is not torch.uint8 or pixels.shape != (_CHANNELS[mode], size[1], size[0]):
        return None
    return pixels.permute(1, 2, 0).numpy()


def _decoder() -> Any:
    return getattr(sys.modules.get("torchvision.io"), "decode_png", None)
