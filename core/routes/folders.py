"""The routes that show what is in an allowed folder, before anything has run."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from aiohttp import web

from ..choosing.browse import browse
from ..choosing.nothing_there import NothingThere, nothing_there
from ..comfy.threads import Threads, in_thread
from ..common.errors import FolderNotFound, Refused
from ..common.file_kinds import VIDEO_EXTENSIONS, FileKind
from ..common.names import ROUTE_PREFIX
from ..engine.registry import LoopRegistry
from ..files.allowed_paths import AllowedFolders, as_written, resolve_shown
from ..films.facts import facts
from ..model.loop_key import FRAMES, ROWS, VARIANTS
from ..model.records import Snapshot
from ..model.titles import title_of as item_title
from ..sources.table_files import TABLE_EXTENSIONS, check_table
from ..sources.variant_values import FilesOf
from .answers import answered, as_answer
from .asked_items import LARGEST_BODY, AskedItems, variant_count
from .items_to_try import Listed
from .requests import json_body, loop_of, title_of

_SETTINGS = '{"directory": path} and, as needed, further settings of the iterator'
_PATH = (
    '{"path": a full path, or "" for the folders that may be used}, and "recursive", "files" and '
    '"kind"'
)


_FILES: Mapping[str, Collection[str]] = {
    "": (),
    "tables": TABLE_EXTENSIONS,
    "films": VIDEO_EXTENSIONS,
}
"""Extensions of the files that can be chosen, by what they are."""


def add_routes(  # noqa: PLR0913, PLR0917 - what the answers are made of
    table: web.RouteTableDef,
    registry: LoopRegistry,
    allowed_folders: Callable[[], AllowedFolders],
    listed: Listed,
    count_frames: Callable[[str], int],
    files_of: FilesOf,
) -> None:
    """Add the routes to `table`.

    `count_frames` says how many frames the film at a real path has; raises UnreadableFilm.
    """

    @table.post(f"{ROUTE_PREFIX}/folder")
    @answered
    async def folder(request: web.Request) -> web.Response:
        """The items of a folder, or of a film, under the settings of an iterator."""
        body = await json_body(request, _SETTINGS, LARGEST_BODY)

        def look() -> dict[str, Any]:
            # Variants of files are looked for on the disk.
            asked = AskedItems.of(body, files_of)
            key = asked.key(registry, allowed_folders())
            registry.note_title(asked.workflow, title_of(body))
            selection = asked.selection
            known, paths = registry.preview(key, selection)
            is_film = key.kind == FRAMES
            values = variant_count(asked.variants, has_variants=asked.has_variants)
            if is_film:
                listed.note(key, paths[:1])
            is_nothing = not paths and not is_film
            return {
                "directory": key.directory,
                "loop": key.id,
                "known": known,
                "forgets": registry.forgets,
                "total": len(paths),
                "new": registry.joining(key, selection, paths),
                "same": asked.is_as_batch(registry, key),
                "entries": len(paths) // (values or 1),
                "variants": values,
                "first": item_title(paths[0]) if paths else None,
                "last": item_title(paths[-1]) if paths else None,
                "nothing": (
                    _as_json(nothing_there(key.directory, selection)) if is_nothing else None
                ),
                "film": (
                    _film(key.directory, count_frames, paths[0] if paths else None)
                    if is_film
                    else None
                ),
            }

        return as_answer(await in_thread(Threads.FOLDERS, look))

    @table.get(f"{ROUTE_PREFIX}/loops/{{loop}}/folder")
    @answered
    async def folder_of_loop(request: web.Request) -> web.Response:
        """Whether the folder of a loop, or its table, is there."""
        loop_id = loop_of(request)

        def look() -> dict[str, Any]:
            return {"gone": _is_gone(registry.snapshot(loop_id), allowed_folders())}

        return as_answer(await in_thread(Threads.FOLDERS, look))

    @table.post(f"{ROUTE_PREFIX}/folders/list")
    @answered
    async def list_folders(request: web.Request) -> web.Response:
        """The folders in an allowed folder, or the allowed folders themselves."""
        body = await json_body(request, _PATH)
        path = body.get("path")
        if not isinstance(path, str):
            raise Refused("path must be text.")
        recursive = _flag(body, "recursive")
        named, kind = _named_files(body), _kind(body)

        def look() -> dict[str, Any]:
            allowed = allowed_folders()
            shown = browse(path, allowed, recursive=recursive, named=named, kind=kind)
            return {
                "path": shown.path,
                "written": shown.written,
                "parent": shown.parent,
                "folders": _named(shown.folders, allowed),
                "files": _named(shown.files, allowed),
                "more": shown.more,
                "images": shown.images,
                "within": shown.within and vars(shown.within),
                "nothing": shown.nothing and _as_json(shown.nothing),
                "holds_comfyui": shown.holds_comfyui,
            }

        return as_answer(await in_thread(Threads.FOLDERS, look))


def _flag(body: Mapping[str, Any], name: str) -> bool:
    value = body.get(name, False)
    if not isinstance(value, bool):
        raise Refused(f"{name} must be true or false.")
    return value


def _named_files(body: Mapping[str, Any]) -> Collection[str]:
    """The extensions of the files that a page wants to be named."""
    wanted = body.get("files", "")
    if not isinstance(wanted, str) or wanted not in _FILES:
        raise Refused("files must be tables or films, or left out.")
    return _FILES[wanted]


def _kind(body: Mapping[str, Any]) -> FileKind:
    """What a page wants to be counted."""
    wanted = body.get("kind", "images")
    try:
        return FileKind.IMAGES if wanted == "images" else FileKind(wanted)
    except ValueError:
        raise Refused("kind must be images, videos or audio.") from None


def _film(path: str, count: Callable[[str], int], first: str | None) -> dict[str, Any]:
    """The film at a real path; `first` is the path of its first item. Raises UnreadableFilm."""
    found = facts(path, count=False)
    return {
        "width": found.width,
        "height": found.height,
        "fps": round(float(found.fps), 3),
        "frames": count(path),
        "seconds": round(found.duration, 3),
        "picture": first,
    }


def _is_gone(loop: Snapshot, allowed: AllowedFolders) -> bool:
    try:
        if loop.source.removesuffix(VARIANTS) in {ROWS, FRAMES}:
            check_table(loop.directory, allowed)
        else:
            resolve_shown(loop.directory, allowed)
    except FolderNotFound:
        # No error: a page that shows the loop asks again and again.
        return True
    return False


def _named(found: Iterable[tuple[str, str]], allowed: AllowedFolders) -> list[dict[str, str]]:
    return [
        {"name": name, "path": full, "written": as_written(full, allowed)} for name, full in found
    ]


def _as_json(nothing: NothingThere) -> dict[str, Any]:
    return {
        "why": nothing.why.value,
        "images": nothing.images,
        "folders": nothing.folders,
        "kinds": [{"kind": kind, "count": count} for kind, count in nothing.kinds],
    }
