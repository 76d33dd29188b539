"""What a browser can show of a file: the file itself, a picture made from it, or its text."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from PIL import Image

from ..media.alpha import OPAQUE
from ..media.formats.decode import open_image
from ..media.turning import is_turned_by_exif, turn_of, upright
from .frames import FramePictures, frame_stamp
from .moving import LARGEST_MOVING, moving, moving_picture
from .reduced import reduced

LARGEST_PICTURE = 8192
"""Pixels of the longer side of a picture that is made because browsers cannot show the file."""

MOST_PICTURE_BYTES = 500_000_000
"""The most memory that decoding an image for such a picture may take."""

MOST_TEXT = 2**18
"""Bytes of a text that are shown."""

_TRANSPARENCY = 1024
"""Pixels of the longer side of the picture in which what is transparent is looked for."""

_TEXTS = (".txt", ".caption", ".json", ".csv", ".md")

_BY_BROWSERS = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",  # a JPEG file, followed by others
    "WEBP": "image/webp",
    "AVIF": "image/avif",
    "GIF": "image/gif",
    "BMP": "image/bmp",
}
"""The formats that browsers show, by Pillow's names, and their media types."""

_ANIMATED = frozenset({"GIF", "PNG", "WEBP", "AVIF"})


@dataclass(frozen=True)
class Look:
    """What is known of a file without decoding it."""

    shows: str
    """`picture`, `text`, or `nothing`."""
    nbytes: int
    width: int = 0
    height: int = 0
    """Pixels of the upright image; 0 if it is none."""
    animated: bool = False
    may_be_transparent: bool = False
    """Whether it has transparency at all; `is_transparent` tells whether any of it is."""
    media_type: str = ""
    """The media type of the file itself, if browsers show it upright; else a picture is made."""
    plays: str = ""
    """`video` or `audio` for a film or a sound, whose picture is a still one; else empty."""


@dataclass(frozen=True)
class Sent:
    """The answer for a file."""

    tag: str
    """Differs whenever the file does."""
    media_type: str
    data: bytes | None
    """None if the file itself is to be sent."""


def look(file: BinaryIO, name: str) -> Look:
    """Look at an open file; raises whatever Pillow raises for one that is damaged or no image."""
    nbytes = os.fstat(file.fileno()).st_size
    if name.lower().endswith(_TEXTS):
        return Look("text", nbytes, media_type="text/plain")
    try:
        opened = open_image(file)
    except ValueError:  # it is no image
        found = moving(file)
        if found is None:
            raise
        return Look("picture", nbytes, found.width, found.height, plays=found.plays)
    with opened as image:
        width, height = _upright_size(image)
        return Look(
            "picture",
            nbytes,
            width,
            height,
            animated=image.format in _ANIMATED and getattr(image, "is_animated", False),
            may_be_transparent=image.has_transparency_data,
            media_type=_own_type(image),
        )


def is_transparent(file: BinaryIO) -> bool:
    """Whether any of an image is transparent; raises like `to_send`."""
    file.seek(0)
    nbytes = os.fstat(file.fileno()).st_size
    with open_image(file) as image:
        if not image.has_transparency_data:
            return False
        small = reduced(image, _TRANSPARENCY, nbytes, MOST_PICTURE_BYTES)
        return bool(np.asarray(small.convert("RGBA").getchannel("A")).min() < (1 - OPAQUE) * 255)


def whole_tag(found: os.stat_result) -> str:
    """The tag of a file that is sent whole, or in parts."""
    return f"{found.st_mtime_ns:x}-{found.st_size:x}-whole"


def to_send(file: BinaryIO, name: str, is_known: Callable[[str], bool]) -> Sent | str:
    """What to answer with for an open file; only its tag if the client has it already.

    `is_known` tells whether the client has what has a tag. Raises whatever Pillow raises for a
    damaged file, and ValueError if decoding would take too much memory.
    """
    found = os.fstat(file.fileno())
    tag = whole_tag(found)
    if is_known(tag):
        return tag
    shown = look(file, name)
    if shown.shows == "text":
        file.seek(0)
        return Sent(tag, shown.media_type, file.read(MOST_TEXT))
    if shown.media_type:
        return Sent(tag, shown.media_type, None)
    file.seek(0)
    try:
        opened = open_image(file)
    except ValueError:
        still = moving_picture(file, LARGEST_MOVING)
        if still is None:
            raise
        return Sent(tag, "image/png", _as_png(still, None))
    with opened as image:
        return Sent(tag, "image/png", _picture(image, found.st_size))


def frame_to_send(
    pictures: FramePictures, film: str, number: int, is_known: Callable[[str], bool]
) -> Sent | str:
    """Like `to_send`, of a frame of the film at a real path; raises UnreadableFilm."""
    tag = f"{frame_stamp(film)}-{number:x}-whole"
    if is_known(tag):
        return tag
    return Sent(tag, "image/png", _as_png(pictures.picture(film, number, LARGEST_MOVING), None))


def _own_type(image: Image.Image) -> str:
    """The media type of an image that browsers show upright by themselves; else ""."""
    media_type = _BY_BROWSERS.get(image.format or "", "")
    # Browsers turn a JPEG file by its EXIF data, and nothing by XMP.
    is_turned = media_type == "image/jpeg" and is_turned_by_exif(image)
    return media_type if is_turned or turn_of(image) is None else ""


def _upright_size(image: Image.Image) -> tuple[int, int]:
    height, width, *_ = upright(np.empty((image.height, image.width, 0), np.uint8), image).shape
    return width, height


def _picture(image: Image.Image, nbytes: int) -> bytes:
    """The whole image as PNG, upright; one that is too large is scaled down."""
    profile = image.info.get("icc_profile")
    made = reduced(image, LARGEST_PICTURE, nbytes, MOST_PICTURE_BYTES)
    is_rgb = isinstance(profile, bytes) and profile[16:20] == b"RGB "
    return _as_png(made, profile if is_rgb else None)


def _as_png(picture: Image.Image, profile: bytes | None) -> bytes:
    data = io.BytesIO()
    picture.save(data, "PNG", compress_level=1, icc_profile=profile)
    return data.getvalue()
