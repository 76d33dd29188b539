"""Writing the files that Pillow writes: all but PNG."""

from __future__ import annotations

import io
import json
import logging
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, BinaryIO

from PIL import Image

from ...model.formats import Format
from .. import profiles
from ..effort import Effort
from ..metadata import ResultMetadata, fitted
from ..pixels import to_uint8
from . import to_avif, to_jpeg, to_tiff, to_webp
from .picture import Picture

_log = logging.getLogger(__name__)


def with_pillow(
    picture: Picture,
    format_: Format,
    quality: int,
    metadata: dict[str, object],
    effort: Effort,
) -> bytes:
    """A file of any format but PNG; raises OSError or ValueError if it cannot be written."""
    pixels = picture.pixels(to_uint8)
    channels = picture.channels
    if channels == 1:
        pixels = pixels[:, :, 0]
    image = Image.fromarray(pixels)
    source, texts = picture.source, {key: json.dumps(value) for key, value in metadata.items()}
    if format_ is Format.JPEG:
        source, texts = to_jpeg.fitting(source, texts)
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
    return to_webp.with_even_chunks(data) if format_ is Format.WEBP else data


def _saved(image: Image.Image, format_: Format, ways: Sequence[Mapping[str, Any]]) -> bytes:
    """A file by the first of some ways, options of Pillow's `save`, in which it can be written."""
    for way in ways[:-1]:
        try:
            return _written(image, format_, way)
        except (OSError, ValueError) as error:
            _log.debug("Batch Loop writes a %s file in another way: %s", format_.value, error)
    return _written(image, format_, ways[-1])


def _written(image: Image.Image, format_: Format, options: Mapping[str, Any]) -> bytes:
    # Only into one of the system's files does Pillow write JPEG without holding Python's lock.
    with _file_in_memory() if format_ is Format.JPEG else io.BytesIO() as file:
        try:
            image.save(file, format_.value, **options)
        except RuntimeError as error:  # which libavif's are
            raise OSError(str(error)) from error
        file.seek(0)
        return file.read()


def _file_in_memory() -> BinaryIO:
    """A file of the system's that is on no disk, where it has such."""
    if hasattr(os, "memfd_create"):
        with suppress(OSError):  # some containers forbid it
            return os.fdopen(os.memfd_create("batch-loop"), "w+b")
    return io.BytesIO()


def _ways(
    format_: Format, quality: int, kept: ResultMetadata, effort: Effort, size: tuple[int, int]
) -> list[dict[str, Any]]:
    """The options of Pillow's `save` for a format, and for where an image has no room in those."""
    if format_ is Format.JPEG:
        return to_jpeg.ways(quality, kept, effort)
    if format_ is Format.WEBP:
        return to_webp.ways(quality, kept, effort, size)
    if format_ is Format.TIFF:
        return to_tiff.ways(kept, effort)
    if format_ is Format.AVIF:
        return to_avif.ways(quality, kept, effort)
    return [{}]
