"""The metadata of image files: reading it with a source, fitting it to a result."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

from PIL import Image

from ..common.source_metadata import NO_METADATA, SourceMetadata
from . import exif, profiles, xmp

_log = logging.getLogger(__name__)

_OLD_PNG_EXIF = "Raw profile type exif"
"""The text in which programs kept EXIF before PNG had a place for it, in hexadecimal digits."""

_MOST_DOTS = 65_535
"""Per inch: a JPEG file has room for no more."""

_NONE_IN_TIFF = 2.54
"""Per inch: 1 per centimetre, or inch, is what Pillow gives for a TIFF file without any."""

_OF_THE_TIFF_FILE = frozenset(
    {
        *range(0x00FE, 0x0108),
        *(0x010A, 0x0111, 0x0115, 0x0116, 0x0117, 0x011C, 0x011D),
        *(0x0120, 0x0121, 0x0122, 0x0123, 0x0124, 0x0125, 0x012D, 0x013C, 0x013D, 0x0140),
        *range(0x0141, 0x0147),
        *(0x014A, 0x014C, 0x014D, 0x0150, 0x0151, 0x0152, 0x0153, 0x0154, 0x0155, 0x015B),
        *range(0x0200, 0x020A),
        *(0x0211, 0x0212, 0x0213, 0x0214, 0x02BC, 0x83BB, 0x8649, 0x8773, 0x935C),
    }
)
"""Tags that say where and how a TIFF file has its pixels, and other data beside EXIF."""


def metadata_of(image: Image.Image) -> SourceMetadata:
    """What an image, whose pixels have been read, says about itself.

    Its profile is what the file has, and what cannot be read counts as missing.
    """
    info = image.info
    profile = _bytes(info.get("icc_profile"))
    found = SourceMetadata(profile, _exif_of(image), _xmp_of(info), _dots_per_inch(image))
    return NO_METADATA if found == NO_METADATA else found


def _exif_of(image: Image.Image) -> bytes:
    try:
        if image.format == "TIFF":
            found = image.getexif()
            for tag in _OF_THE_TIFF_FILE.intersection(found):
                del found[tag]
            data = found.tobytes() if len(found) else b""
        else:
            data = exif_beside_pixels(image)
    except Exception as error:  # noqa: BLE001 Pillow raises anything for damaged data
        _log.warning("Batch Loop cannot read the EXIF data of an image: %s", error)
        return b""
    return data.removeprefix(exif.PREFIX)


_OF_JFIF: dict[object, float] = {1: 1.0, 2: 2.54}
"""Inches and centimetres, by their numbers in a JPEG file."""


def _dots_per_inch(image: Image.Image) -> float | None:
    info = image.info
    if image.format in {"JPEG", "MPO"}:
        # Pillow's `dpi` may come from the EXIF data, or from nowhere.
        factor, found = _OF_JFIF.get(info.get("jfif_unit")), info.get("jfif_density")
    else:
        factor, found = 1.0, info.get("dpi")
    try:
        if factor is None or not isinstance(found, tuple) or len(set(found)) != 1:
            return None
        dots = float(found[0]) * factor
    except Exception as error:  # noqa: BLE001 a damaged file has text or anything else for it
        _log.warning("Batch Loop cannot read the resolution of an image: %s", error)
        return None
    return dots if _NONE_IN_TIFF < dots <= _MOST_DOTS else None


def exif_beside_pixels(image: Image.Image) -> bytes:
    """The EXIF data of any file but TIFF, from its byte order on; raises ValueError if damaged."""
    data = _bytes(image.info.get("exif")) or _old_png_exif(image)
    return data.removeprefix(exif.PREFIX)


def _old_png_exif(image: Image.Image) -> bytes:
    text = image.info.get(_OLD_PNG_EXIF)
    if not isinstance(text, str):
        return b""
    digits = "".join(text.split("\n")[3:])
    return int(digits, 16).to_bytes(len(digits) // 2, "big")


def _xmp_of(info: dict[str | tuple[int, int], object]) -> bytes:
    found = info.get("xmp") or info.get("XML:com.adobe.xmp")
    return found.encode() if isinstance(found, str) else _bytes(found)


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else b""


@dataclass(frozen=True)
class ResultMetadata:
    """The metadata of a result, each part as its file takes it; empty where there is none."""

    profile: bytes = field(default=b"", repr=False)
    exif: bytes = field(default=b"", repr=False)
    xmp: bytes = field(default=b"", repr=False)
    dots_per_inch: float | None = None


def fitted(
    source: SourceMetadata, texts: Mapping[str, str], *, size: tuple[int, int], channels: int
) -> ResultMetadata:
    """The metadata of a result, from that of its source.

    `texts` become entries of the EXIF data, and `size` is (width, height).
    """
    profile = profiles.for_channels(source.profile, channels) if source.profile else b""
    try:
        data = exif.edited(source.exif, texts, size)
    except exif.DamagedExif as error:
        _log.warning("Batch Loop leaves damaged EXIF data of a source out of its result: %s", error)
        data = exif.edited(b"", texts)
    return ResultMetadata(profile, data, _fitted_xmp(source.xmp, size), source.dots_per_inch)


def _fitted_xmp(data: bytes, size: tuple[int, int]) -> bytes:
    if len(data) > xmp.LARGEST:
        _log.warning(
            "Batch Loop leaves the XMP data of a source out of its result: it has %s bytes, and "
            "%s are the most that are edited.",
            f"{len(data):,}",
            f"{xmp.LARGEST:,}",
        )
        return b""
    return xmp.edited(data, size)
