"""The routes for looking at an image and its results in full, and for playing films and sounds."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO

from aiohttp import web

from ..comfy.threads import Threads, in_thread
from ..common.names import ROUTE_PREFIX
from ..engine.registry import LoopRegistry
from ..files.allowed_paths import AllowedFolders
from ..model.titles import is_frame, is_row
from ..pictures.frames import FramePictures
from ..pictures.played import media_type
from ..pictures.shown import Sent, frame_to_send, to_send, whole_tag
from ..pictures.thumbnail import thumbnail_pool
from ..sources.rows import Rows
from .answers import answered, as_answer
from .asked_picture import AskedPicture, asked_picture, if_there, made_in
from .facts.item_files import ItemFiles, text_of_row
from .requests import loop_of
from .sending.asked_part import asked_part
from .sending.sent_file import SAFE, kept_open, read_part, safely, send_whole, size_of


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
            known = ItemFiles(registry, rows, frames, allowed_folders())
            return known.of(loop_id, path)

        return as_answer(await in_thread(Threads.FOLDERS, ask))

    @table.get(f"{ROUTE_PREFIX}/loops/{{loop}}/picture")
    @answered
    async def picture(request: web.Request) -> web.StreamResponse:
        """An image, or one of its results, in full."""
        asked = asked_picture(request)
        if asked.output is None and is_row(asked.path):
            whole = await if_there(
                in_thread(Threads.FOLDERS, text_of_row, registry, rows, asked.loop, asked.path)
            )
            return web.Response(status=204) if whole is None else _as_text(whole)

        def make() -> tuple[Sent | str, BinaryIO | None]:
            return _made(asked, registry, allowed_folders(), frames)

        made = await made_in(pool, make)
        return web.Response(status=204) if made is None else await _shown(request, *made)

    @table.get(f"{ROUTE_PREFIX}/loops/{{loop}}/media")
    @answered
    async def media(request: web.Request) -> web.StreamResponse:
        """A film or a sound, or a part of it."""
        asked = asked_picture(request)

        def open_it() -> _Media | None:
            return _media(asked, registry, allowed_folders())

        opened = await if_there(in_thread(Threads.FOLDERS, open_it))
        if opened is None:
            return web.Response(status=204)
        with opened.file:
            return await _played(request, asked, opened)


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
        return sent, kept_open(opened)


async def _shown(
    request: web.Request, sent: Sent | str, file: BinaryIO | None
) -> web.StreamResponse:
    """Send a picture or a text: `file` as it is, if there is one."""
    if isinstance(sent, str):
        return safely(web.Response(status=304), sent)
    if file is None:
        text = "utf-8" if sent.media_type.startswith("text/") else None
        body = web.Response(body=sent.data, content_type=sent.media_type, charset=text)
        return safely(body, sent.tag)
    with file:
        answer = safely(web.StreamResponse(), sent.tag, sent.media_type)
        return await send_whole(request, answer, file)


@dataclass(frozen=True)
class _Media:
    """A film or a sound that is open, to be played."""

    tag: str
    media_type: str
    file: BinaryIO


def _media(asked: AskedPicture, registry: LoopRegistry, allowed: AllowedFolders) -> _Media | None:
    """The film or sound that a request asks for; None if no browser plays it.

    Raises like `AskedPicture.opened`.
    """
    if asked.output is None and (is_frame(asked.path) or is_row(asked.path)):
        return None  # a part of a film, or of a table
    with asked.opened(registry, allowed) as (_, opened):
        played_as = media_type(opened)
        tag = whole_tag(os.fstat(opened.fileno()))
        return _Media(tag, played_as, kept_open(opened)) if played_as else None


async def _played(request: web.Request, asked: AskedPicture, opened: _Media) -> web.StreamResponse:
    """Send a film or a sound, or the part of it that is asked for."""
    file, tag = opened.file, opened.tag
    if tag in asked.known:
        return safely(web.Response(status=304), tag)
    size = size_of(file)
    part = asked_part(request, tag, size)
    if part is None:
        answer = safely(web.StreamResponse(), tag, opened.media_type)
        answer.headers["Accept-Ranges"] = "bytes"
        return await send_whole(request, answer, file)
    data = await in_thread(Threads.FOLDERS, read_part, file, part)
    if not data:
        return web.Response(status=416, headers={"Content-Range": f"bytes */{size}"})
    last = part.start + len(data) - 1
    found = {"Content-Range": f"bytes {part.start}-{last}/{size}"}
    body = web.Response(status=206, body=data, headers=found)
    return safely(body, tag, opened.media_type)


def _as_text(text: str) -> web.Response:
    return web.Response(
        body=text.encode(), content_type="text/plain", charset="utf-8", headers=SAFE
    )
