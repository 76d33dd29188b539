"""Photographs with what cameras and editors put into their files: profile, EXIF, XMP."""

from __future__ import annotations

import io
import struct
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

Pixels = npt.NDArray[np.uint8]

CAMERA, MODEL, AUTHOR = "Kamera AG", "K-1", "Ada"
MAKER_NOTE = b"MAKER\0" + bytes(range(200))

XMP = b"""<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF>
<rdf:Description xmp:Rating="4" tiff:Orientation="6" exif:PixelXDimension="40"
 xmpNote:HasExtendedXMP="0123" GCamera:MotionPhoto="1" dc:subject="caf\xc3\xa9">
<tiff:Orientation>6</tiff:Orientation>
<xmp:Thumbnails><rdf:Alt><rdf:li>thumbnail</rdf:li></rdf:Alt></xmp:Thumbnails>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""

_D50 = (0.9642, 1.0, 0.8249)


def colours(width: int = 160, height: int = 96) -> Pixels:
    """Soft colours, all of them different: [H,W,3]."""
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    stack = np.stack([x, y, (1 - x) * (1 - y / 2)], axis=2)
    return np.asarray(30 + 200 * stack, dtype=np.uint8)


def display_p3() -> bytes:
    """The profile of Display P3: sRGB's tone curve, and more vivid primaries."""
    return _profile(
        b"mntr",
        b"RGB ",
        {
            b"rXYZ": _xyz(0.51512, 0.24120, -0.00105),
            b"gXYZ": _xyz(0.29198, 0.69225, 0.04189),
            b"bXYZ": _xyz(0.15710, 0.06657, 0.78407),
            **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), _srgb_curve()),
        },
    )


def grey_gamma_18() -> bytes:
    """A grey profile whose middle grey is lighter than sRGB's."""
    return _profile(b"mntr", b"GRAY", {b"kTRC": _gamma(1.8)})


def inks() -> bytes:
    """A CMYK profile of dull inks, such as those of newspapers."""
    grid = [_lab(*_of_inks(*corner)) for corner in product((0.0, 1.0), repeat=4)]
    line = bytes(range(256))
    table = struct.pack(">4s4x4B", b"mft1", 4, 3, 2, 0)
    table += struct.pack(">9i", *(65536 if place % 4 == 0 else 0 for place in range(9)))
    table += 4 * line + b"".join(grid) + 3 * line
    return _profile(b"prtr", b"CMYK", {b"A2B0": table}, connection=b"Lab ")


def _of_inks(c: float, m: float, y: float, k: float) -> tuple[float, float, float]:
    """What remains of each of red, green and blue light."""
    return (
        (1 - 0.8 * c) * (1 - 0.05 * m) * (1 - 0.9 * k),
        (1 - 0.3 * c) * (1 - 0.8 * m) * (1 - 0.9 * k),
        (1 - 0.1 * c) * (1 - 0.2 * m) * (1 - 0.8 * y) * (1 - 0.9 * k),
    )


def _lab(red: float, green: float, blue: float) -> bytes:
    """The colour of linear light in CIE Lab, eight bits each."""
    primaries = ((0.436, 0.385, 0.143), (0.222, 0.717, 0.061), (0.014, 0.097, 0.714))
    xyz = [r * red + g * green + b * blue for r, g, b in primaries]
    x, y, z = ((value / white) ** (1 / 3) for value, white in zip(xyz, _D50, strict=True))
    lab = (116 * y - 16) * 2.55, 500 * (x - y) + 128, 200 * (y - z) + 128
    return bytes(round(min(255, max(0, value))) for value in lab)


def _gamma(value: float) -> bytes:
    return struct.pack(">4s4xIH", b"curv", 1, round(value * 256))


def _srgb_curve() -> bytes:
    numbers = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    return struct.pack(">4s4xH2x5i", b"para", 3, *(round(number * 65536) for number in numbers))


