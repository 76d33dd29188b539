"""Turning pixels upright in the way that Pillow turns an image."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

Pixels = npt.NDArray[np.uint8]


def upright(pixels: Pixels, image: Image.Image) -> Pixels:
    """Turn pixels [H,W,C] by the orientation in an image's EXIF or XMP data; returns a view.

    Pillow interprets that data, and whatever it raises for damaged data is raised.
    """
    # Two rows of three different pixels show which way Pillow turns an image.
    marks = np.arange(6, dtype=np.uint8).reshape(2, 3)
    small = Image.fromarray(marks)
    small.info = image.info
    turned = np.asarray(ImageOps.exif_transpose(small))
    for swapped in (False, True):
        for rows in (1, -1):
            for columns in (1, -1):
                if np.array_equal(_turned(marks, rows, columns, swapped=swapped), turned):
                    return _turned(pixels, rows, columns, swapped=swapped)
    raise AssertionError("Pillow turned an image in a ninth way")


def _turned(pixels: Pixels, rows: int, columns: int, *, swapped: bool) -> Pixels:
    """Reverse rows and columns where `rows` and `columns` are -1, then swap them if asked."""
    pixels = pixels[::rows, ::columns]
    return pixels.swapaxes(0, 1) if swapped else pixels
