"""Encoding image tensors to image files."""

from __future__ import annotations

import struct
from collections.abc import Mapping

import torch

from ...common.errors import UnwritableImage
from ...common.source_metadata import NO_METADATA, SourceMetadata
from ...model.formats import WITHOUT_ALPHA, Format
from ..alpha import split
from ..effort import Effort
from . import to_avif
from .picture import Picture
from .to_png import as_png
from .with_pillow import with_pillow

_CHANNELS = {1, 3, 4}  # grey, RGB, RGBA


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
    picture = Picture(image, alpha, source)
    try:
        if format in {Format.PNG, Format.PNG_16}:
            return as_png(picture, metadata or {}, 16 if format is Format.PNG_16 else 8, effort)
        if format is Format.AVIF and (reason := to_avif.reason_against(picture.size)):
            raise UnwritableImage(reason)
        return with_pillow(picture, format, quality, dict(metadata or {}), effort)
    except (OSError, ValueError, struct.error) as error:
        height, width, _ = image.shape
        msg = (
            f"Cannot save an image of {width}x{height} pixels as {format.value}: {error}. Save it "
            "as PNG, or make it smaller."
        )
        raise UnwritableImage(msg) from error


def no_room_for_mask(format: Format) -> str:  # noqa: A002 - the word users see
    """The error for a mask whose transparency a format cannot hold."""
    return (
        f"mask makes parts of the image transparent, and a {format.value} file cannot be. Set "
        "format to PNG or WebP, or disconnect mask."
    )
