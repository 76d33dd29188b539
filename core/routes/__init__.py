"""The HTTP routes, through which pages and scripts read and change loops."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from ..background.budget import MemoryBudget
from ..engine.registry import LoopRegistry
from ..files.allowed_paths import AllowedFolders
from . import changes, chooser, folder_images, folders, loops, pictures, server, thumbnails


def add_routes(
    table: web.RouteTableDef,
    registry: LoopRegistry,
    allowed_folders: Callable[[], AllowedFolders],
    budget: MemoryBudget,
) -> None:
    """Add the pack's routes to `table`."""
    loops.add_routes(table, registry)
    changes.add_routes(table, registry, allowed_folders)
    listed = folder_images.Listed()
    thumbnails.add_routes(table, registry, allowed_folders, listed)
    pictures.add_routes(table, registry, allowed_folders)
    folders.add_routes(table, registry, allowed_folders)
    folder_images.add_routes(table, registry, allowed_folders, listed)
    chooser.add_routes(table, allowed_folders)
    server.add_routes(table, registry, budget)
