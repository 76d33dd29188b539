"""The HTTP routes: a loop's state, and starting it over."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from aiohttp import web

from .io.paths import AllowedFolders, resolve_source
from .loop.errors import BatchLoopError, PathRefused, UnknownLoop
from .loop.registry import LoopRegistry
from .loop.state import Item, LoopKey, Snapshot
from .names import ROUTE_PREFIX


def add_routes(
    table: web.RouteTableDef,
    registry: LoopRegistry,
    allowed_folders: Callable[[], AllowedFolders],
) -> None:
    """Add the pack's routes to `table`."""

    @table.get(f"{ROUTE_PREFIX}/loops")
    async def loops(_request: web.Request) -> web.Response:
        """Every loop that the server knows."""
        snapshots = await asyncio.to_thread(registry.snapshots)
        return web.json_response({"loops": [as_json(snapshot) for snapshot in snapshots]})

    @table.get(f"{ROUTE_PREFIX}/loops/{{loop}}")
    async def loop(request: web.Request) -> web.Response:
        """One loop."""
        return await _answer(registry.snapshot, request.match_info["loop"])

    @table.post(f"{ROUTE_PREFIX}/loops/reset")
    async def reset(request: web.Request) -> web.Response:
        """Start a loop over: `{"loop": id}`, or `{"directory": path, "loop_name": name}`."""
        # A page elsewhere can make a browser post a form here, but not JSON.
        if request.content_type != "application/json":
            return _error("Send the loop as JSON, with content type application/json.", 415)
        try:
            body = await request.json()
        except json.JSONDecodeError as error:
            return _error(f"The body is not JSON: {error}.", 400)
        if not isinstance(body, dict) or not ({"loop", "directory"} & body.keys()):
            message = 'Send {"loop": id}, or {"directory": path, "loop_name": name}.'
            return _error(message, 400)

        def start_over() -> Snapshot:
            loop_id = str(body.get("loop") or "")
            if not loop_id:
                folder = resolve_source(str(body["directory"]), allowed_folders())
                loop_id = LoopKey(str(body.get("loop_name") or "").strip(), folder).id
            return registry.start_over(loop_id)

        return await _answer(start_over)


def as_json(snapshot: Snapshot) -> dict[str, Any]:
    """A snapshot as the routes give it."""
    return {
        "id": snapshot.id,
        "name": snapshot.name,
        "directory": snapshot.directory,
        "batch": snapshot.batch,
        "complete": snapshot.complete,
        "seconds": round(snapshot.seconds, 3),
        "total": snapshot.counts.total,
        **asdict(snapshot.counts),
        "failures": [_failed(item) for item in snapshot.failures],
    }


def _failed(item: Item) -> dict[str, Any]:
    failure = item.failure
    return {
        "path": item.path,
        "attempts": item.attempts,
        "reason": failure.reason if failure else "",
        "node_id": failure.node_id if failure else None,
        "node_type": failure.node_type if failure else None,
    }


async def _answer(call: Callable[..., Snapshot], *arguments: str) -> web.Response:
    """Answer with the snapshot that `call` returns; in a thread, since it may list a folder."""
    try:
        snapshot = await asyncio.to_thread(call, *arguments)
    except UnknownLoop as error:
        return _error(str(error), 404)
    except PathRefused as error:
        return _error(str(error), 403)
    except BatchLoopError as error:
        return _error(str(error), 400)
    return web.json_response(as_json(snapshot))


def _error(message: str, status: int) -> web.Response:
    return web.json_response({"error": message}, status=status)
