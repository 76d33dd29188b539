"""Thumbnails of image files, for pages to show."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import BinaryIO

from PIL import Image

from ..common.workers import worker_pool
from ..media.formats.decode import open_image
from .frames import FramePictures, frame_stamp
from .moving import moving_picture
from .reduced import reduced

SMALLEST = 16
LARGEST = 512
"""Pixels of a thumbnail's longer side."""

MOST_BYTES = 180_000_000
"""The most memory that decoding an image may take; everything else takes a few MB. A larger one has
no thumbnail."""

_WORKERS = 2
_QUALITY = 80
_EFFORT = 2
"""Pillow's WebP `method`, 0 to 6: speed matters more than size."""


@dataclass(frozen=True)
class Thumbnail:
    """A thumbnail of a file in its current state."""

    tag: str
    """Differs whenever the file or the size does."""
    data: bytes | None
    """A WebP file; None if the client already has the one with this tag."""


def thumbnail_pool(workers: int = _WORKERS) -> ThreadPoolExecutor:
    """The threads that make pictures: few, and of low priority.

    So a gallery of very large images uses up neither memory nor processor.
    """
    return worker_pool("thumbnail", workers)


def thumbnail(file: BinaryIO, size: int, is_known: Callable[[str], bool]) -> Thumbnail:
    """Make a thumbnail of an open file, upright and at most `size` pixels each way.

    Of a film it is a picture that it shows, and of a sound how loud it is when.

    `is_known` tells whether the client already has the thumbnail with a tag. Raises whatever Pillow
    raises for a damaged file, and ValueError if decoding would take too much memory.
    """
    found = os.fstat(file.fileno())
    tag = f"{found.st_mtime_ns:x}-{found.st_size:x}-{size:x}"
    if is_known(tag):
        return Thumbnail(tag, None)
    try:
        opened = open_image(file)
    except ValueError:  # it is no image
        moving = moving_picture(file, size)
        if moving is None:
            raise
        return Thumbnail(tag, _encoded(moving))
    with opened as image:
        return Thumbnail(tag, _encoded(reduced(image, size, found.st_size, MOST_BYTES)))


def thumbnail_of_frame(
    pictures: FramePictures, film: str, number: int, size: int, is_known: Callable[[str], bool]
) -> Thumbnail:
    """Like `thumbnail`, of a frame of the film at a real path; raises UnreadableFilm."""
    tag = f"{frame_stamp(film)}-{number:x}-{size:x}"
    if is_known(tag):
        return Thumbnail(tag, None)
    return Thumbnail(tag, _encoded(pictures.picture(film, number, size)))


def _encoded(image: Image.Image) -> bytes:
    data = io.BytesIO()
    image.save(data, "WEBP", quality=_QUALITY, method=_EFFORT)
    return data.getvalue()
