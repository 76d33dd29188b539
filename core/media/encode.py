"""Encoding image tensors to image files."""

from __future__ import annotations

import io
import json
import logging
import os
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy.typing as npt
import torch
from PIL import Image, PngImagePlugin

from ..common.errors import UnwritableImage
from ..common.source_metadata import NO_METADATA, SourceMetadata
from ..model.formats import (
    LARGEST_AVIF,
    LARGEST_AVIF_SIDE,
    NO_AVIF,
    WITHOUT_ALPHA,
    Format,
    can_write_avif,
    fits_into_avif,
)
from . import exif, png, profiles
from .alpha import Convert, joined, split
from .effort import Effort
from .metadata import ResultMetadata, fitted
from .pixels import to_uint8, to_uint16

_log = logging.getLogger(__name__)


_CHANNELS = {1, 3, 4}  # grey, RGB, RGBA

_LOSSLESS_WEBP_QUALITY = 100
_LOSSLESS_WEBP = {
    Effort.FAST: {"method": 0, "quality": 20},  # lossless, Pillow's quality means effort
    Effort.MIDDLE: {"method": 2, "quality": 20},
    Effort.SMALL: {"method": 4, "quality": 50},  # 100 takes twice as long
}
_LOSSY_WEBP = {Effort.FAST: 0, Effort.MIDDLE: 1, Effort.SMALL: 4}
"""WebP's `method`; 2 is smaller than 1, and as much worse."""
_METHODS_FOR_LARGE = (2, 4)
"""Those that are left where a method has found no room for its choices, see `_webp_methods`."""
_LARGE_WEBP = 14_000_000
"""Pixels from which the lower methods may find no room."""
_JPEG: Mapping[Effort, Mapping[str, object]] = {
    Effort.FAST: {},
    Effort.MIDDLE: {"optimize": True},
    Effort.SMALL: {"progressive": True},  # which is optimized, too
}
_TIFF: Mapping[Effort, Mapping[str, object]] = {
    Effort.FAST: {"compression": "tiff_lzw"},
    Effort.MIDDLE: {"compression": "tiff_lzw"},
    Effort.SMALL: {"compression": "tiff_adobe_deflate"},
}
_TIFF_PREDICTOR, _DIFFERENCES = 317, 2  # between neighbours: a photograph is half as large
_AVIF_SPEED = {Effort.FAST: 10, Effort.MIDDLE: 8, Effort.SMALL: 6}
_BEST = 100
_MOST_THREADS = 4
_LARGEST_JPEG_PART = 65533  # bytes that fit into one marker of a JPEG file
_LARGEST_JPEG_PROFILE = 255 * (_LARGEST_JPEG_PART - 14)  # in as many markers, each with a head
_ROOM_FOR_LENGTH = 2
_JPEG_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_METRES_PER_INCH = 0.0254
_PNG_XMP = "XML:com.adobe.xmp"
_TOO_LARGE = (
    "Batch Loop leaves the %s out of a JPEG file: it is larger than the %s that JPEG has room "
    "for. Save as PNG or WebP to keep it."
)


