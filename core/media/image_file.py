"""Opening an image: only what a listing takes is decoded, whatever a file is called."""

from __future__ import annotations

import functools
from typing import BinaryIO

from PIL import Image, UnidentifiedImageError

FORMATS = (
    *("PNG", "JPEG", "WEBP", "AVIF", "BMP", "DIB", "GIF", "JPEG2000", "PPM", "QOI", "TGA", "TIFF"),
)
"""The formats of a listing's files, by Pillow's names; its JPEG takes MPO, too."""

# A file chooses its format by its content, and that of EPS starts a program, Ghostscript.


def open_image(file: BinaryIO) -> Image.Image:
    """Read the header of an image; raises what Pillow does, but `ValueError` for no image."""
    try:
        return Image.open(file, formats=_known())
    except UnidentifiedImageError:
        message = "it is not an image, or of a format that Batch Loop does not read"
        raise ValueError(message) from None


@functools.cache
def _known() -> tuple[str, ...]:
    """Those that this Pillow has: it does not take the name of another."""
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)
