"""Editing XMP data, as far as it describes the file rather than the photograph."""

from __future__ import annotations

import re

_ORIENTATION = rb"""(tiff:Orientation\s*(?:=\s*["']|>\s*))[0-9]+"""

_SIZES = (
    (rb"""((?:tiff:ImageWidth|exif:PixelXDimension)\s*(?:=\s*["']|>\s*))[0-9]+""", 0),
    (rb"""((?:tiff:ImageLength|exif:PixelYDimension)\s*(?:=\s*["']|>\s*))[0-9]+""", 1),
)

_FIELDS_OF_THE_FILE = (
    "xmpNote:HasExtendedXMP",
    r"GCamera:(?:MotionPhoto|MicroVideo)\w*",
    r"hdrgm:\w+",
)
"""What tells of more in the source's file: more XMP, a video, a second image that brightens it."""

_ONLY_OF_THE_FILE = "|".join(_FIELDS_OF_THE_FILE)
_ATTRIBUTES = rf"""\s(?:{_ONLY_OF_THE_FILE})\s*=\s*(?:"[^"]*"|'[^']*')""".encode()
_NAMES = f"{_ONLY_OF_THE_FILE}|xmp:Thumbnails|Container:Directory"
_ELEMENTS = rf"<({_NAMES})(?:\s[^>]*)?(?:/>|>.*?</\1\s*>)".encode()
"""Elements with the same meaning, thumbnails, and the list of a file's further images."""


def edited(xmp: bytes, size: tuple[int, int]) -> bytes:
    """XMP data for an upright result of (width, height), from that of its source."""
    xmp = re.sub(_ELEMENTS, b"", re.sub(_ATTRIBUTES, b"", xmp), flags=re.DOTALL)
    xmp = re.sub(_ORIENTATION, rb"\g<1>1", xmp)
    for pattern, place in _SIZES:
        xmp = re.sub(pattern, rb"\g<1>" + str(size[place]).encode(), xmp)
    return xmp
