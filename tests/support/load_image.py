"""The pixels of ComfyUI's Load Image up to version 0.3.75, which reads files with Pillow.

Newer versions decode files as video, with different pixels for palettes and rotated photographs,
and values that differ by about one for JPEG and others. Batch Loop always reads with Pillow.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile, ImageOps, ImageSequence

from batch_loop.tools.layout import usual_release

Floats = npt.NDArray[np.float32]

NO_MASK = (64, 64)
"""Height and width of the mask of any image without transparency."""


@dataclass(frozen=True)
class Loaded:
    """The first frame of a file."""

    image: Floats
    """[H,W,3], 0 to 1."""
    mask: Floats
    """[H,W], 1 where the image is transparent."""


def load_image_reads_with_pillow() -> bool:
    """Whether Load Image in the default ComfyUI release reads with Pillow."""
    code = (usual_release().tree / "nodes.py").read_text(encoding="utf-8")
    own = code.partition("\nclass LoadImage:")[2].partition("\nclass ")[0]
    assert "Image.open" in own
    return "VideoFromFile" not in own


def load_image(path: Path) -> Loaded:
    """The first frame; raises if any frame cannot be read, or not be in one batch with it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with _tolerant(Image.open, path) as opened:
            # Load Image reads every frame, even those that it drops.
            frames = [_loaded(frame) for frame in ImageSequence.Iterator(opened)]
            is_one = opened.format == "MPO"
    first = frames[0]
    same_size = [frame for frame in frames if frame.image.shape == first.image.shape]
    if not is_one and {frame.mask.shape for frame in same_size} != {first.mask.shape}:
        raise ValueError("their masks are of several sizes")
    return first


def _loaded(frame: Image.Image) -> Loaded:
    upright: Image.Image = _tolerant(ImageOps.exif_transpose, frame)
    if upright.mode == "I":
        upright = upright.point(lambda value: value * (1 / 255))
    alpha = None
    if upright.mode == "P" and "transparency" in upright.info:
        alpha = upright.convert("RGBA").getchannel("A")
    elif "A" in upright.getbands():
        alpha = upright.getchannel("A")
    mask = np.zeros(NO_MASK, np.float32) if alpha is None else 1 - _floats(alpha)
    return Loaded(_floats(upright.convert("RGB")), mask)


def _floats(image: Image.Image) -> Floats:
    return np.asarray(image).astype(np.float32) / np.float32(255)


def _tolerant(read: Callable[[Any], Any], what: object) -> Any:
    """Read; if that fails, read again with missing pixels filled in."""
    try:
        return read(what)
    except (OSError, ValueError):
        before = ImageFile.LOAD_TRUNCATED_IMAGES
        ImageFile.LOAD_TRUNCATED_IMAGES = True
        try:
            return read(what)
        finally:
            ImageFile.LOAD_TRUNCATED_IMAGES = before