def encode(  # noqa: PLR0913 - all that goes into a file
    image: torch.Tensor,
    *,
    format: Format,  # noqa: A002 - the word users see
    quality: int,
    metadata: Mapping[str, object] | None,
    source: SourceMetadata = NO_METADATA,
    mask: torch.Tensor | None = None,
    effort: Effort = Effort.FAST,
) -> bytes:
    """Encode an image; `Format` says what is kept in each format.

    Args:
        image: [H,W,C], float 0 to 1, with one channel (grey), three (RGB) or four (RGBA).
        format: any but `SOURCE`.
        quality: 1 to 100, for the lossy formats.
        metadata: what to embed, such as the prompt and the workflow. That happens in the same way
        as in ComfyUI, so that the workflow opens when the image is dropped onto the page.
        source: what to keep of the source's metadata. Its profile says which colours the pixels
        are; a BMP file has none, so its pixels are converted to sRGB.
        mask: [h,w], float 0 to 1: where it is 1 the result is transparent.
        effort: how hard to try to make the file small.

    Raises `UnwritableImage` if an image of this shape cannot be saved, or not in this format.
    """
    if image.ndim != 3 or image.shape[2] not in _CHANNELS or 0 in image.shape:  # noqa: PLR2004
        msg = (
            f"Cannot save an image of shape {tuple(image.shape)}: it must have height, width and "
            "one (grey), three (RGB) or four (RGBA) channels. Connect the output of a node that "
            "makes images."
        )
        raise UnwritableImage(msg)
    image, alpha = split(image, mask)
    if format in WITHOUT_ALPHA:
        if alpha is not None:
            raise UnwritableImage(no_room_for_mask(format))
        image = image[:, :, :3]
    picture = _Picture(image, alpha, source)
    try:
        if format in {Format.PNG, Format.PNG_16}:
            return _as_png(picture, metadata or {}, 16 if format is Format.PNG_16 else 8, effort)
        if format is Format.AVIF and not can_write_avif():
            raise UnwritableImage(NO_AVIF)
        if format is Format.AVIF and not fits_into_avif(*picture.size):
            raise UnwritableImage(_too_large_for_avif(picture.size))
        return _with_pillow(picture, format, quality, dict(metadata or {}), effort)
    except (OSError, ValueError, struct.error) as error:
        height, width, _ = image.shape
        msg = (
            f"Cannot save an image of {width}x{height} pixels as {format.value}: {error}. Save it "
            "as PNG, or make it smaller."
        )
        raise UnwritableImage(msg) from error


def _too_large_for_avif(size: tuple[int, int]) -> str:
    return (
        f"Cannot save an image of {size[0]}x{size[1]} pixels as AVIF: {LARGEST_AVIF_SIDE} pixels "
        f"on a side, and {LARGEST_AVIF} altogether, are the most that programs open. Save it as "
        "PNG, or make it smaller."
    )


def no_room_for_mask(format: Format) -> str:  # noqa: A002 - the word users see
    """The error for a mask whose transparency a format cannot hold."""
    return (
        f"mask makes parts of the image transparent, and a {format.value} file cannot be. Set "
        "format to PNG or WebP, or disconnect mask."
    )


@dataclass(frozen=True)
class _Picture:
    """What is to be seen in a file."""

    colours: torch.Tensor
    """[H,W,C]"""
    alpha: torch.Tensor | None
    """[H,W,1]"""
    source: SourceMetadata

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.colours.shape[1], self.colours.shape[0]

    @property
    def channels(self) -> int:
        return int(self.colours.shape[2]) + (self.alpha is not None)

    def rows(self, first: int, last: int, convert: Convert) -> npt.NDArray[Any]:
        """The pixels of some rows: [rows,W,C]."""
        alpha = None if self.alpha is None else self.alpha[first:last]
        return joined(self.colours[first:last], alpha, convert)

    def here(self) -> _Picture:
        """The same in this machine's own memory."""
        alpha = None if self.alpha is None else self.alpha.detach().cpu()
        return replace(self, colours=self.colours.detach().cpu(), alpha=alpha)


