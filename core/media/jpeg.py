"""The pixels of a sound JPEG file: those that Pillow decodes, in a third of its time."""

from __future__ import annotations

import logging

import numpy as np
import numpy.typing as npt

try:
    import simplejpeg  # type: ignore[import-untyped]
except (ImportError, OSError, ValueError) as error:  # ValueError: made for another numpy
    simplejpeg = None
    logging.getLogger(__name__).warning(
        "Batch Loop reads JPEG files with Pillow, which takes several times as long: the package "
        "simplejpeg cannot be imported (%s).",
        error,
    )


def decode(data: bytes, size: tuple[int, int]) -> npt.NDArray[np.uint8] | None:
    """Decode a JPEG file in grey or colours to RGB, [H,W,3], not turned by its EXIF orientation.

    `size` is its (width, height) as Pillow reads it: whoever asks has weighed it against Pillow's
    limit. Returns None where Pillow has to decode, and say what is wrong: if the file is damaged
    in the least, of another size, or of a kind that is unknown here.
    """
    if simplejpeg is None:
        return None
    try:
        # Both decoders are libjpeg-turbo; with its exact transform and smooth upsampling, which
        # are not its fastest, they give the same pixels.
        height, width, *_ = simplejpeg.decode_jpeg_header(data)
        if (width, height) != size:
            return None
        pixels: npt.NDArray[np.uint8] = simplejpeg.decode_jpeg(data, "RGB")
    except ValueError:  # for errors, and in its strict mode for libjpeg's warnings too
        return None
    return pixels
