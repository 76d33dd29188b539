"""Deflate, PNG's compression, with settings that suit filtered pixels.

It uses isal and zlib-ng if installed; Python's own zlib, which is slower, does without them.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from enum import Enum, auto
from functools import reduce
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

_log = logging.getLogger(__name__)
_MISSING = (
    "Batch Loop takes up to twice as long to write PNG files: the package %s cannot be imported "
    "(%s)."
)

_zlib: Any
try:
    from zlib_ng import zlib_ng as _zlib
except (ImportError, OSError) as error:  # OSError: a system library is missing
    import zlib as _zlib

    _log.warning(_MISSING, "zlib-ng", error)

_isal: Any
try:
    from isal import isal_zlib as _isal
except (ImportError, OSError) as error:
    _isal = None
    _log.warning(_MISSING, "isal", error)

_sums: Any = _isal or _zlib
"""What computes check values: isal in a third of the time."""

Data = bytes | npt.NDArray[np.uint8]


class _Setting(NamedTuple):
    library: Any
    level: int
    strategy: int
    window: int
    """Bits: how far back repeats are looked for."""
    milliseconds: int
    """To look through 12 megapixels of 8-bit RGB. Both times are those of photographs, measured."""
    milliseconds_written: int
    """More of them for a result that were as large as the pixels."""


class Way(Enum):
    """What the compressor looks for in the data."""

    NEAR = auto()
    """Repetitions within half a kilobyte: in photos, farther ones take more room than they save."""
    FAR = auto()
    """Repetitions within 32 KB, those that are found quickly."""
    VALUES = auto()
    """Only frequent values."""
    RUNS = auto()
    """Also runs of the same value."""
    REPEATS = auto()
    """Repetitions within 32 KB, at the compression level of ComfyUI's Save Image."""
    MOST_REPEATS = auto()
    """The same, more thoroughly."""


_SETTINGS = {
    Way.VALUES: _Setting(_zlib, 1, _zlib.Z_HUFFMAN_ONLY, 15, 110, 80),
    Way.RUNS: _Setting(_zlib, 1, _zlib.Z_RLE, 15, 100, 260),
    Way.REPEATS: _Setting(_zlib, 4, _zlib.Z_DEFAULT_STRATEGY, 15, 60, 900),
    Way.MOST_REPEATS: _Setting(_zlib, 6, _zlib.Z_DEFAULT_STRATEGY, 15, 300, 1500),
}
if _isal:
    _SETTINGS[Way.NEAR] = _Setting(_isal, 1, _isal.Z_DEFAULT_STRATEGY, 9, 60, 60)
    _SETTINGS[Way.FAR] = _Setting(_isal, 1, _isal.Z_DEFAULT_STRATEGY, 15, 60, 60)

WAYS = tuple(way for way in Way if way in _SETTINGS)
"""Those that there is a package for, about in the order of the time that they take."""

SCOUTS: tuple[Way, ...] = tuple(way for way in (Way.NEAR, Way.FAR) if way in WAYS) or (Way.RUNS,)
"""Those that are quick enough to be tried with every filter, for the others that are like them."""

HEADER = b"\x78\x01"
"""Header of a zlib stream, followed by the parts and the check value."""


def part(data: Data, way: Way, *, is_last: bool) -> bytes:
    """Compress contiguous data as a part of a stream, independently of the parts before it.

    Parts can be compressed in parallel: each ends on a byte boundary, and only the last one marks
    the end of the stream.
    """
    library, level, strategy, window, *_ = _SETTINGS[way]
    # A negative number of bits: without header and check value.
    stream = library.compressobj(level, library.DEFLATED, -window, library.DEF_MEM_LEVEL, strategy)
    end = library.Z_FINISH if is_last else library.Z_FULL_FLUSH
    result: bytes = stream.compress(data) + stream.flush(end)
    return result


def milliseconds(way: Way, share: float) -> float:
    """About how long a way takes for 12 megapixels that it makes smaller to a share of the size."""
    setting = _SETTINGS[way]
    return setting.milliseconds + share * setting.milliseconds_written


class CheckValue(NamedTuple):
    """The Adler-32 checksum of a part's data."""

    value: int
    length: int
    """Bytes of the data."""

    @classmethod
    def of(cls, data: Data) -> CheckValue:
        """Return the checksum of the data."""
        length = data.nbytes if isinstance(data, np.ndarray) else len(data)
        return cls(_sums.adler32(data), length)


def end(parts: Sequence[CheckValue]) -> bytes:
    """Return the end of a stream: the checksum of all parts' data in order."""
    return reduce(_joined, parts).value.to_bytes(4, "big")


_ADLER = 65521
"""The modulus of both halves of an Adler-32 checksum."""


def _joined(before: CheckValue, after: CheckValue) -> CheckValue:
    # The lower half is 1 + the sum of all bytes; the upper half is the sum of the lower half's
    # values after each byte, so each of them is larger by what came before.
    more = (before.value & 0xFFFF) - 1
    lower = (after.value & 0xFFFF) + more
    upper = (before.value >> 16) + (after.value >> 16) + more * after.length
    return CheckValue((upper % _ADLER) << 16 | lower % _ADLER, before.length + after.length)


def checksum(*parts: Data) -> int:
    """Return the CRC-32 of all parts joined together."""
    return reduce(lambda value, part: int(_sums.crc32(part, value)), parts, 0)
