"""The routes that show what is in an allowed folder, before anything has run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiohttp import web

from ..choosing.browse import browse
from ..choosing.nothing_there import NothingThere, nothing_there
from ..comfy.threads import Threads, in_thread
from ..common.errors import FolderNotFound, Refused
from ..common.names import ROUTE_PREFIX
from ..engine.registry import LoopRegistry
from ..files.allowed_paths import AllowedFolders, as_written, resolve_shown
from .answers import answered, as_answer
from .requests import AskedFolder, json_body, loop_of, title_of

_SETTINGS = '{"directory": path} and, as needed, further settings of Directory Iterator'
_PATH = '{"path": a full path, or "" for the folders that may be used}, and "recursive"'


def add_routes(
    table: web.RouteTableDef,
    registry: LoopRegistry,
    allowed_folders: Callable[[], AllowedFolders],
) -> None:
    """Add the routes to `table`."""

    @table.post(f"{ROUTE_PREFIX}/folder")
    @answered
    async def folder(request: web.Request) -> web.Response:
        """The images of a folder under the settings of a Directory Iterator."""
        body = await json_body(request, _SETTINGS)
        asked = AskedFolder.of(body)

        def look() -> dict[str, Any]:
            key = asked.key(registry, allowed_folders())
            registry.note_title(asked.workflow, title_of(body))
            selection = asked.settings.selection()
            known, paths = registry.preview(key, selection)
            return {
                "directory": key.directory,
                "loop": key.id,
                "known": known,
                "forgets": registry.forgets,
                "total": len(paths),
                "new": registry.joining(key, selection, paths),
                "first": paths[0] if paths else None,
                "last": paths[-1] if paths else None,
                "nothing": None if paths else _as_json(nothing_there(key.directory, selection)),
            }

        return as_answer(await in_thread(Threads.FOLDERS, look))

    @table.get(f"{ROUTE_PREFIX}/loops/{{loop}}/folder")
    @answered
    async def folder_of_loop(request: web.Request) -> web.Response:
        """Whether the folder of a loop is there."""
        loop_id = loop_of(request)

        def look() -> dict[str, Any]:
            directory = registry.snapshot(loop_id).directory
            try:
                resolve_shown(directory, allowed_folders())
            except FolderNotFound:
                # No error: a page that shows the loop asks again and again.
                return {"gone": True}
            return {"gone": False}

        return as_answer(await in_thread(Threads.FOLDERS, look))

    @table.post(f"{ROUTE_PREFIX}/folders/list")
    @answered
    async def list_folders(request: web.Request) -> web.Response:
        """The folders in an allowed folder, or the allowed folders themselves."""
        body = await json_body(request, _PATH)
        path, recursive = body.get("path"), body.get("recursive", False)
        if not isinstance(path, str):
            raise Refused("path must be text.")
        if not isinstance(recursive, bool):
            raise Refused("recursive must be true or false.")

        def look() -> dict[str, Any]:
            allowed = allowed_folders()
            shown = browse(path, allowed, recursive=recursive)
            return {
                "path": shown.path,
                "written": shown.written,
                "parent": shown.parent,
                "folders": [
                    {"name": name, "path": full, "written": as_written(full, allowed)}
                    for name, full in shown.folders
                ],
                "more": shown.more,
                "images": shown.images,
                "within": shown.within and vars(shown.within),
                "nothing": shown.nothing and _as_json(shown.nothing),
                "holds_comfyui": shown.holds_comfyui,
            }

        return as_answer(await in_thread(Threads.FOLDERS, look))


def _as_json(nothing: NothingThere) -> dict[str, Any]:
    return {
        "why": nothing.why.value,
        "images": nothing.images,
        "folders": nothing.folders,
        "kinds": [{"kind": kind, "count": count} for kind, count in nothing.kinds],
    }
