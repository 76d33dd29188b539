"""Sending an open file to a page."""

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


def size_of(file: BinaryIO) -> int:
    """Bytes of an open file."""
    return os.fstat(file.fileno()).st_size


def read_part(file: BinaryIO, part: range) -> bytes:
    """Some bytes of an open file; fewer if it has become shorter."""
    file.seek(part.start)
    return file.read(len(part))


async def send_whole(
    request: web.Request, answer: web.StreamResponse, file: BinaryIO
) -> web.StreamResponse:
    """Send all of an open file."""
    left = size_of(file)
    answer.content_length = left
    file.seek(0)
    # A page that has gone on to the next image ends the connection.
    with suppress(ConnectionError):
        await answer.prepare(request)
        while left and (piece := await in_thread(Threads.FOLDERS, file.read, min(_PIECE, left))):
            await answer.write(piece)
            left -= len(piece)
    if left:
        answer.force_close()  # the file has become shorter
    return answer
