"""How Pillow is to write TIFF files."""

from __future__ import annotations

from typing import Any

from PIL import Image

from .. import exif
from ..effort import Effort
from ..metadata import ResultMetadata

_COMPRESSION = {
    Effort.FAST: "tiff_lzw",
    Effort.MIDDLE: "tiff_lzw",
    Effort.SMALL: "tiff_adobe_deflate",
}
_PREDICTOR, _DIFFERENCES = 317, 2  # between neighbours: a photograph is half as large


def ways(kept: ResultMetadata, effort: Effort) -> list[dict[str, Any]]:
    """Options of Pillow's `save`, and those of lower efforts."""
    tags = Image.Exif()
    tags.load(exif.PREFIX + kept.exif if kept.exif else b"")
    tags[_PREDICTOR] = _DIFFERENCES
    common = {"exif": tags, "icc_profile": kept.profile or None}
    compressions = dict.fromkeys(_COMPRESSION[Effort(each)] for each in range(effort, -1, -1))
    return [{"compression": each, **common} for each in compressions]
