"""An image made small without ever holding much more than its own pixels.

Whoever turns, converts or scales all of an image at once holds it several times over: one of 16
bits and 36 megapixels took 1.4 GB. So it is made smaller first, in bands, and all else done with
what comes of that.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PIL import Image

from .decode import is_deep, white_of
from .decoding_memory import bytes_to_decode
from .upright import upright

MOST_BYTES = 180_000_000
"""Of memory that decoding an image may take; all else takes a few MB."""

_BAND_PIXELS = 2**18
_FINER = 2
"""How much larger than asked for an image is made from its pixels, before the last, finer step."""


def reduced(image: Image.Image, size: int, file_bytes: int) -> Image.Image:
    """An image whose header has been read, upright, in no more than `size` pixels each way.

    It is RGB, or RGBA where it may be transparent. `file_bytes` is the size of its file. Raises
    `ValueError` for one that would take more than `MOST_BYTES`, and whatever decoding it raises.
    """
    whole = image.size
    # A JPEG file is decoded at an eighth, a quarter or half of its size where that will do.
    image.draft("RGB", (size, size))
    needed = bytes_to_decode(image, whole, file_bytes)
    if needed > MOST_BYTES:
        raise ValueError(
            f"to decode its {whole[0]}x{whole[1]} pixels takes {needed // 10**6} MB of memory, "
            f"and a small picture is made with {MOST_BYTES // 10**6} MB at the most"
        )
    image.load()
    small = _deep(image, size) if is_deep(image) else _plain(image, size)
    small = small.resize(_fitting(image.size, size), Image.Resampling.BICUBIC)
    return Image.fromarray(np.ascontiguousarray(upright(np.asarray(small), image)))


def _fitting(whole: tuple[int, int], size: int) -> tuple[int, int]:
    """The size of an image that is to fit into `size` pixels each way, and grows in none."""
    scale = min(1.0, size / max(whole))
    width, height = (max(1, round(side * scale)) for side in whole)
    return width, height


def _bands(image: Image.Image, size: int) -> Iterator[tuple[Image.Image, tuple[int, int], int]]:
    """An image from top to bottom: a band, what to reduce it by, and where that begins then."""
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
    """As `core.media.decode.deep_grey` shows it."""
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
