"""How Pillow is to write JPEG files, and what they have room for."""

from __future__ import annotations

import logging
import struct
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ...common.source_metadata import SourceMetadata
from .. import exif
from ..effort import Effort
from ..metadata import ResultMetadata, fitted

_log = logging.getLogger(__name__)

_EFFORTS: Mapping[Effort, Mapping[str, object]] = {
    Effort.FAST: {},
    Effort.MIDDLE: {"optimize": True},
    Effort.SMALL: {"progressive": True},  # which is optimized, too
}
_LARGEST_PART = 65533  # bytes that fit into one marker of a JPEG file
_LARGEST_PROFILE = 255 * (_LARGEST_PART - 14)  # in as many markers, each with a head
_ROOM_FOR_LENGTH = 2
_XMP_HEADER = b"http://ns.adobe.com/xap/1.0/\0"
_TOO_LARGE = (
    "Batch Loop leaves the %s out of a JPEG file: it is larger than the %s that JPEG has room "
    "for. Save as PNG or WebP to keep it."
)


def ways(quality: int, kept: ResultMetadata, effort: Effort) -> list[dict[str, Any]]:
    """Options of Pillow's `save`, and those for what has no room in them.

    Pillow optimizes a JPEG file in one buffer of a size that it guesses: what is full of noise may
    have no room in it, and only the lowest effort needs none.
    """
    common = {
        "quality": quality,
        "exif": exif.PREFIX + kept.exif if kept.exif else b"",
        "icc_profile": kept.profile or None,
        "extra": _part(_XMP_HEADER + kept.xmp) if kept.xmp else b"",
    }
    efforts = [effort, Effort.FAST] if effort > Effort.FAST else [effort]
    return [{**_EFFORTS[each], **common} for each in efforts]


def _part(content: bytes) -> bytes:
    """An APP1 segment of a JPEG file."""
    return b"\xff\xe1" + struct.pack(">H", 2 + len(content)) + content


def fitting(source: SourceMetadata, texts: dict[str, str]) -> tuple[SourceMetadata, dict[str, str]]:
    """What a JPEG file has room for: 64 KB for EXIF, the texts included, and as much for XMP.

    What the photographer has noted comes first.
    """
    room = _LARGEST_PART - len(exif.PREFIX)

    def is_too_much(texts: Mapping[str, str]) -> bool:
        only_exif = SourceMetadata(exif=source.exif)
        return len(fitted(only_exif, texts, size=(1, 1), channels=3).exif) > room

    if is_too_much({}):
        _log.warning(_TOO_LARGE, "source's EXIF data", "64 KB")
        source = replace(source, exif=b"")
    if len(_XMP_HEADER) + len(source.xmp) > _LARGEST_PART - _ROOM_FOR_LENGTH:
        _log.warning(_TOO_LARGE, "source's XMP data", "64 KB")
        source = replace(source, xmp=b"")
    if len(source.profile) > _LARGEST_PROFILE:
        _log.warning(_TOO_LARGE, "source's colour profile", "16 MB")
        source = replace(source, profile=b"")
    texts = dict(texts)
    while texts and is_too_much(texts):
        largest = max(texts, key=lambda key: len(texts[key]))
        del texts[largest]
        _log.warning(_TOO_LARGE, largest, "64 KB")
    return source, texts
