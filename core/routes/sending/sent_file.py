"""Sending an open file, or a part of it, to a page."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import BinaryIO, TypeVar

from aiohttp import ETag, web

from ...comfy.threads import Threads, in_thread

Answer = TypeVar("Answer", bound=web.StreamResponse)

SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": (
        "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'; sandbox"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    # May be cached but must be revalidated: the next run may write another file of that name.
    "Cache-Control": "private, no-cache",
}
"""A file may be opened in a tab of its own: nothing in it may run there."""

_PIECE = 2**18
"""Bytes that are in memory at once."""


def safely(answer: Answer, tag: str, media_type: str = "") -> Answer:
    """The answer for a file with a tag, in which nothing may run."""
    if media_type:
        answer.content_type = media_type
    answer.etag = ETag(tag)
    answer.headers.update(SAFE)
    return answer


def kept_open(file: BinaryIO) -> BinaryIO:
    """The same file for longer than `file` is open.

    So the file that was checked is the one that is sent, whatever its name leads to by then.
    """
    return os.fdopen(os.dup(file.fileno()), "rb")


def whole_of(file: BinaryIO) -> range:
    """All bytes of an open file."""
    return range(os.fstat(file.fileno()).st_size)


async def send_part(
    request: web.Request, answer: web.StreamResponse, file: BinaryIO, part: range
) -> web.StreamResponse:
    """Send bytes of an open file."""
    left = len(part)
    answer.content_length = left
    file.seek(part.start)
    # A page that has gone on to the next image ends the connection.
    with suppress(ConnectionError):
        await answer.prepare(request)
        while left and (piece := await in_thread(Threads.FOLDERS, file.read, min(_PIECE, left))):
            await answer.write(piece)
            left -= len(piece)
    if left:
        answer.force_close()  # the file has become shorter
    return answer
