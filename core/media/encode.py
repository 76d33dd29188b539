"""Encoding image tensors to image files."""

from __future__ import annotations

import io
import json
import logging
import struct
from collections.abc import Mapping
from typing import Any

import torch
from PIL import Image, PngImagePlugin, TiffTags

from ..common.errors import UnwritableImage
from ..model.formats import Format
from . import png
from .pixels import to_uint8, to_uint16

_log = logging.getLogger(__name__)


_CHANNELS = {1, 3, 4}  # grey, RGB, RGBA

_LOSSLESS_WEBP_QUALITY = 100
_LOSSLESS_WEBP_EFFORT = 50  # lossless, Pillow's quality means effort; 100 takes twice as long
_LARGEST_JPEG_EXIF = 65533  # bytes that fit into one marker of a JPEG file

# EXIF tags of the prompt and, counting down, of everything else in ComfyUI's own WebP files.
_PROMPT_TAG = 0x0110
_FIRST_EXTRA_TAG = 0x010F


def encode(
    image: torch.Tensor,
    *,
    format: Format,  # noqa: A002 - the word users see
    quality: int,
    metadata: Mapping[str, object] | None,
) -> bytes:
    """Encode an image; `Format` says what is kept in each format.

    Args:
        image: [H,W,C], float 0 to 1, with one channel (grey), three (RGB) or four (RGBA).
        format: any but `SOURCE`.
        quality: 1 to 100, for the lossy formats.
        metadata: what to embed, such as the prompt and the workflow. That happens in the same way
        as in ComfyUI, so that the workflow opens when the image is dropped onto the page.

    Raises `UnwritableImage` if an image of this shape cannot be saved, or not in this format.
    """
    if image.ndim != 3 or image.shape[2] not in _CHANNELS or 0 in image.shape:  # noqa: PLR2004
        msg = (
            f"Cannot save an image of shape {tuple(image.shape)}: it must have height, width and "
            "one (grey), three (RGB) or four (RGBA) channels. Connect the output of a node that "
            "makes images."
        )
        raise UnwritableImage(msg)
    if format in {Format.JPEG, Format.BMP}:
        image = image[:, :, :3]
    try:
        if format in {Format.PNG, Format.PNG_16}:
            return _as_png(image, metadata or {}, bits=16 if format is Format.PNG_16 else 8)
        return _with_pillow(image, format, quality, dict(metadata or {}))
    except (OSError, ValueError, struct.error) as error:
        height, width, _ = image.shape
        msg = (
            f"Cannot save an image of {width}x{height} pixels as {format.value}: {error}. Save it "
            "as PNG, or make it smaller."
        )
        raise UnwritableImage(msg) from error


def _as_png(image: torch.Tensor, metadata: Mapping[str, object], bits: int) -> bytes:
    # Pillow knows which type of chunk a text needs and how to encode it.
    texts = PngImagePlugin.PngInfo()
    for key, value in metadata.items():
        texts.add_text(key, json.dumps(value))
    image = image.detach().cpu()  # once here, rather than for each band
    height, width, channels = image.shape
    convert = to_uint16 if bits == 16 else to_uint8  # noqa: PLR2004
    return png.encode_rows(
        (height, width, channels),
        lambda first, last: convert(image[first:last]),
        bits=bits,
        chunks=[(chunk[0], chunk[1]) for chunk in texts.chunks],
    )


def _with_pillow(
    image: torch.Tensor, format_: Format, quality: int, metadata: dict[str, object]
) -> bytes:
    pixels = to_uint8(image)
    if pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    buffer = io.BytesIO()
    picture = Image.fromarray(pixels)
    picture.save(buffer, format_.value, **_options(format_, quality, metadata))
    data = buffer.getvalue()
    return _with_even_chunks(data) if format_ is Format.WEBP else data


def _options(format_: Format, quality: int, metadata: dict[str, object]) -> dict[str, Any]:
    """Return the options of Pillow's `save` for a format."""
    if format_ is Format.JPEG:
        return {"quality": quality, "exif": _exif_for_jpeg(metadata)}
    if format_ is Format.WEBP:
        lossless = quality >= _LOSSLESS_WEBP_QUALITY
        # exact: otherwise the colours of transparent pixels would be lost.
        return {
            "quality": _LOSSLESS_WEBP_EFFORT if lossless else quality,
            "lossless": lossless,
            "exact": lossless,
            "exif": _exif(metadata),
        }
    if format_ is Format.TIFF:
        return {"compression": "tiff_lzw", "exif": _exif(metadata)}
    return {}


def _exif(metadata: Mapping[str, object]) -> bytes:
    """Return EXIF data with one tag for each key and its value, as ComfyUI's page expects it."""
    exif = Image.Exif()
    tag = _FIRST_EXTRA_TAG
    for key, value in metadata.items():
        text = f"{key}:{json.dumps(value)}"
        if key == "prompt":
            exif[_PROMPT_TAG] = text
            continue
        while TiffTags.lookup(tag).type not in {None, TiffTags.ASCII}:
            tag -= 1  # this tag holds numbers, not text
        exif[tag] = text
        tag -= 1
    return exif.tobytes() if metadata else b""


def _with_even_chunks(webp: bytes) -> bytes:
    """Make the length of every chunk in a WebP file even, by counting its padding byte.

    ComfyUI's page (until about 1.40) does not expect padding after odd chunks, and so misses the
    EXIF data. Decoders ignore the extra byte.
    """
    data = bytearray(webp)
    position = 12  # after "RIFF", the length and "WEBP"
    while position + 8 <= len(data):
        (length,) = struct.unpack_from("<I", data, position + 4)
        length += length % 2
        struct.pack_into("<I", data, position + 4, length)
        position += 8 + length
    return bytes(data)


def _exif_for_jpeg(metadata: dict[str, object]) -> bytes:
    left = dict(metadata)
    while len(exif := _exif(left)) > _LARGEST_JPEG_EXIF:
        largest = max(left, key=lambda key: len(json.dumps(left[key])))
        del left[largest]
        _log.warning(
            "Batch Loop leaves the %s out of a JPEG file: it is larger than the 64 KB that JPEG "
            "has room for. Save as PNG or WebP to keep it.",
            largest,
        )
    return exif
