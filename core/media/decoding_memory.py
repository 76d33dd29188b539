"""How much memory Pillow takes to decode an image, told from its header.

The figures were measured, as `tests/unit/media/test_thumbnail_memory.py` does it.
"""

from __future__ import annotations

import math
from typing import Any

_ONE_BYTE = frozenset({"1", "L", "P"})
"""Modes whose pixels Pillow keeps in a byte; those of 16 bits take two, all others four."""

_PER_PIXEL = {"WEBP": 16, "AVIF": 12, "JPEG2000": 20, "QOI": 12}
"""Bytes a pixel of the formats that are decoded at once, and whose file is read at once."""

_BY_PYTHON = frozenset({"ppm", "ppm_plain", "bmp_rle"})
"""What Pillow calls the decoders that gather all pixels in Python first."""

# What TIFF calls its fields.
_BITS, _ORIENTATION, _ROWS, _PLANES, _TILE_WIDTH, _TILE_HEIGHT = 258, 274, 278, 284, 322, 323


def bytes_to_decode(image: Any, whole: tuple[int, int], file_bytes: int) -> int:
    """About how many bytes `image.load()` takes at the most.

    `whole` is the size before a `draft` that made it smaller, `file_bytes` that of the file.
    """
    pixels: int = image.width * image.height
    kept = pixels * _bytes_of(image.mode)
    if image.format in _PER_PIXEL:
        return pixels * _PER_PIXEL[image.format] + file_bytes
    if image.format in {"JPEG", "MPO"}:
        return kept + (0 if _has_one_scan(image) else _coefficients(image, whole))
    decoder = image.tile[0][0] if image.tile else ""
    if image.format == "TIFF":
        # What is turned is there twice.
        turned = kept if _tag(image, _ORIENTATION, 1) != 1 else 0
        # The system shows the file as memory.
        return kept + turned + (_largest_part(image) + file_bytes if decoder == "libtiff" else 0)
    if decoder in _BY_PYTHON:
        return 3 * max(kept, 4 * pixels)
    # A second one is made to lay frames over each other (GIF), or to turn it round (TGA).
    is_copied = image.format == "GIF" or getattr(image, "_flip_horizontally", False)
    return kept * (2 if is_copied else 1)


def _bytes_of(mode: str) -> int:
    if mode in _ONE_BYTE:
        return 1
    return 2 if mode.startswith("I;16") else 4


def _has_one_scan(image: Any) -> bool:
    """Whether a JPEG file, read up to its first scan, has all that it shows in that one.

    Otherwise all of it is kept, at its whole size, until the last scan.
    """
    if image.info.get("progressive"):
        return False
    components = len(image.layer)
    length = 6 + 2 * components
    here = image.fp.tell()
    if here < length:  # one of several images has been chosen since, which begins anew
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
    """Bytes of a TIFF file's strip or tile."""
    samples: tuple[int, ...] = _tag(image, _BITS, (1,))
    is_by_colour = _tag(image, _PLANES, 1) == 2  # noqa: PLR2004 - what TIFF calls it
    bits = max(samples) if is_by_colour else sum(samples)
    width: int = _tag(image, _TILE_WIDTH, image.width)
    rows: int = _tag(image, _ROWS, image.height)
    height: int = _tag(image, _TILE_HEIGHT, min(rows, image.height))
    return width * height * bits // 8


def _tag(image: Any, number: int, default: Any) -> Any:
    return image.tag_v2.get(number, default)
