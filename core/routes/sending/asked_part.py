"""Which bytes of a file a request asks for."""

from __future__ import annotations

import re

from aiohttp import hdrs, web

MOST_OF_A_PART = 2**22
"""Bytes that are sent for one range at most: browsers ask for the next ones as they play.

So a part is read at once, and the file is not open for as long as somebody has paused.
"""

_LAST_NONE = re.compile(r"bytes=-0+", re.IGNORECASE | re.ASCII)
"""The last 0 bytes, which aiohttp cannot tell from those behind byte 0."""


def asked_part(request: web.Request, tag: str, size: int) -> range | None:
    """The bytes that a request asks for, as many as are sent at once; None for all of them.

    The file has a tag and a size in bytes; the range is empty if it has none of the bytes. A range
    in another form, several of them, one of an earlier file, or of a request that gets no bytes,
    counts as none.
    """
    if request.method != hdrs.METH_GET:
        return None
    if request.headers.get(hdrs.IF_RANGE, f'"{tag}"') != f'"{tag}"':
        return None
    if _LAST_NONE.fullmatch(request.headers.get(hdrs.RANGE, "")):
        return range(0)
    try:
        asked = request.http_range
    except ValueError:
        return None
    if asked == slice(None, None, 1):
        return None
    return range(size)[asked][:MOST_OF_A_PART]
