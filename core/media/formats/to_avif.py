"""How Pillow is to write AVIF files, and which images it cannot write."""

from __future__ import annotations

from typing import Any

from ...common.workers import worker_count
from ...model.formats import (
    LARGEST_AVIF,
    LARGEST_AVIF_SIDE,
    NO_AVIF,
    can_write_avif,
    fits_into_avif,
)
from .. import exif
from ..effort import Effort
from ..metadata import ResultMetadata

_SPEED = {Effort.FAST: 10, Effort.MIDDLE: 8, Effort.SMALL: 6}
_BEST = 100


def reason_against(size: tuple[int, int]) -> str:
    """Why an image of this width and height cannot be saved; "" if it can."""
    if not can_write_avif():
        return NO_AVIF
    return "" if fits_into_avif(*size) else _too_large(size)


def ways(quality: int, kept: ResultMetadata, effort: Effort) -> list[dict[str, Any]]:
    """Options of Pillow's `save`, and those of lower efforts."""
    common = {
        "quality": quality,
        "subsampling": "4:4:4" if quality >= _BEST else "4:2:0",
        "max_threads": worker_count(),
        "exif": exif.without_orientation(kept.exif),
        "icc_profile": kept.profile or None,
        "xmp": kept.xmp,
    }
    return [{"speed": _SPEED[Effort(each)], **common} for each in range(effort, -1, -1)]


def _too_large(size: tuple[int, int]) -> str:
    return (
        f"Cannot save an image of {size[0]}x{size[1]} pixels as AVIF: {LARGEST_AVIF_SIDE} pixels "
        f"on a side, and {LARGEST_AVIF} altogether, are the most that programs open. Save it as "
        "PNG, or make it smaller."
    )
