"""Small pictures of image files, for a page to show."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from PIL import Image

from ..common.errors import UnreadableImage
from ..common.lower_priority import lower_priority
from ..common.text import quoted
from ..files.real_paths import open_file
from .decode import reason_of
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


def thumbnail(path: str, size: int, is_known: Callable[[str], bool]) -> Thumbnail:
    """The image file at a real path, upright, in no more than `size` pixels each way.

    `is_known` is asked whether a picture with this tag is there already. Raises `UnreadableImage`
    for a file that cannot be shown.
    """
    try:
        with os.fdopen(open_file(path), "rb") as file:
            found = os.fstat(file.fileno())
            tag = f"{found.st_mtime_ns:x}-{found.st_size:x}-{size:x}"
            if is_known(tag):
                return Thumbnail(tag, None)
            with open_image(file) as image:
                return Thumbnail(tag, _encoded(reduced(image, size, found.st_size)))
    except Exception as error:  # of any type: what Pillow's parsers raise depends on the damage
        reason = reason_of(error)
        message = f"There is no picture of {quoted(path)}: {reason}."
        raise UnreadableImage(message, reason) from error


def _encoded(image: Image.Image) -> bytes:
    data = io.BytesIO()
    image.save(data, "WEBP", quality=_QUALITY, method=_EFFORT)
    return data.getvalue()
