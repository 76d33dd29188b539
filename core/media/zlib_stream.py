"""Deflate, PNG's compression, with settings that suit filtered pixels.

It uses zlib-ng if installed, otherwise Python's own zlib, which is slower.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from enum import Enum

import numpy as np
import numpy.typing as npt

try:
    from zlib_ng import zlib_ng as _zlib
except (ImportError, OSError) as error:  # OSError: a system library is missing
    import zlib as _zlib  # type: ignore[no-redef]

    logging.getLogger(__name__).warning(
        "Batch Loop takes up to twice as long to write PNG files: the package zlib-ng cannot be "
        "imported (%s).",
        error,
    )

Data = bytes | npt.NDArray[np.uint8]


class Way(Enum):
    """What the compressor looks for in the data, fastest first."""

    VALUES = (1, _zlib.Z_HUFFMAN_ONLY)
    """Frequent values: enough for photos and noise."""
    RUNS = (1, _zlib.Z_RLE)
    """Also runs of the same value."""
    REPEATS = (4, _zlib.Z_DEFAULT_STRATEGY)
    """Also any repetition within 32 KB, at the compression level of ComfyUI's Save Image."""


HEADER = b"\x78\x01"
"""Header of a zlib stream, followed by the parts and the check value."""


def part(data: Data, way: Way, *, is_last: bool) -> bytes:
    """Compress contiguous data as a part of a stream, independently of the parts before it.

    Parts can be compressed in parallel: each ends on a byte boundary, and only the last one marks
    the end of the stream.
    """
    level, strategy = way.value
    raw = -_zlib.MAX_WBITS  # without header and check value
    stream = _zlib.compressobj(level, _zlib.DEFLATED, raw, _zlib.DEF_MEM_LEVEL, strategy)
    end = _zlib.Z_FINISH if is_last else _zlib.Z_FULL_FLUSH
    return stream.compress(data) + stream.flush(end)


class CheckValue:
    """The Adler-32 checksum of all parts' data in order, which ends a stream."""

    def __init__(self) -> None:
        self._value = 1

    def add(self, data: Data) -> None:
        """Add the data of the next part."""
        self._value = _zlib.adler32(data, self._value)

    def end(self) -> bytes:
        """Return the end of the stream."""
        return self._value.to_bytes(4, "big")


def checksum(*parts: bytes) -> int:
    """Return the CRC-32 of all parts joined together."""
    crc32: Callable[[bytes, int], int] = _zlib.crc32
    value = 0
    for part in parts:
        value = crc32(part, value)
    return value
