"""Decoding image files to the tensors that ComfyUI's own Load Image makes with Pillow.

Only formats that a listing accepts are opened, whatever a file is called.
"""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass, replace
from io import BufferedIOBase
from typing import BinaryIO, cast

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image, ImageSequence, UnidentifiedImageError

from ...common.source_metadata import NO_METADATA, SourceMetadata
from .. import profiles
from ..alpha import OPAQUE
from ..buffers import FRESH, Arrays
from ..metadata import metadata_of
from ..pixels import to_float
from ..turning import turn_of, upright
from . import from_jpeg, from_png

FORMATS = (
    *("PNG", "JPEG", "WEBP", "AVIF", "BMP", "DIB", "GIF", "JPEG2000", "PPM", "QOI", "TGA", "TIFF"),
)
"""The accepted formats, by the names that Pillow has for them; its JPEG includes MPO.

By itself it would take a file for what the content is, whatever it is called, and start Ghostscript
for an EPS.
"""


def open_image(file: BinaryIO) -> Image.Image:
    """Read an image's header; raises ValueError if it is no image, else whatever Pillow raises."""
    try:
        return Image.open(file, formats=_known())
    except UnidentifiedImageError:
        message = "it is not an image, or of a format that Batch Loop does not read"
        raise ValueError(message) from None


@functools.cache
def _known() -> tuple[str, ...]:
    """The formats that this Pillow supports; it rejects the names of others."""
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


_WHITE_16_BIT = np.float32(65535)
_WHITE_FLOAT = np.float32(1)


@dataclass(frozen=True)
class DecodedImage:
    """An image and a mask of the same height and width."""

    image: torch.Tensor
    """[1,H,W,3] float32, 0 to 1, RGB."""
    mask: torch.Tensor
    """[1,H,W] float32, 0 to 1; 1 where the image is transparent, as is usual in ComfyUI."""
    metadata: SourceMetadata = NO_METADATA


def decode(file: BinaryIO, arrays: Arrays = FRESH) -> DecodedImage:
    """Decode the first frame or page of an image file, into memory of `arrays`.

    The pixels are the same as Load Image's in ComfyUI up to 0.3.75, which reads with Pillow: turned
    upright by the EXIF orientation and converted to RGB, ignoring colour profiles; the mask is the
    inverted alpha channel or palette transparency. (Newer versions decode files as video, which
    turns black and white into grey.) There are differences where Load Image loses something:

    - Grey with more than 8 bits keeps its precision: 16-bit values are divided by 65535, where Load
      Image clips them to white. Larger integers and floats above 1 have no agreed white, and are
      divided by the image's largest value. Negative values are black.
    - Without transparency the mask is all zeros in the image's size, not 64x64.
    - A truncated file is an error, where Load Image fills the rest of the image with grey.
    - CMYK with a colour profile is converted to sRGB, as it would look nothing like the print.
      The other images stay in the profile of their file, which is in the metadata.

    Raises whatever Pillow raises for damaged files and, like Load Image, for decompression bombs.
    """
    return decode_opened(open_image(file), file, arrays)


def decode_opened(whole: Image.Image, file: BinaryIO, arrays: Arrays = FRESH) -> DecodedImage:
    """The same of a file whose header has been read: `whole` is what `open_image` has returned."""
    opened = next(iter(ImageSequence.Iterator(whole)))
    pixels = _without_pillow(opened, file, arrays)
    if pixels is not None:
        return _of_pixels(pixels, metadata_of(opened), arrays)
    opened.load()
    turn = turn_of(opened)
    frame = opened if turn is None else opened.transpose(turn)
    metadata = metadata_of(opened)  # now that the pixels are read: PNG may have it behind them
    if frame.mode == "CMYK" and metadata.profile:
        frame = profiles.in_srgb(frame, metadata.profile) or frame
        metadata = replace(metadata, profile=b"")
    if frame.mode == "P" and "transparency" in frame.info:
        frame = frame.convert("RGBA")
    if 0 in frame.size:
        raise ValueError(f"it has no pixels: {frame.width}x{frame.height}")
    rgb = frame if frame.mode == "RGB" else frame.convert("RGB")
    image = deep_grey(frame) if is_deep(frame) else to_float(np.asarray(rgb), arrays)
    if "A" in frame.getbands():
        opacity = to_float(np.asarray(frame.getchannel("A")), arrays)
        return _tensors(image, metadata, np.subtract(1, opacity, out=opacity))
    return _tensors(image, metadata)


