"""How much memory Pillow needs to decode an image, estimated from its header.

The figures were measured as in `tests/unit/pictures/test_thumbnail_memory.py`.
"""

from __future__ import annotations

import math
from typing import Any

_ONE_BYTE = frozenset({"1", "L", "P"})
"""Modes with one byte per pixel in Pillow; 16-bit modes have two, all others four."""

_PER_PIXEL = {"WEBP": 16, "AVIF": 12, "JPEG2000": 20, "QOI": 12}
"""Bytes per pixel for formats whose whole file is read and decoded at once."""

_BY_PYTHON = frozenset({"ppm", "ppm_plain", "bmp_rle"})
"""Pillow's names for decoders that first collect all pixels in Python."""

# TIFF tag numbers.
_BITS, _ORIENTATION, _ROWS, _PLANES, _TILE_WIDTH, _TILE_HEIGHT = 258, 274, 278, 284, 322, 323


def bytes_to_decode(image: Any, whole: tuple[int, int], file_bytes: int) -> int:
    """Estimate the peak memory of `image.load()`, in bytes.

    `whole` is the size in pixels before `draft` reduced it; `file_bytes` is the file's size.
    """
    pixels: int = image.width * image.height
    kept = pixels * _bytes_of(image.mode)
    if image.format in _PER_PIXEL:
        return pixels * _PER_PIXEL[image.format] + file_bytes
    if image.format in {"JPEG", "MPO"}:
        return kept + (0 if _has_one_scan(image) else _coefficients(image, whole))
    decoder = image.tile[0][0] if image.tile else ""
    if image.format == "TIFF":
        # Turning an image makes a second copy.
        turned = kept if _tag(image, _ORIENTATION, 1) != 1 else 0
        # libtiff maps the file into memory.
        return kept + turned + (_largest_part(image) + file_bytes if decoder == "libtiff" else 0)
    if decoder in _BY_PYTHON:
        return 3 * max(kept, 4 * pixels)
    # Pillow makes a copy to compose frames (GIF) or to mirror the image (TGA).
    is_copied = image.format == "GIF" or getattr(image, "_flip_horizontally", False)
    return kept * (2 if is_copied else 1)


def _bytes_of(mode: str) -> int:
    if mode in _ONE_BYTE:
        return 1
    return 2 if mode.startswith("I;16") else 4


def _has_one_scan(image: Any) -> bool:
    """Whether a JPEG file, read up to its first scan, has all components in that scan.

    Otherwise the decoder keeps the coefficients of the full-size image until the last scan.
    """
    if image.info.get("progressive"):
        return False
    components = len(image.layer)
    length = 6 + 2 * components
    here = image.fp.tell()
    if here < length:  # another image of the file is selected, and its header has not been read
        return False
    image.fp.seek(here - length)
    header: bytes = image.fp.read(3)
    image.fp.seek(here)
    return header == bytes((0, length, components))


def _coefficients(image: Any, whole: tuple[int, int]) -> int:
    sampled = [(across, down) for _, across, down, _ in image.layer]
    most = max(across for across, _ in sampled) * max(down for _, down in sampled)
    share: float = sum(across * down for across, down in sampled) / most
    return math.ceil(2 * share * whole[0] * whole[1])


def _largest_part(image: Any) -> int:
    """Size of a TIFF file's largest strip or tile, in bytes."""
    samples: tuple[int, ...] = _tag(image, _BITS, (1,))
    is_by_colour = _tag(image, _PLANES, 1) == 2  # noqa: PLR2004 - TIFF's number for it
    bits = max(samples) if is_by_colour else sum(samples)
    width: int = _tag(image, _TILE_WIDTH, image.width)
    rows: int = _tag(image, _ROWS, image.height)
    height: int = _tag(image, _TILE_HEIGHT, min(rows, image.height))
    return width * height * bits // 8


def _tag(image: Any, number: int, default: Any) -> Any:
    return image.tag_v2.get(number, default)
