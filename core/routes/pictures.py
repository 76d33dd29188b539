"""The routes for looking at an image and its results in full."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, BinaryIO

from aiohttp import ETag, web

from ..comfy.threads import Threads, in_thread
from ..common.errors import PathRefused, UnreadableImage
from ..common.names import ROUTE_PREFIX
from ..engine.registry import LoopRegistry
from ..files.allowed_paths import AllowedFolders, check_source_file
from ..files.unreadable import opened_image
from ..pictures.shown import Look, Sent, is_transparent, look, to_send
from ..pictures.thumbnail import thumbnail_pool
from .answers import answered, as_answer
from .asked_picture import asked_picture, made_in
from .requests import loop_of

MOST_RESULTS = 200
"""The most results of an image that are looked at."""

_PART = 2**18
_SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    # May be cached but must be revalidated: the next run may write another file of that name.
    "Cache-Control": "private, no-cache",
}
"""A file may be opened in a tab of its own: nothing in it may run there."""


def add_routes(
    table: web.RouteTableDef,
    registry: LoopRegistry,
    allowed_folders: Callable[[], AllowedFolders],
) -> None:
    """Add the routes to `table`."""
    pool = thumbnail_pool(1)

    @table.get(f"{ROUTE_PREFIX}/loops/{{loop}}/files")
    @answered
    async def files(request: web.Request) -> web.Response:
        """What is known of an image's file, and of its results' files."""
        loop_id, path = loop_of(request), request.query.get("path", "")

        def ask() -> dict[str, Any]:
            source, results = registry.files_of(loop_id, path)
            return _looked_at(source, results[:MOST_RESULTS], allowed_folders())

        return as_answer(await in_thread(Threads.FOLDERS, ask))

    @table.get(f"{ROUTE_PREFIX}/loops/{{loop}}/picture")
    @answered
    async def picture(request: web.Request) -> web.StreamResponse:
        """An image, or one of its results, in full."""
        asked = asked_picture(request)

        def make() -> tuple[Sent | str, BinaryIO | None]:
            with asked.opened(registry, allowed_folders()) as (named, opened):
                sent = to_send(opened, named, asked.known.__contains__)
                if isinstance(sent, str) or sent.data is not None:
                    return sent, None
                # The file that was checked is the one that is sent, whatever its name leads to now.
                whole = os.fdopen(os.dup(opened.fileno()), "rb")
                whole.seek(0)
                return sent, whole

        made = await made_in(pool, make)
        if made is None:
            return web.Response(status=204)
        sent, file = made
        if isinstance(sent, str):
            return _tagged(web.Response(status=304), sent)
        if file is None:
            text = "utf-8" if sent.media_type.startswith("text/") else None
            body = web.Response(body=sent.data, content_type=sent.media_type, charset=text)
            return _tagged(body, sent.tag)
        with file:
            return await _streamed(request, sent, file)


def _looked_at(source: str, results: Sequence[str], allowed: AllowedFolders) -> dict[str, Any]:
    """An image's file and those of its results."""
    own = _described(source, allowed)
    files = [_described(result, allowed) for result in results]
    if own["transparent"] and not all(file["transparent"] for file in files):
        # An image that may be transparent, and is not anywhere, has nothing to lose.
        own["transparent"] = _is_transparent(source, allowed)
    for file in files:
        is_opaque = file["shows"] == "picture" and not file["transparent"]
        file["lost_transparency"] = own["transparent"] and is_opaque
    return {"source": own, "results": files}


def _described(named: str, allowed: AllowedFolders) -> dict[str, Any]:
    """A file for the page: what it shows, its size, or why it shows nothing."""
    found, reason = Look("nothing", 0), ""
    try:
        with opened_image(check_source_file(named, allowed)) as opened:
            found = look(opened, named)
    except UnreadableImage as error:
        reason = error.reason
    except PathRefused as error:
        reason = error.elsewhere
    return {
        "path": named,
        "shows": found.shows,
        "bytes": found.nbytes,
        "width": found.width,
        "height": found.height,
        "animated": found.animated,
        "transparent": found.may_be_transparent,
        "lost_transparency": False,
        "reason": reason,
    }


def _is_transparent(named: str, allowed: AllowedFolders) -> bool:
    with suppress(UnreadableImage), opened_image(check_source_file(named, allowed)) as opened:
        return is_transparent(opened)
    return False


async def _streamed(request: web.Request, sent: Sent, file: BinaryIO) -> web.StreamResponse:
    left = os.fstat(file.fileno()).st_size
    answer = _tagged(web.StreamResponse(), sent.tag)
    answer.content_type = sent.media_type
    answer.content_length = left
    # A page that has gone on to the next image ends the connection.
    with suppress(ConnectionError):
        await answer.prepare(request)
        while left and (part := await in_thread(Threads.FOLDERS, file.read, min(_PART, left))):
            await answer.write(part)
            left -= len(part)
    if left:
        answer.force_close()  # the file has become shorter
    return answer


def _tagged(answer: web.StreamResponse, tag: str) -> web.StreamResponse:
    answer.etag = ETag(tag)
    answer.headers.update(_SAFE)
    return answer