def _tensors(
    image: npt.NDArray[np.float32],
    metadata: SourceMetadata,
    mask: npt.NDArray[np.float32] | None = None,
) -> DecodedImage:
    if mask is None:
        mask = np.zeros(image.shape[:2], np.float32)
    elif mask.max() > OPAQUE:
        metadata = replace(metadata, transparent=True)
    return DecodedImage(torch.from_numpy(image)[None], torch.from_numpy(mask)[None], metadata)


def _without_pillow(
    frame: Image.Image, file: BinaryIO, arrays: Arrays
) -> npt.NDArray[np.uint8] | None:
    """[H,W,C] of a JPEG or PNG file, upright; None for other files, and those that need Pillow."""
    # MPO is a JPEG file followed by others. CMYK is left to Pillow.
    is_jpeg = frame.format in {"JPEG", "MPO"} and frame.mode in {"L", "RGB"}
    if not is_jpeg and not (frame.format == "PNG" and from_png.can_decode(frame.mode)):
        return None
    position = file.tell()
    if is_jpeg:
        file.seek(0)
        pixels = from_jpeg.decode(file.read(), frame.size, arrays)
    else:
        pixels = from_png.decode(_content(file, arrays), frame.mode, frame.size)
    file.seek(position)  # where Pillow left it, in case Pillow has to decode
    return None if pixels is None else upright(pixels, frame)


def _content(file: BinaryIO, arrays: Arrays) -> npt.NDArray[np.uint8]:
    """A whole file, in memory of `arrays`."""
    content = arrays.empty((file.seek(0, os.SEEK_END),), np.uint8)
    file.seek(0)
    length = cast("BufferedIOBase", file).readinto(content.data)
    return content[:length]  # it may have become shorter


def _of_pixels(
    pixels: npt.NDArray[np.uint8], metadata: SourceMetadata, arrays: Arrays
) -> DecodedImage:
    """The pixels are grey, RGB or RGBA: [H,W,C]."""
    *size, channels = pixels.shape
    if channels == 1:
        pixels = np.broadcast_to(pixels, (*size, 3))
    image = to_float(pixels[:, :, :3], arrays)
    opacities = pixels[:, :, 3:]
    if not opacities.size:
        return _tensors(image, metadata)
    opacity = to_float(opacities[:, :, 0], arrays)
    return _tensors(image, metadata, np.subtract(1, opacity, out=opacity))


def is_deep(image: Image.Image) -> bool:
    """Whether an image is grey with more than 8 bits per pixel."""
    return image.mode == "F" or image.mode.startswith("I")


def deep_grey(image: Image.Image) -> npt.NDArray[np.float32]:
    """[H,W,3] of a grey image with more than 8 bits per pixel."""
    # Pillow's mode is "I;16" for 16 bits, "I" for 32 bits, and "F" for floats.
    grey = np.nan_to_num(np.asarray(image).astype(np.float32), nan=0.0)
    np.maximum(grey, 0, out=grey)
    return np.repeat((grey / white_of(image, grey.max()))[:, :, None], 3, axis=2)


def white_of(image: Image.Image, largest: np.float32) -> np.float32:
    """The value of white in a grey image with more than 8 bits, given its largest value."""
    return max(largest, _WHITE_FLOAT if image.mode == "F" else _WHITE_16_BIT)
