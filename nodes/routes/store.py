"""The route that tells which store the server's loops are kept in."""

from __future__ import annotations

import asyncio

from aiohttp import web

from ..loop.registry import LoopRegistry
from ..names import ROUTE_PREFIX
from .answers import answered, as_answer


def add_routes(table: web.RouteTableDef, registry: LoopRegistry) -> None:
    """Add the route to `table`."""

    @table.get(f"{ROUTE_PREFIX}/store")
    @answered
    async def store(_request: web.Request) -> web.Response:
        """Its id: servers that give the same one share their loops."""
        return as_answer({"id": await asyncio.to_thread(registry.store_id)})
