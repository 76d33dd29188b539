"""The HTTP routes, through which pages and scripts read and change loops."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from ..background.budget import MemoryBudget
from ..engine.registry import LoopRegistry
from ..files.allowed_paths import AllowedFolders
from ..pictures.frames import FramePictures
from ..sources.rows import Rows
from ..sources.variant_values import FilesOf
from ..turn.preview import Folders
from . import changes, chooser, folders, items_to_try, loops, pictures, server, tables, thumbnails


def add_routes(  # noqa: PLR0913, PLR0917 - each route needs one or two of them
    table: web.RouteTableDef,
    registry: LoopRegistry,
    allowed_folders: Callable[[], AllowedFolders],
    budget: MemoryBudget,
    rows: Rows,
    count_frames: Callable[[str], int],
    files_of: FilesOf,
    shown_from: Folders,
) -> None:
    """Add the pack's routes to `table`.

    `count_frames` says how many frames the film at a real path has, and raises UnreadableFilm;
    `files_of` gives the files that ComfyUI lists; `shown_from` are the folders that it shows files
    from.
    """
    frames = FramePictures()
    loops.add_routes(table, registry, shown_from)
    changes.add_routes(table, registry, allowed_folders, shown_from)
    listed = items_to_try.Listed(registry.source)
    thumbnails.add_routes(table, registry, allowed_folders, listed, frames)
    pictures.add_routes(table, registry, allowed_folders, rows, frames)
    folders.add_routes(table, registry, allowed_folders, listed, count_frames, files_of)
    items_to_try.add_routes(table, registry, allowed_folders, listed, rows, files_of)
    tables.add_routes(table, registry, allowed_folders, rows, files_of)
    chooser.add_routes(table, allowed_folders)
    server.add_routes(table, registry, budget)
