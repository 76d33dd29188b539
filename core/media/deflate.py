"""The compression that PNG is made of, in the ways that suit filtered pixels.

It is done by zlib-ng where that is installed, and else by Python's own zlib, which takes longer.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from enum import Enum

import numpy as np
import numpy.typing as npt

try:
    from zlib_ng import zlib_ng as _zlib
except (ImportError, OSError) as error:  # OSError: a library of the system that it misses
    import zlib as _zlib  # type: ignore[no-redef]

    logging.getLogger(__name__).warning(
        "Batch Loop takes up to twice as long to write PNG files: the package zlib-ng cannot be "
        "imported (%s).",
        error,
    )

Data = bytes | npt.NDArray[np.uint8]


class Way(Enum):
    """What is looked for in the data, the quickest first."""

    VALUES = (1, _zlib.Z_HUFFMAN_ONLY)
    """Values that are more frequent than others: enough for photos and noise."""
    RUNS = (1, _zlib.Z_RLE)
    """And one value many times over."""
    REPEATS = (4, _zlib.Z_DEFAULT_STRATEGY)
    """And whatever comes again within 32 KB, with the effort of ComfyUI's Save Image."""


HEADER = b"\x78\x01"
"""What a zlib stream begins with; the parts come behind it, and at last the check value."""


def part(data: Data, way: Way, *, is_last: bool) -> bytes:
    """Compress a part of a stream, of contiguous data, without regard to those before it.

    So that parts can be compressed at the same time, each ends at a whole byte, and only the last
    one says that it is the end.
    """
    level, strategy = way.value
    raw = -_zlib.MAX_WBITS  # without header and check value
    stream = _zlib.compressobj(level, _zlib.DEFLATED, raw, _zlib.DEF_MEM_LEVEL, strategy)
    end = _zlib.Z_FINISH if is_last else _zlib.Z_FULL_FLUSH
    return stream.compress(data) + stream.flush(end)


class CheckValue:
    """The Adler-32 of the data of all parts, in their order, which ends a stream."""

    def __init__(self) -> None:
        self._value = 1

    def add(self, data: Data) -> None:
        """Take the data of the next part in."""
        self._value = _zlib.adler32(data, self._value)

    def end(self) -> bytes:
        """Return the end of the stream."""
        return self._value.to_bytes(4, "big")


def checksum(*parts: bytes) -> int:
    """Return the CRC-32 of all parts, one behind the other."""
    crc32: Callable[[bytes, int], int] = _zlib.crc32
    value = 0
    for part in parts:
        value = crc32(part, value)
    return value
