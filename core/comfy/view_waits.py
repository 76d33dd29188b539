"""Lets ComfyUI's `/view` wait for a result that is still being written."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from typing import Protocol

from aiohttp import web

from ..background.write_behind import WriteBehind
from .threads import Threads, in_thread

_ROUTES = frozenset({"/view", "/api/view"})
_LONGEST_SECONDS = 30.0
"""A disk that hangs must not block the page's connections forever."""

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Folders(Protocol):
    """Tells where ComfyUI's folders are."""

    def folder(self, kind: str) -> str | None:
        """The folder of "output", "input" or "temp"; None for any other word."""


def waits_for_writes(
    writes: WriteBehind, folders: Folders
) -> Callable[..., Awaitable[web.StreamResponse]]:
    """A middleware that lets a request for a file wait while that file is being written.

    It opens no file and changes no response: ComfyUI's own handler decides as always.
    """

    @web.middleware
    async def middleware(request: web.Request, handler: _Handler) -> web.StreamResponse:
        if request.path in _ROUTES and not writes.idle():
            await in_thread(Threads.VIEWS, _wait, request, writes, folders)
        return await handler(request)

    return middleware


def _wait(request: web.Request, writes: WriteBehind, folders: Folders) -> None:
    target = _target(request, folders)
    if target is not None:
        writes.wait_for_file(target, _LONGEST_SECONDS)


def _target(request: web.Request, folders: Folders) -> str | None:
    """The path of the file that a request asks for; None if it names no folder."""
    query = request.query
    folder = folders.folder(query.get("type", "output"))
    if folder is None:
        return None
    # Only compared with the pack's own paths, never opened.
    name = os.path.join(query.get("subfolder", ""), query.get("filename", ""))
    return os.path.normpath(os.path.join(os.path.realpath(folder), name))
