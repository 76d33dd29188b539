"""The routes that tell what is in an allowed folder, before anything has run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, TypeVar

from aiohttp import web

from ..choosing.browse import browse
from ..comfy.refused import Refused
from ..comfy.threads import Threads, in_thread
from ..common.names import ROUTE_PREFIX
from ..engine.registry import LoopRegistry
from ..files.paths import AllowedFolders, resolve_source
from ..model.selection import Selection
from .answers import answered, as_answer
from .requests import LARGEST_NUMBER, json_body

Choice = TypeVar("Choice", bound=Enum)

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
        """What a folder holds under the settings of a Directory Iterator."""
        body = await json_body(request, _SETTINGS)
        selection = _selection(body)
        name, directory = _text(body, "loop_name", ""), _text(body, "directory", None)

        def look() -> dict[str, Any]:
            key = registry.key(name, resolve_source(directory, allowed_folders()))
            known, paths = registry.preview(key, selection)
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
        """The folders in an allowed folder, or the allowed folders."""
        path = _text(await json_body(request, _PATH), "path", None)
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


def _selection(body: Mapping[str, Any]) -> Selection:
    usual = Selection()
    return Selection(
        filter=_choice(body, "filter", usual.filter),
        custom_pattern=_text(body, "custom_pattern", usual.custom_pattern),
        recursive=_flag(body, "recursive", default=usual.recursive),
        sort_by=_choice(body, "sort_by", usual.sort_by),
        descending=_flag(body, "descending", default=usual.descending),
        start_index=_whole(body, "start_index", usual.start_index),
        limit=_whole(body, "limit", usual.limit),
    )


def _text(body: Mapping[str, Any], name: str, default: str | None) -> str:
    value = body.get(name, default)
    if not isinstance(value, str):
        raise Refused(f"{name} has to be a text.")
    return value


def _flag(body: Mapping[str, Any], name: str, *, default: bool) -> bool:
    value = body.get(name, default)
    if not isinstance(value, bool):
        raise Refused(f"{name} has to be true or false.")
    return value


def _whole(body: Mapping[str, Any], name: str, default: int) -> int:
    value = body.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= LARGEST_NUMBER:
        raise Refused(f"{name} has to be a whole number from 0 to {LARGEST_NUMBER}.")
    return value


def _choice(body: Mapping[str, Any], name: str, default: Choice) -> Choice:
    value = body.get(name, default.value)
    for choice in type(default):
        if choice.value == value:
            return choice
    options = ", ".join(repr(choice.value) for choice in type(default))
    raise Refused(f"{name} has to be one of {options}.")