def _xyz(*values: float) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in values))


def _profile(
    kind: bytes, space: bytes, tags: dict[bytes, bytes], connection: bytes = b"XYZ "
) -> bytes:
    text = b"A profile for tests\0"
    description = b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + bytes(78)
    tags = {b"desc": description, b"cprt": b"text\0\0\0\0none\0", b"wtpt": _xyz(*_D50), **tags}
    table, data = struct.pack(">I", len(tags)), b""
    for tag, content in tags.items():
        padded = content + bytes(-len(content) % 4)
        table += struct.pack(">4sII", tag, 132 + 12 * len(tags) + len(data), len(content))
        data += padded
    header = struct.pack(">I4xI4s4s4s12x4s", 0, 0x04200000, kind, space, connection, b"acsp")
    header += bytes(68 - len(header)) + struct.pack(">3i", *(round(v * 65536) for v in _D50))
    whole = header + bytes(128 - len(header)) + table + data
    return struct.pack(">I", len(whole)) + whole[4:]


def exif(*, orientation: int = 6, endian: str = "<") -> bytes:
    """EXIF as a camera writes it: with a place, a maker's note, and a thumbnail."""
    made = Image.Exif()
    made.endian = endian
    made[0x010F], made[0x0110], made[0x013B] = CAMERA, MODEL, AUTHOR
    made[0x0112] = orientation
    own = made.get_ifd(0x8769)
    own[0xA002], own[0xA003], own[0x927C] = 40, 24, MAKER_NOTE
    own[0x9003] = "2026:05:01 12:00:00"
    place = made.get_ifd(0x8825)
    place[1], place[2] = "N", (48.0, 8.0, 0.0)
    data = bytearray(made.tobytes()[6:])
    _add_thumbnail(data, endian)
    return bytes(data)


THUMBNAIL = b"\xff\xd8 what was cut away \xff\xd9"


def _add_thumbnail(data: bytearray, endian: str) -> None:
    (folder,) = struct.unpack_from(endian + "I", data, 4)
    (count,) = struct.unpack_from(endian + "H", data, folder)
    struct.pack_into(endian + "I", data, folder + 2 + 12 * count, len(data))
    start = len(data) + 2 + 2 * 12 + 4
    data += struct.pack(endian + "H", 2)
    data += struct.pack(endian + "HHII", 0x0201, 4, 1, start)
    data += struct.pack(endian + "HHII", 0x0202, 4, 1, len(THUMBNAIL))
    data += bytes(4) + THUMBNAIL


def saved(image: Image.Image, format_: str, **options: Any) -> bytes:
    """An image file."""
    file = io.BytesIO()
    image.save(file, format_, **options)
    return file.getvalue()


def photograph(format_: str = "JPEG", **options: Any) -> bytes:
    """A photograph, in Display P3 unless told otherwise, lying on its side."""
    given = {"icc_profile": display_p3(), "exif": b"Exif\0\0" + exif(), "xmp": XMP}
    if format_ == "JPEG":
        given |= {"quality": 100, "subsampling": 0}
    if format_ == "WEBP":
        given |= {"lossless": True, "exact": True}
    if format_ == "PNG":
        given.pop("xmp")
    return saved(Image.fromarray(colours()), format_, **{**given, **options})


def shown(data: bytes) -> Pixels:
    """What a screen in sRGB shows of an image file, upright or not: [H,W,3]."""
    image: Image.Image = Image.open(io.BytesIO(data))
    image.load()
    profile = image.info.get("icc_profile")
    if image.mode == "RGBA":
        image = image.convert("RGB")
    if profile is None:
        return np.asarray(image.convert("RGB"))
    if image.mode == "I;16":
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    converted = ImageCms.profileToProfile(
        image,
        ImageCms.ImageCmsProfile(io.BytesIO(profile)),
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="RGB",
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    assert converted is not None
    return np.asarray(converted)
