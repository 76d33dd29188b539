"""The route that tells which store the server's loops are kept in."""

from __future__ import annotations

from aiohttp import web

from ..comfy.threads import Threads, in_thread
from ..common.names import ROUTE_PREFIX
from ..engine.registry import LoopRegistry
from .answers import answered, as_answer


def add_routes(table: web.RouteTableDef, registry: LoopRegistry) -> None:
    """Add the route to `table`."""

    @table.get(f"{ROUTE_PREFIX}/store")
    @answered
    async def store(_request: web.Request) -> web.Response:
        """Its id: servers that give the same one share their loops."""
        return as_answer({"id": await in_thread(Threads.STORE, registry.store_id)})
