"""The chunks that a PNG file consists of."""

# Names and numbers follow the PNG specification, https://www.w3.org/TR/png-3/

from __future__ import annotations

import struct

from . import zlib_stream
from .rows import Bytes

SIGNATURE = b"\x89PNG\r\n\x1a\n"

_AROUND = 12
"""Bytes of a chunk beside its content: its length and type before that, its checksum after it."""
_CRITICAL = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND"})
_ANIMATED = frozenset({b"acTL", b"fcTL", b"fdAT"})
_BEFORE_OTHERS = len(SIGNATURE) + _AROUND + 13
"""Bytes of a file's header, which is its first chunk."""
_BITS, _INTERLACED = 24, 28
"""Where a file says so."""


def chunk(kind: bytes, content: bytes) -> list[bytes]:
    """A chunk's bytes, without a copy of its content."""
    check = zlib_stream.checksum(kind, content)
    return [struct.pack(">I", len(content)), kind, content, struct.pack(">I", check)]


def pixels_alone(file: Bytes) -> Bytes | None:
    """The part of a PNG file that is a file of nothing but its pixels; `file` is changed for that.

    None unless every chunk is whole and has its checksum, the pixels come last, and they have 8
    bits a channel and are neither animated nor interlaced.
    """
    if file[: len(SIGNATURE)].tobytes() != SIGNATURE:
        return None
    start, kind, end = 0, b"", len(SIGNATURE)
    while kind != b"IEND":
        before, position = kind, end
        kind, end = _checked(file, position)
        # Of the critical chunks, whose first letter is a capital, a palette may be suggested.
        if (
            not kind
            or (not before) != (kind == b"IHDR")
            or kind in _ANIMATED
            or (kind[:1].isupper() and kind not in _CRITICAL)
            or (before == b"IDAT" and kind not in {b"IDAT", b"IEND"})
        ):
            return None
        if kind == b"IDAT" and not start:
            start = position
    header = file[:_BEFORE_OTHERS].copy()
    if not start or (header[_BITS], header[_INTERLACED]) != (8, 0):
        return None
    file[start - _BEFORE_OTHERS : start] = header  # over other chunks, or over itself
    return file[start - _BEFORE_OTHERS : end]


def _checked(file: Bytes, position: int) -> tuple[bytes, int]:
    """The type of the chunk at a position, and its end; b"" if it is damaged."""
    if position + _AROUND > len(file):
        return b"", position
    length, kind = struct.unpack_from(">I4s", file.data, position)
    end = position + _AROUND + length
    if end > len(file):
        return b"", position
    (check,) = struct.unpack_from(">I", file.data, end - 4)
    is_sound = zlib_stream.checksum(file[position + 4 : end - 4]) == check
    return (kind if is_sound else b""), end
