"""Turning images upright, by the orientation in their EXIF or XMP data."""

from __future__ import annotations

import logging

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from .exif_folders import orientation_only
from .metadata import exif_beside_pixels

Pixels = npt.NDArray[np.uint8]

_log = logging.getLogger(__name__)

_MARKS = np.arange(6, dtype=np.uint8).reshape(2, 3)
"""Two rows of three different pixels show which way Pillow turns an image."""

_XMP_ENTRIES = ("XML:com.adobe.xmp", "xmp")


def turn_of(image: Image.Image) -> Image.Transpose | None:
    """The turn that makes an image upright; None if it is, or if what it says is damaged.

    Pillow interprets what it says, but is given nothing beside the orientation: other entries could
    fail, or fill the memory. It turns a TIFF file by itself when that is loaded.
    """
    if image.format == "TIFF":
        return None
    said = {key: image.info[key] for key in _XMP_ENTRIES if key in image.info}
    if exif := _orientation_in_exif(image):
        said["exif"] = exif
    if not said:
        return None
    marks = small = Image.fromarray(_MARKS)
    small.info.update(said)
    try:
        turned = np.asarray(ImageOps.exif_transpose(small))
    except Exception as error:  # noqa: BLE001 Pillow raises anything for damaged data
        _log.warning("Batch Loop cannot read the orientation of an image: %s", error)
        return None
    for turn in Image.Transpose:
        if np.array_equal(np.asarray(marks.transpose(turn)), turned):
            return turn
    return None


def is_turned_by_exif(image: Image.Image) -> bool:
    """Whether EXIF data, rather than XMP data, says which way an image is to be turned."""
    return bool(_orientation_in_exif(image))


def upright(pixels: Pixels, image: Image.Image) -> Pixels:
    """Turn pixels [H,W,C] as an image is to be turned; returns a view."""
    turn = turn_of(image)
    if turn in _SWAPPED:
        pixels = pixels.swapaxes(0, 1)
    rows, columns = _STEPS.get(turn, (1, 1))
    return pixels[::rows, ::columns]


_SWAPPED = frozenset(
    {
        Image.Transpose.TRANSPOSE,
        Image.Transpose.TRANSVERSE,
        Image.Transpose.ROTATE_90,
        Image.Transpose.ROTATE_270,
    }
)
"""The turns that make rows columns."""

_STEPS: dict[Image.Transpose | None, tuple[int, int]] = {
    Image.Transpose.FLIP_LEFT_RIGHT: (1, -1),
    Image.Transpose.FLIP_TOP_BOTTOM: (-1, 1),
    Image.Transpose.ROTATE_180: (-1, -1),
    Image.Transpose.TRANSVERSE: (-1, -1),
    Image.Transpose.ROTATE_90: (-1, 1),
    Image.Transpose.ROTATE_270: (1, -1),
}
"""Which of rows and columns are then reversed: -1."""


def _orientation_in_exif(image: Image.Image) -> bytes:
    """EXIF data with the orientation alone; b"" if the image's own does not have it."""
    try:
        return orientation_only(exif_beside_pixels(image))
    except ValueError:  # digits that are none
        return b""
