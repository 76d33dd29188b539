"""The route that tells what images take."""

from __future__ import annotations

from aiohttp import web

from ..background.budget import MemoryBudget
from ..common.names import ROUTE_PREFIX
from .answers import answered, as_answer


def add_routes(table: web.RouteTableDef, budget: MemoryBudget) -> None:
    """Add the route to `table`."""

    @table.get(f"{ROUTE_PREFIX}/memory")
    @answered
    async def memory(_request: web.Request) -> web.Response:
        """What images take that are read ahead or wait to be written."""
        return as_answer({"limit": budget.limit, "taken": budget.taken, "most": budget.most})
