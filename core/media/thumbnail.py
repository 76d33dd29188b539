"""Small pictures of image files, for a page to show."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import BinaryIO

from PIL import Image

from ..common.lower_priority import lower_priority
from .image_file import open_image
from .reduced import reduced

SMALLEST = 16
LARGEST = 512
"""Pixels of a thumbnail's longer side."""

_WORKERS = 2
_QUALITY = 80
_EFFORT = 2
"""Of 0 to 6: a picture is looked at once, and has to come soon."""


@dataclass(frozen=True)
class Thumbnail:
    """A thumbnail of a file as it is now."""

    tag: str
    """Another one when the file or the size is another."""
    data: bytes | None
    """A WebP file; None where whoever asks has the one with this tag."""


def thumbnail_pool() -> ThreadPoolExecutor:
    """The threads to make thumbnails in: few, and behind the workflow.

    So a gallery of very large images takes neither the memory nor the processor for itself.
    """
    return ThreadPoolExecutor(
        _WORKERS, thread_name_prefix="batch-loop-thumbnail", initializer=lower_priority
    )


def thumbnail(file: BinaryIO, size: int, is_known: Callable[[str], bool]) -> Thumbnail:
    """The image of an open file, upright, in no more than `size` pixels each way.

    `is_known` is asked whether a picture with this tag is there already. Raises what the damage
    makes Pillow raise, and ValueError for what would take too much memory.
    """
    found = os.fstat(file.fileno())
    tag = f"{found.st_mtime_ns:x}-{found.st_size:x}-{size:x}"
    if is_known(tag):
        return Thumbnail(tag, None)
    with open_image(file) as image:
        return Thumbnail(tag, _encoded(reduced(image, size, found.st_size)))


def _encoded(image: Image.Image) -> bytes:
    data = io.BytesIO()
    image.save(data, "WEBP", quality=_QUALITY, method=_EFFORT)
    return data.getvalue()
