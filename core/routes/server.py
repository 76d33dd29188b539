"""The routes about the server: its memory for images, and its store."""

from __future__ import annotations

from aiohttp import web

from ..background.budget import MemoryBudget
from ..comfy.threads import Threads, in_thread
from ..common.names import ROUTE_PREFIX
from ..engine.registry import LoopRegistry
from .answers import answered, as_answer


def add_routes(table: web.RouteTableDef, registry: LoopRegistry, budget: MemoryBudget) -> None:
    """Add the routes to `table`."""

    @table.get(f"{ROUTE_PREFIX}/memory")
    @answered
    async def memory(_request: web.Request) -> web.Response:
        """The memory taken by images that are read ahead or wait to be written."""
        return as_answer({"limit": budget.limit, "taken": budget.taken, "most": budget.most})

    @table.get(f"{ROUTE_PREFIX}/store")
    @answered
    async def store(_request: web.Request) -> web.Response:
        """The store's id: servers with the same one share their loops."""
        return as_answer({"id": await in_thread(Threads.STORE, registry.store_id)})
