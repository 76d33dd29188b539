"""Writing PNG files, with what is to be known of the image in chunks before the pixels."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Mapping

from PIL import PngImagePlugin

from ..effort import Effort
from ..metadata import fitted
from ..pixels import to_uint8, to_uint16
from ..png.encode import encode_rows
from .picture import Picture

_METRES_PER_INCH = 0.0254
_XMP_KEY = "XML:com.adobe.xmp"


def as_png(picture: Picture, metadata: Mapping[str, object], bits: int, effort: Effort) -> bytes:
    """A PNG file of 8 or 16 bits a channel."""
    # Pillow knows which type of chunk a text needs and how to encode it.
    texts = PngImagePlugin.PngInfo()
    for key, value in metadata.items():
        texts.add_text(key, json.dumps(value))
    picture = picture.here()  # once, rather than for each band
    (width, height), channels = picture.size, picture.channels
    kept = fitted(picture.source, {}, size=picture.size, channels=channels)
    if kept.xmp:
        texts.add_itxt(_XMP_KEY, kept.xmp.decode("utf-8", "replace"))
    chunks = [(chunk[0], chunk[1]) for chunk in texts.chunks]
    if kept.dots_per_inch:
        dots = max(1, round(kept.dots_per_inch / _METRES_PER_INCH))
        chunks.insert(0, (b"pHYs", struct.pack(">IIB", dots, dots, 1)))
    if kept.exif:
        chunks.insert(0, (b"eXIf", kept.exif))
    if kept.profile:
        chunks.insert(0, (b"iCCP", b"ICC Profile\0\0" + zlib.compress(kept.profile)))
    convert = to_uint16 if bits == 16 else to_uint8  # noqa: PLR2004
    return encode_rows(
        (height, width, channels),
        lambda rows, columns: picture.pixels(convert, rows, columns),
        bits=bits,
        chunks=chunks,
        effort=effort,
    )
