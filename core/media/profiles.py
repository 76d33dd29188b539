"""Colour profiles: which one a result's pixels are in."""

# Names and numbers follow the ICC specification, https://www.color.org/specification/ICC.1-2022-05.pdf

from __future__ import annotations

import functools
import io
import logging
import struct
from collections.abc import Collection

from PIL import Image, ImageCms

_log = logging.getLogger(__name__)

_HEADER = 128
_COUNT, _ENTRY = struct.Struct(">I"), struct.Struct(">4sII")
_SPACE, _CONNECTION, _MARK = slice(16, 20), slice(20, 24), slice(36, 40)
_CLASS = slice(12, 16)
_WHITE = (0.9642, 1.0, 0.8249)
_SRGB_PRIMARIES = {
    b"rXYZ": (0.43607, 0.22249, 0.01392),
    b"gXYZ": (0.38515, 0.71687, 0.09708),
    b"bXYZ": (0.14307, 0.06061, 0.7141),
}

_CURVES: tuple[bytes, ...] = (b"rTRC", b"gTRC", b"bTRC")


def in_srgb(image: Image.Image, profile: bytes) -> Image.Image | None:
    """An image of any mode as RGB in sRGB, by its profile; None if that cannot be used."""
    try:
        return ImageCms.profileToProfile(
            image,
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    # ImportError: a Pillow that was built without LittleCMS; AttributeError: an old one.
    except (ImageCms.PyCMSError, ImportError, AttributeError, OSError, ValueError) as error:
        _log.warning("Batch Loop passes over a colour profile that cannot be used: %s", error)
        return None


def space_of(profile: bytes) -> str:
    """The colour space of a profile's pixels, such as RGB, GRAY or CMYK; "" if it is not one."""
    if len(profile) < _HEADER or profile[_MARK] != b"acsp":
        return ""
    return profile[_SPACE].decode("latin-1").strip()


def for_channels(profile: bytes, channels: int) -> bytes:
    """The profile for a result with a number of channels; b"" if it cannot have one.

    Only its colours are meant: grey remains the same grey in a result with three channels.
    """
    space = space_of(profile)
    if channels <= 2:  # noqa: PLR2004 - grey, and grey with alpha
        return profile if space == "GRAY" else b""
    if space == "GRAY":
        return _rgb_of_grey(profile)
    return profile if space == "RGB" else b""


@functools.lru_cache(maxsize=8)
def _rgb_of_grey(profile: bytes) -> bytes:
    """An RGB profile in which equal red, green and blue are the grey of a grey profile.

    Its tone curve for all three, and sRGB's primaries, which add up to white.
    """
    made = _tags(profile, {b"desc", b"cprt", b"kTRC"})
    curve = made.pop(b"kTRC", b"")
    if not curve or profile[_CONNECTION] != b"XYZ ":
        _log.warning("Batch Loop passes over a grey profile without a tone curve.")
        return b""
    made |= {tag: _xyz(values) for tag, values in {b"wtpt": _WHITE, **_SRGB_PRIMARIES}.items()}
    made |= dict.fromkeys(_CURVES, curve)
    header = bytearray(profile[:_HEADER])
    header[_CLASS], header[_SPACE] = b"mntr", b"RGB "
    header[84:100] = bytes(16)  # a checksum of the grey one
    return _assembled(bytes(header), made)


def _tags(profile: bytes, wanted: Collection[bytes]) -> dict[bytes, bytes]:
    """The contents of the wanted tags, each from its first entry; those outside are passed over."""
    table = profile[_HEADER:]
    found: dict[bytes, bytes] = {}
    if len(table) < _COUNT.size:
        return found
    count = min(_COUNT.unpack_from(table)[0], (len(table) - _COUNT.size) // _ENTRY.size)
    end = _COUNT.size + count * _ENTRY.size
    for tag, offset, size in _ENTRY.iter_unpack(table[_COUNT.size : end]):
        if tag in wanted and tag not in found and offset + size <= len(profile):
            found[tag] = profile[offset : offset + size]
            if len(found) == len(wanted):
                break
    return found


def _xyz(values: tuple[float, float, float]) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in values))


def _assembled(header: bytes, tags: dict[bytes, bytes]) -> bytes:
    table, data = bytearray(struct.pack(">I", len(tags))), bytearray()
    start = _HEADER + 4 + 12 * len(tags)
    places: dict[bytes, int] = {}
    for tag, content in tags.items():
        if content not in places:
            places[content] = start + len(data)
            data += content + bytes(-len(content) % 4)
        table += struct.pack(">4sII", tag, places[content], len(content))
    size = start + len(data)
    return struct.pack(">I", size) + header[4:] + bytes(table) + bytes(data)
