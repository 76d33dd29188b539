"""How Pillow is to write WebP files, and what is changed of them afterwards."""

from __future__ import annotations

import struct
from typing import Any

from .. import exif
from ..effort import Effort
from ..metadata import ResultMetadata

_LOSSLESS_QUALITY = 100
_LOSSLESS = {
    Effort.FAST: {"method": 0, "quality": 20},  # lossless, Pillow's quality means effort
    Effort.MIDDLE: {"method": 2, "quality": 20},
    Effort.SMALL: {"method": 4, "quality": 50},  # 100 takes twice as long
}
_LOSSY = {Effort.FAST: 0, Effort.MIDDLE: 1, Effort.SMALL: 4}
"""WebP's `method`; 2 is smaller than 1, and as much worse."""
_METHODS_FOR_LARGE = (2, 4)
"""Those that are left where a method has found no room for its choices, see `_methods`."""
_LARGE = 14_000_000
"""Pixels from which the lower methods may find no room."""


def ways(
    quality: int, kept: ResultMetadata, effort: Effort, size: tuple[int, int]
) -> list[dict[str, Any]]:
    """Options of Pillow's `save`, and those for what has no room in them."""
    common: dict[str, Any] = {
        "exif": exif.PREFIX + kept.exif if kept.exif else b"",
        "icc_profile": kept.profile or None,
        "xmp": kept.xmp,
    }
    if quality >= _LOSSLESS_QUALITY:
        # exact: otherwise the colours of transparent pixels would be lost.
        common |= {"lossless": True, "exact": True}
        return [{**_LOSSLESS[Effort(each)], **common} for each in range(effort, -1, -1)]
    return [
        {"quality": quality, "method": method, "lossless": False, "exact": False, **common}
        for method in _methods(_LOSSY[effort], size)
    ]


def _methods(first: int, size: tuple[int, int]) -> list[int]:
    """The methods from `first` on that can be expected to have room for a lossy WebP file.

    It has 512 KB for what was chosen for each of its blocks, and the lower methods make more
    choices: a photograph of 18 megapixels, full of detail, had no room for those of 0 and 1.
    """
    if size[0] * size[1] > _LARGE and first < _METHODS_FOR_LARGE[0]:
        return list(_METHODS_FOR_LARGE)
    return [first, *(each for each in _METHODS_FOR_LARGE if each > first)]


def with_even_chunks(webp: bytes) -> bytes:
    """Make the length of every chunk in a WebP file even, by counting its padding byte.

    ComfyUI's page (until about 1.40) does not expect padding after odd chunks, and so misses the
    EXIF data. Decoders ignore the extra byte.
    """
    data = bytearray(webp)
    position = 12  # after "RIFF", the length and "WEBP"
    while position + 8 <= len(data):
        (length,) = struct.unpack_from("<I", data, position + 4)
        if data[position : position + 4] != b"XMP ":  # text, which comes after the EXIF data
            struct.pack_into("<I", data, position + 4, length + length % 2)
        position += 8 + length + length % 2
    return bytes(data)
