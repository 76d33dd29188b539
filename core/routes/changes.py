"""The routes that change a loop or check it for new files."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiohttp import web

from ..comfy.threads import Threads, in_thread
from ..common.errors import PathRefused, Refused
from ..common.names import ROUTE_PREFIX
from ..engine.registry import LoopRegistry
from ..files.allowed_paths import AllowedFolders, check_source_file
from ..model.loop_key import TYPED_TEXT
from ..turn.preview import Folders
from .answers import Handler, answered, as_answer
from .asked_items import AskedItems
from .export import arrived_as_json, as_json
from .requests import checked_id, json_body

_LOOP = '{"loop": id}, or {"directory": path, "loop_name": name, "workflow": id}'
_IMAGE = '{"loop": id, "path": path}'


def add_routes(
    table: web.RouteTableDef,
    registry: LoopRegistry,
    allowed_folders: Callable[[], AllowedFolders],
    folders: Folders,
) -> None:
    """Add the routes to `table`; `folders` are those that pages show files from."""

    def check_folder(loop_id: str) -> None:
        # It may have been replaced by a link, or removed from the list, since the loop's last run.
        directory = registry.full_snapshot(loop_id).directory
        if directory != TYPED_TEXT:
            check_source_file(directory, allowed_folders())

    def start_over(loop_id: str) -> dict[str, Any]:
        check_folder(loop_id)
        return as_json(registry.start_over(loop_id), folders)

    def watch(loop_id: str) -> dict[str, Any]:
        """Whether new files have arrived for a loop and are complete."""
        check_folder(loop_id)
        return arrived_as_json(registry.watch(loop_id))

    def forget(loop_id: str) -> dict[str, Any]:
        registry.check_at_rest(loop_id)
        registry.forget(loop_id)
        return {"forgotten": loop_id}

    def retry(loop_id: str) -> dict[str, Any]:
        try:
            check_folder(loop_id)
        except PathRefused:
            # The run will be refused with the reason; until then nothing is looked at.
            return as_json(registry.retry_failed(loop_id, looks=False), folders)
        return as_json(registry.retry_failed(loop_id), folders)

    def undo(loop_id: str) -> dict[str, Any]:
        return as_json(registry.undo_start_over(loop_id), folders)

    on_a_loop = functools.partial(_on_a_loop, registry=registry, allowed_folders=allowed_folders)
    table.post(f"{ROUTE_PREFIX}/loops/reset")(on_a_loop(start_over))
    table.post(f"{ROUTE_PREFIX}/loops/watch")(on_a_loop(watch))
    table.post(f"{ROUTE_PREFIX}/loops/retry")(on_a_loop(retry))
    in_store = functools.partial(on_a_loop, threads=Threads.STORE)
    table.post(f"{ROUTE_PREFIX}/loops/undo_reset")(in_store(undo))
    table.post(f"{ROUTE_PREFIX}/loops/forget")(in_store(forget))

    @table.post(f"{ROUTE_PREFIX}/loops/skip")
    @answered
    async def skip(request: web.Request) -> web.Response:
        """Skip the image that a run stopped on."""
        loop_id, path = _image(await json_body(request, _IMAGE))
        return as_answer(await in_thread(Threads.STORE, _skip, registry, folders, loop_id, path))


def _skip(registry: LoopRegistry, folders: Folders, loop_id: str, path: str) -> dict[str, Any]:
    return as_json(registry.skip(loop_id, path), folders)


def _on_a_loop(
    action: Callable[[str], dict[str, Any]],
    registry: LoopRegistry,
    allowed_folders: Callable[[], AllowedFolders],
    threads: Threads = Threads.FOLDERS,
) -> Handler[web.StreamResponse]:
    """A handler that responds with the result of `action` for the id of the requested loop."""

    @answered
    async def handler(request: web.Request) -> web.Response:
        body = await json_body(request, _LOOP)

        def work() -> dict[str, Any]:
            return action(_loop_id(body, registry, allowed_folders()))

        return as_answer(await in_thread(threads, work))

    return handler


def _loop_id(body: Mapping[str, Any], registry: LoopRegistry, allowed: AllowedFolders) -> str:
    """The id of the loop named in a request's body."""
    if "loop" in body:
        loop_id = body["loop"]
    elif "directory" in body:
        asked = AskedItems.of(body, _no_files, {"directory", "loop_name"})
        loop_id = asked.key(registry, allowed).id
    else:
        loop_id = None
    if not isinstance(loop_id, str):
        raise Refused(f"Send {_LOOP}.")
    return checked_id(loop_id)


def _no_files(_kind: str, _patterns: Sequence[str]) -> tuple[str, ...]:
    """A loop is not told from others by the values of its variants."""
    return ()


def _image(body: Mapping[str, Any]) -> tuple[str, str]:
    """The loop and the image named in a request's body."""
    loop_id, path = body.get("loop"), body.get("path")
    if not isinstance(loop_id, str) or not isinstance(path, str):
        raise Refused(f"Send {_IMAGE}.")
    return checked_id(loop_id), path
