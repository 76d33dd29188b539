"""The chunks that a PNG file consists of."""

# Names and numbers follow the PNG specification, https://www.w3.org/TR/png-3/

from __future__ import annotations

import struct

from . import zlib_stream

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(kind: bytes, content: bytes) -> list[bytes]:
    """A chunk's bytes, without a copy of its content."""
    check = zlib_stream.checksum(kind, content)
    return [struct.pack(">I", len(content)), kind, content, struct.pack(">I", check)]
