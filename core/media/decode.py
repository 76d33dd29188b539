"""Decodes an image file to the tensors that ComfyUI's own Load Image makes with Pillow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image, ImageOps, ImageSequence

from . import jpeg
from .image_file import open_image
from .pixels import to_float
from .upright import upright

_WHITE_16_BIT = np.float32(65535)
_WHITE_FLOAT = np.float32(1)


@dataclass(frozen=True)
class DecodedImage:
    """An image and its mask, of the same height and width."""

    image: torch.Tensor
    """[1,H,W,3] float32, 0 to 1, RGB."""
    mask: torch.Tensor
    """[1,H,W] float32, 0 to 1; as in ComfyUI, 1 is transparent."""


def decode(file: BinaryIO) -> DecodedImage:
    """Decode an image file: of an animated one the first frame, of several pages the first.

    The pixels are those of ComfyUI's Load Image where it reads with Pillow, as it did up to 0.3.75:
    turned upright by the EXIF orientation, converted to RGB without regard to colour profiles, the
    alpha channel or the palette's transparency inverted to the mask. (Newer ones decode a file like
    a video, which makes grey of black and white.) It differs where Load Image loses something:

    - More than 8 bits of grey keep their precision: values of 16 bits are divided by the largest
      of them, where Load Image clips them to white. Larger integers, and float values above 1,
      have no agreed white: they are divided by the image's largest value. Values below 0 are
      black.
    - Without transparency the mask is zeros of the image's size, not of 64x64.
    - A file that is cut short is an error, where Load Image fills up with grey.

    Raises whatever the damage makes Pillow raise. Its limit against decompression bombs, which Load
    Image has too, is among that.
    """
    frame = next(iter(ImageSequence.Iterator(open_image(file))))
    pixels = _jpeg_pixels(frame, file)
    if pixels is not None:
        return _tensors(to_float(pixels))
    frame = ImageOps.exif_transpose(frame)
    if frame.mode == "P" and "transparency" in frame.info:
        frame = frame.convert("RGBA")
    if 0 in frame.size:
        raise ValueError(f"it has no pixels: {frame.width}x{frame.height}")
    rgb = frame if frame.mode == "RGB" else frame.convert("RGB")
    image = deep_grey(frame) if is_deep(frame) else to_float(np.asarray(rgb))
    if "A" in frame.getbands():
        return _tensors(image, 1 - to_float(np.asarray(frame.getchannel("A"))))
    return _tensors(image)


def _tensors(
    image: npt.NDArray[np.float32], mask: npt.NDArray[np.float32] | None = None
) -> DecodedImage:
    if mask is None:
        mask = np.zeros(image.shape[:2], np.float32)
    return DecodedImage(torch.from_numpy(image)[None], torch.from_numpy(mask)[None])


def _jpeg_pixels(frame: Image.Image, file: BinaryIO) -> npt.NDArray[np.uint8] | None:
    """[H,W,3] of a JPEG file, upright; None if it is left to Pillow."""
    # MPO is a JPEG file with others appended. CMYK is left to Pillow.
    if frame.format not in {"JPEG", "MPO"} or frame.mode not in {"L", "RGB"}:
        return None
    position = file.tell()
    file.seek(0)
    pixels = jpeg.decode(file.read(), frame.size)
    file.seek(position)  # where Pillow left it, in case it continues
    return None if pixels is None else upright(pixels, frame)


def is_deep(image: Image.Image) -> bool:
    """Whether an image is grey with pixels of more than 8 bits."""
    return image.mode == "F" or image.mode.startswith("I")


def deep_grey(image: Image.Image) -> npt.NDArray[np.float32]:
    """[H,W,3] of a grey image with pixels of more than 8 bits."""
    # Of 16 bits in Pillow's mode "I;16", of 32 bits in "I", and float in "F".
    grey = np.nan_to_num(np.asarray(image).astype(np.float32), nan=0.0)
    np.maximum(grey, 0, out=grey)
    return np.repeat((grey / white_of(image, grey.max()))[:, :, None], 3, axis=2)


def white_of(image: Image.Image, largest: np.float32) -> np.float32:
    """The value of white in such an image, given its largest value."""
    return max(largest, _WHITE_FLOAT if image.mode == "F" else _WHITE_16_BIT)