def _as_png(picture: _Picture, metadata: Mapping[str, object], bits: int, effort: Effort) -> bytes:
    # Pillow knows which type of chunk a text needs and how to encode it.
    texts = PngImagePlugin.PngInfo()
    for key, value in metadata.items():
        texts.add_text(key, json.dumps(value))
    picture = picture.here()  # once, rather than for each band
    (width, height), channels = picture.size, picture.channels
    kept = fitted(picture.source, {}, size=picture.size, channels=channels)
    if kept.xmp:
        texts.add_itxt(_PNG_XMP, kept.xmp.decode("utf-8", "replace"))
    chunks = [(chunk[0], chunk[1]) for chunk in texts.chunks]
    if kept.dots_per_inch:
        dots = max(1, round(kept.dots_per_inch / _METRES_PER_INCH))
        chunks.insert(0, (b"pHYs", struct.pack(">IIB", dots, dots, 1)))
    if kept.exif:
        chunks.insert(0, (b"eXIf", kept.exif))
    if kept.profile:
        chunks.insert(0, (b"iCCP", b"ICC Profile\0\0" + zlib.compress(kept.profile)))
    convert = to_uint16 if bits == 16 else to_uint8  # noqa: PLR2004
    return png.encode_rows(
        (height, width, channels),
        lambda first, last: picture.rows(first, last, convert),
        bits=bits,
        chunks=chunks,
        effort=effort,
    )


def _with_pillow(
    picture: _Picture,
    format_: Format,
    quality: int,
    metadata: dict[str, object],
    effort: Effort,
) -> bytes:
    _, height = picture.size
    pixels = picture.rows(0, height, to_uint8)
    channels = picture.channels
    if channels == 1:
        pixels = pixels[:, :, 0]
    image = Image.fromarray(pixels)
    source, texts = picture.source, {key: json.dumps(value) for key, value in metadata.items()}
    if format_ is Format.JPEG:
        source, texts = _fitting_into_jpeg(source, texts)
    if format_ is Format.TIFF:
        # Pillow cannot write the folders of EXIF data into TIFF.
        source = replace(source.profile_only(), dots_per_inch=source.dots_per_inch)
    if format_ in {Format.WEBP, Format.AVIF}:  # Pillow saves grey as RGB
        channels = max(channels, 3)
    kept = fitted(source, texts, size=picture.size, channels=channels)
    if format_ is Format.BMP and kept.profile:
        image = profiles.in_srgb(image, kept.profile) or image
    ways = _ways(format_, quality, kept, effort, image.size)
    if kept.dots_per_inch:  # which Pillow leaves out of WebP and AVIF: they have no place for it
        ways = [{**way, "dpi": (kept.dots_per_inch,) * 2} for way in ways]
    data = _saved(image, format_, ways)
    return _with_even_chunks(data) if format_ is Format.WEBP else data


def _saved(image: Image.Image, format_: Format, ways: Sequence[Mapping[str, Any]]) -> bytes:
    """A file by the first of some ways, options of Pillow's `save`, in which it can be written."""
    for way in ways[:-1]:
        try:
            return _written(image, format_, way)
        except (OSError, ValueError) as error:
            _log.debug("Batch Loop writes a %s file in another way: %s", format_.value, error)
    return _written(image, format_, ways[-1])


def _written(image: Image.Image, format_: Format, options: Mapping[str, Any]) -> bytes:
    buffer = io.BytesIO()
    try:
        image.save(buffer, format_.value, **options)
    except RuntimeError as error:  # which libavif's are
        raise OSError(str(error)) from error
    return buffer.getvalue()


def _ways(
    format_: Format, quality: int, kept: ResultMetadata, effort: Effort, size: tuple[int, int]
) -> list[dict[str, Any]]:
    """The options of Pillow's `save` for a format, and for where an image has no room in those.

    Pillow optimizes a JPEG file in one buffer of a size that it guesses: what is full of noise may
    have no room in it, and only the lowest effort needs none.
    """
    first = _options(format_, quality, kept, effort)
    if format_ is Format.WEBP and not first["lossless"]:
        return [{**first, "method": method} for method in _webp_methods(first["method"], size)]
    if format_ is Format.JPEG and effort > Effort.FAST:
        return [first, _options(format_, quality, kept, Effort.FAST)]
    lower = [_options(format_, quality, kept, Effort(each)) for each in range(effort - 1, -1, -1)]
    return [first, *(each for each in lower if each != first)]


