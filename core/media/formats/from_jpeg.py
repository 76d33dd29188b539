"""Decoding intact JPEG files to the same pixels as Pillow, in a third of the time."""

from __future__ import annotations

import logging

import numpy as np
import numpy.typing as npt

from ..buffers import FRESH, Arrays

try:
    import simplejpeg  # type: ignore[import-untyped]
except (ImportError, OSError, ValueError) as error:  # ValueError: built for another numpy
    simplejpeg = None
    logging.getLogger(__name__).warning(
        "Batch Loop reads JPEG files with Pillow, which takes several times as long: the package "
        "simplejpeg cannot be imported (%s).",
        error,
    )


def decode(
    data: bytes, size: tuple[int, int], arrays: Arrays = FRESH
) -> npt.NDArray[np.uint8] | None:
    """Decode a JPEG file to RGB, [H,W,3] of `arrays`, without applying its EXIF orientation.

    `size` is its (width, height) as Pillow reads it, which the caller has checked against Pillow's
    limit. Returns None if Pillow has to decode the file, or report its error: if it is damaged at
    all, has another size, or is of an unknown kind.
    """
    if simplejpeg is None:
        return None
    try:
        # Both decoders are libjpeg-turbo, and give the same pixels with its exact transform and
        # smooth upsampling, which are not its fastest settings.
        height, width, *_ = simplejpeg.decode_jpeg_header(data)
        if (width, height) != size:
            return None
        into = arrays.empty((height, width, 3), np.uint8)
        pixels: npt.NDArray[np.uint8] = simplejpeg.decode_jpeg(data, "RGB", buffer=into)
    except ValueError:  # raised for errors and, in strict mode, for libjpeg's warnings
        return None
    return pixels
