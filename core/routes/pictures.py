"""The routes for looking at an image and its results in full."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, BinaryIO

from aiohttp import ETag, web

from ..comfy.threads import Threads, in_thread
from ..common.errors import BatchLoopError, PathRefused, UnreadableImage
from ..common.names import ROUTE_PREFIX
from ..engine.registry import LoopRegistry
from ..files.allowed_paths import AllowedFolders, check_source_file
from ..files.unreadable import opened_image
from ..model.titles import is_row
from ..pictures.frames import FramePictures
from ..pictures.shown import Look, Sent, frame_to_send, is_transparent, look, to_send
from ..pictures.thumbnail import thumbnail_pool
from ..sources.rows import Rows
from .answers import answered, as_answer
from .asked_picture import AskedPicture, asked_picture, made_in
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
    rows: Rows,
    frames: FramePictures,
) -> None:
    """Add the routes to `table`."""
    pool = thumbnail_pool(1)

    @table.get(f"{ROUTE_PREFIX}/loops/{{loop}}/files")
    @answered
    async def files(request: web.Request) -> web.Response:
        """What is known of an image's file, and of its results' files."""
        loop_id, path = loop_of(request), request.query.get("path", "")

        def ask() -> dict[str, Any]:
            return _files(registry, rows, loop_id, path, allowed_folders())

        return as_answer(await in_thread(Threads.FOLDERS, ask))

    @table.get(f"{ROUTE_PREFIX}/loops/{{loop}}/picture")
    @answered
    async def picture(request: web.Request) -> web.StreamResponse:
        """An image, or one of its results, in full."""
        asked = asked_picture(request)
        if asked.output is None and is_row(asked.path):
            whole = await in_thread(
                Threads.FOLDERS, _text_of_row, registry, rows, asked.loop, asked.path
            )
            return _as_text(whole)

        def make() -> tuple[Sent | str, BinaryIO | None]:
            return _made(asked, registry, allowed_folders(), frames)

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


def _made(
    asked: AskedPicture, registry: LoopRegistry, allowed: AllowedFolders, frames: FramePictures
) -> tuple[Sent | str, BinaryIO | None]:
    """What to answer with, and the file if that is to be sent as it is; raises like `to_send`."""
    frame = asked.frame(registry, allowed)
    if frame is not None:
        return frame_to_send(frames, *frame, asked.known.__contains__), None
    with asked.opened(registry, allowed) as (named, opened):
        sent = to_send(opened, named, asked.known.__contains__)
        if isinstance(sent, str) or sent.data is not None:
            return sent, None
        # The file that was checked is the one that is sent, whatever its name leads to now.
        whole = os.fdopen(os.dup(opened.fileno()), "rb")
        whole.seek(0)
        return sent, whole


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


def _files(
    registry: LoopRegistry, rows: Rows, loop_id: str, path: str, allowed: AllowedFolders
) -> dict[str, Any]:
    source, results = registry.files_of(loop_id, path)
    shown = results[:MOST_RESULTS]
    if is_row(path):
        text = partial(_text_of_row, registry, rows, loop_id, path)
        return _beside_row(source, text, shown, allowed)
    return _looked_at(source, shown, allowed)


def _text_of_row(registry: LoopRegistry, rows: Rows, loop_id: str, path: str) -> str:
    """What is in a row of a loop; raises UnknownItem, and what reading the table raises."""
    key, selection = registry.reading_of(loop_id, path)
    return rows.row(key.of_entries, selection, key.entry(path)).whole_text


def _as_text(text: str) -> web.Response:
    return web.Response(
        body=text.encode(), content_type="text/plain", charset="utf-8", headers=_SAFE
    )


def _beside_row(
    table: str, text: Callable[[], str], results: Sequence[str], allowed: AllowedFolders
) -> dict[str, Any]:
    """A row, which is a text in a table, and the files of its results."""
    own = {**_nothing(table), "shows": "text"}
    try:
        own["bytes"] = len(text().encode())
    except BatchLoopError as error:
        own |= {"shows": "nothing", "reason": getattr(error, "reason", error.elsewhere)}
    return {"source": own, "results": [_described(result, allowed) for result in results]}


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
        **_nothing(named),
        "shows": found.shows,
        "bytes": found.nbytes,
        "width": found.width,
        "height": found.height,
        "animated": found.animated,
        "transparent": found.may_be_transparent,
        "reason": reason,
    }


def _nothing(named: str) -> dict[str, Any]:
    """What a page is told of a file that shows nothing."""
    return {
        "path": named,
        "shows": "nothing",
        "bytes": 0,
        "width": 0,
        "height": 0,
        "animated": False,
        "transparent": False,
        "lost_transparency": False,
        "reason": "",
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