def _webp_methods(first: int, size: tuple[int, int]) -> list[int]:
    """The methods from `first` on that can be expected to have room for a lossy WebP file.

    It has 512 KB for what was chosen for each of its blocks, and the lower methods make more
    choices: a photograph of 18 megapixels, full of detail, had no room for those of 0 and 1.
    """
    if size[0] * size[1] > _LARGE_WEBP and first < _METHODS_FOR_LARGE[0]:
        return list(_METHODS_FOR_LARGE)
    return [first, *(each for each in _METHODS_FOR_LARGE if each > first)]


def _options(format_: Format, quality: int, kept: ResultMetadata, effort: Effort) -> dict[str, Any]:
    """Return the options of Pillow's `save` for a format."""
    exif_data = exif.PREFIX + kept.exif if kept.exif else b""
    profile = kept.profile or None
    if format_ is Format.JPEG:
        return {
            **_JPEG[effort],
            "quality": quality,
            "exif": exif_data,
            "icc_profile": profile,
            "extra": _jpeg_part(_JPEG_XMP + kept.xmp) if kept.xmp else b"",
        }
    if format_ is Format.WEBP:
        lossless = quality >= _LOSSLESS_WEBP_QUALITY
        # exact: otherwise the colours of transparent pixels would be lost.
        return {
            "quality": quality,
            **(_LOSSLESS_WEBP[effort] if lossless else {"method": _LOSSY_WEBP[effort]}),
            "lossless": lossless,
            "exact": lossless,
            "exif": exif_data,
            "icc_profile": profile,
            "xmp": kept.xmp,
        }
    if format_ is Format.TIFF:
        tags = Image.Exif()
        tags.load(exif_data)
        tags[_TIFF_PREDICTOR] = _DIFFERENCES
        return {**_TIFF[effort], "exif": tags, "icc_profile": profile}
    if format_ is Format.AVIF:
        return {
            "quality": quality,
            "speed": _AVIF_SPEED[effort],
            "subsampling": "4:4:4" if quality >= _BEST else "4:2:0",
            "max_threads": min(_MOST_THREADS, os.cpu_count() or 1),
            "exif": exif.without_orientation(kept.exif),
            "icc_profile": profile,
            "xmp": kept.xmp,
        }
    return {}


def _jpeg_part(content: bytes) -> bytes:
    """An APP1 segment of a JPEG file."""
    return b"\xff\xe1" + struct.pack(">H", 2 + len(content)) + content


def _with_even_chunks(webp: bytes) -> bytes:
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


def _fitting_into_jpeg(
    source: SourceMetadata, texts: dict[str, str]
) -> tuple[SourceMetadata, dict[str, str]]:
    """What a JPEG file has room for: 64 KB for EXIF, the texts included, and as much for XMP.

    What the photographer has noted comes first.
    """
    room = _LARGEST_JPEG_PART - len(exif.PREFIX)

    def is_too_much(texts: Mapping[str, str]) -> bool:
        only_exif = SourceMetadata(exif=source.exif)
        return len(fitted(only_exif, texts, size=(1, 1), channels=3).exif) > room

    if is_too_much({}):
        _log.warning(_TOO_LARGE, "source's EXIF data", "64 KB")
        source = replace(source, exif=b"")
    if len(_JPEG_XMP) + len(source.xmp) > _LARGEST_JPEG_PART - _ROOM_FOR_LENGTH:
        _log.warning(_TOO_LARGE, "source's XMP data", "64 KB")
        source = replace(source, xmp=b"")
    if len(source.profile) > _LARGEST_JPEG_PROFILE:
        _log.warning(_TOO_LARGE, "source's colour profile", "16 MB")
        source = replace(source, profile=b"")
    texts = dict(texts)
    while texts and is_too_much(texts):
        largest = max(texts, key=lambda key: len(texts[key]))
        del texts[largest]
        _log.warning(_TOO_LARGE, largest, "64 KB")
    return source, texts
