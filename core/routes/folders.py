"""The routes that show what is in an allowed folder, before anything has run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiohttp import web

from ..choosing.browse import browse
from ..comfy.threads import Threads, in_thread
from ..common.errors import Refused
from ..common.names import ROUTE_PREFIX
from ..engine.registry import LoopRegistry
from ..files.allowed_paths import AllowedFolders, resolve_source
from ..model.directory_iterator_settings import LISTING, IteratorSettings
from .answers import answered, as_answer
from .requests import json_body

_SETTINGS = '{"directory": path} and, as needed, further settings of Directory Iterator'
_PATH = '{"path": a full path, or "" for the folders that may be used}'


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
        settings = IteratorSettings.of_json(body, LISTING)

        def look() -> dict[str, Any]:
            folder = resolve_source(settings.directory, allowed_folders())
            key = registry.key(settings.loop_name, folder)
            known, paths = registry.preview(key, settings.selection())
            return {
                "directory": key.directory,
                "loop": key.id,
                "known": known,
                "forgets": registry.forgets,
                "total": len(paths),
                "first": paths[0] if paths else None,
                "last": paths[-1] if paths else None,
            }

        return as_answer(await in_thread(Threads.FOLDERS, look))

    @table.post(f"{ROUTE_PREFIX}/folders/list")
    @answered
    async def list_folders(request: web.Request) -> web.Response:
        """The folders in an allowed folder, or the allowed folders themselves."""
        path = (await json_body(request, _PATH)).get("path")
        if not isinstance(path, str):
            raise Refused("path must be text.")
        shown = await in_thread(Threads.FOLDERS, lambda: browse(path, allowed_folders()))
        return as_answer(
            {
                "path": shown.path,
                "parent": shown.parent,
                "folders": [{"name": name, "path": full} for name, full in shown.folders],
                "more": shown.more,
                "images": shown.images,
                "holds_comfyui": shown.holds_comfyui,
            }
        )
