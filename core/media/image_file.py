"""Opening image files: only formats that a listing accepts, whatever a file is called."""

from __future__ import annotations

import functools
from typing import BinaryIO

from PIL import Image, UnidentifiedImageError

FORMATS = (
    *("PNG", "JPEG", "WEBP", "AVIF", "BMP", "DIB", "GIF", "JPEG2000", "PPM", "QOI", "TGA", "TIFF"),
)
"""The formats that are accepted, by the names that Pillow has for them; its JPEG includes MPO.

Pillow goes by a file's content, and a file with the content of EPS would start Ghostscript.
"""


def open_image(file: BinaryIO) -> Image.Image:
    """Read an image's header; raises ValueError if it is no image, else whatever Pillow raises."""
    try:
        return Image.open(file, formats=_known())
    except UnidentifiedImageError:
        message = "it is not an image, or of a format that Batch Loop does not read"
        raise ValueError(message) from None


@functools.cache
def _known() -> tuple[str, ...]:
    """The formats that this Pillow supports; it rejects the names of others."""
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)
