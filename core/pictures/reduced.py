"""Scaling an image down with little more memory than its own pixels take.

Turning, converting or scaling a whole image makes several copies of it: a 16-bit image of 36
megapixels took 1.4 GB. So it is first reduced in bands, and the rest is done on the small image.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PIL import Image

from ..media.formats.decode import is_deep, white_of
from ..media.turning import upright
from .decoding_memory import bytes_to_decode

_BAND_PIXELS = 2**18
_FINER = 2
"""How many times the requested size the bands are reduced to, before the final, finer step."""


def reduced(image: Image.Image, size: int, file_bytes: int, most_bytes: int) -> Image.Image:
    """Scale an image down to at most `size` pixels each way, upright.

    Only its header needs to have been read; `file_bytes` is the size of the file. The result is
    RGB, or RGBA if the image may be transparent. Raises `ValueError` if decoding it would take more
    than `most_bytes` of memory, and whatever Pillow raises.
    """
    whole = image.size
    # A JPEG file is decoded at an eighth, a quarter or half of its size if that is enough.
    image.draft("RGB", (size, size))
    needed = bytes_to_decode(image, whole, file_bytes)
    if needed > most_bytes:
        raise ValueError(
            f"decoding its {whole[0]}x{whole[1]} pixels takes {needed // 10**6} MB of memory, and "
            f"a thumbnail may take at most {most_bytes // 10**6} MB"
        )
    image.load()
    small = _deep(image, size) if is_deep(image) else _plain(image, size)
    small = small.resize(_fitting(image.size, size), Image.Resampling.BICUBIC)
    return Image.fromarray(np.ascontiguousarray(upright(np.asarray(small), image)))


def _fitting(whole: tuple[int, int], size: int) -> tuple[int, int]:
    """An image's size when shrunk to fit `size` pixels each way; it is never enlarged."""
    scale = min(1.0, size / max(whole))
    width, height = (max(1, round(side * scale)) for side in whole)
    return width, height


def _bands(image: Image.Image, size: int) -> Iterator[tuple[Image.Image, tuple[int, int], int]]:
    """Yield bands from top to bottom: the band, its reduction factors, and its top once reduced."""
    across = max(1, max(image.size) // (size * _FINER))
    down = max(1, min(across, _BAND_PIXELS // image.width))
    rows = max(1, _BAND_PIXELS // (image.width * down)) * down
    for top in range(0, image.height, rows):
        bottom = min(top + rows, image.height)
        yield image.crop((0, top, image.width, bottom)), (across, down), top // down


def _plain(image: Image.Image, size: int) -> Image.Image:
    is_transparent = "A" in image.getbands() or "transparency" in image.info
    mode = "RGBA" if is_transparent else "RGB"
    parts = [(band.convert(mode).reduce(by), top) for band, by, top in _bands(image, size)]
    small = Image.new(mode, (parts[0][0].width, parts[-1][1] + parts[-1][0].height))
    for part, top in parts:
        small.paste(part, (0, top))
    return small


def _deep(image: Image.Image, size: int) -> Image.Image:
    """Reduce an image of more than 8 bits, with the brightness of `formats.decode.deep_grey`."""
    parts = []
    largest = np.float32(0)
    for band, (across, down), _ in _bands(image, size):
        grey = np.maximum(np.nan_to_num(np.asarray(band).astype(np.float64), nan=0.0), 0)
        largest = max(largest, np.float32(grey.max()))
        columns, rows = np.arange(0, band.width, across), np.arange(0, band.height, down)
        sums = np.add.reduceat(np.add.reduceat(grey, columns, axis=1), rows, axis=0)
        counts = np.outer(np.diff(rows, append=band.height), np.diff(columns, append=band.width))
        parts.append(sums / counts)
    shown = np.concatenate(parts) / white_of(image, largest)
    return Image.fromarray((shown * 255).round().astype(np.uint8)).convert("RGB")
