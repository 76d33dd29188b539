"""The routes that change a loop, or look whether there is something to do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from ..io.paths import AllowedFolders, check_source_file, resolve_source
from ..loop.export import arrived_as_json, as_json
from ..loop.registry import LoopRegistry
from ..loop.state import LoopKey
from ..names import ROUTE_PREFIX
from .answers import Refused, answered, as_answer
from .requests import checked_id, json_body

_LOOP = '{"loop": id}, or {"directory": path, "loop_name": name}'
_IMAGE = '{"loop": id, "path": path}'


def add_routes(
    table: web.RouteTableDef,
    registry: LoopRegistry,
    allowed_folders: Callable[[], AllowedFolders],
) -> None:
    """Add the routes to `table`."""

    def check_folder(loop_id: str) -> None:
        # It may have been swapped for a link, or taken off the list, since the loop's last run.
        check_source_file(registry.snapshot(loop_id).directory, allowed_folders())

    @table.post(f"{ROUTE_PREFIX}/loops/reset")
    @answered
    async def reset(request: web.Request) -> web.Response:
        """Start a loop over."""

        def start_over(loop_id: str) -> dict[str, Any]:
            check_folder(loop_id)
            return as_json(registry.start_over(loop_id))

        return await _with_named(request, allowed_folders, start_over)

    @table.post(f"{ROUTE_PREFIX}/loops/watch")
    @answered
    async def watch(request: web.Request) -> web.Response:
        """Whether new files have come to a loop, and are whole."""

        def look(loop_id: str) -> dict[str, Any]:
            check_folder(loop_id)
            return arrived_as_json(registry.watch(loop_id))

        return await _with_named(request, allowed_folders, look)

    @table.post(f"{ROUTE_PREFIX}/loops/retry")
    @answered
    async def retry(request: web.Request) -> web.Response:
        """Have the failed images of a loop taken again."""
        return await _with_named(
            request, allowed_folders, lambda loop_id: as_json(registry.retry_failed(loop_id))
        )

    @table.post(f"{ROUTE_PREFIX}/loops/forget")
    @answered
    async def forget(request: web.Request) -> web.Response:
        """Forget a loop."""

        def forgotten(loop_id: str) -> dict[str, Any]:
            registry.forget(loop_id)
            return {"forgotten": loop_id}

        return await _with_named(request, allowed_folders, forgotten)

    @table.post(f"{ROUTE_PREFIX}/loops/skip")
    @answered
    async def skip(request: web.Request) -> web.Response:
        """Give up the image that a run stopped on."""
        loop_id, path = _image(await json_body(request, _IMAGE))
        return as_answer(as_json(await asyncio.to_thread(registry.skip, loop_id, path)))


async def _with_named(
    request: web.Request,
    allowed_folders: Callable[[], AllowedFolders],
    call: Callable[[str], dict[str, Any]],
) -> web.Response:
    """Answer with what `call` returns for the id of the loop that a request names."""
    body = await json_body(request, _LOOP)
    if not _names_a_loop(body):
        raise Refused(f"Send {_LOOP}.")

    def named() -> dict[str, Any]:
        loop_id = body.get("loop")
        if loop_id is None:
            folder = resolve_source(body["directory"], allowed_folders())
            loop_id = LoopKey(body.get("loop_name", "").strip(), folder).id
        return call(checked_id(loop_id))

    # In a thread, since it may list a folder.
    return as_answer(await asyncio.to_thread(named))


def _names_a_loop(body: Mapping[str, Any]) -> bool:
    named = [body[name] for name in ("loop", "directory", "loop_name") if name in body]
    return all(isinstance(value, str) for value in named) and bool({"loop", "directory"} & {*body})


def _image(body: Mapping[str, Any]) -> tuple[str, str]:
    """The loop and the image that a body names."""
    loop_id, path = body.get("loop"), body.get("path")
    if not isinstance(loop_id, str) or not isinstance(path, str):
        raise Refused(f"Send {_IMAGE}.")
    return checked_id(loop_id), path
