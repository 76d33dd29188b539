"""The HTTP routes: a loop's state, starting it over, and watching its folder."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable

from aiohttp import web

from .io.budget import MemoryBudget
from .io.paths import AllowedFolders, check_source_file, resolve_source
from .loop.errors import BatchLoopError, PathRefused, StateNotKept, UnknownLoop
from .loop.export import arrived_as_json, as_csv, as_json, as_json_text
from .loop.registry import LoopRegistry
from .loop.state import Arrived, LoopKey, Snapshot
from .names import ROUTE_PREFIX

_LARGEST_BODY = 2**16
"""Bytes; a path and a name are far less."""


def add_routes(
    table: web.RouteTableDef,
    registry: LoopRegistry,
    allowed_folders: Callable[[], AllowedFolders],
    budget: MemoryBudget,
) -> None:
    """Add the pack's routes to `table`."""

    @table.get(f"{ROUTE_PREFIX}/loops")
    async def loops(_request: web.Request) -> web.Response:
        """Every loop that the server knows."""
        try:
            snapshots = await asyncio.to_thread(registry.snapshots)
        except StateNotKept as error:
            return _error(str(error), 503)
        return web.json_response({"loops": [as_json(snapshot) for snapshot in snapshots]})

    @table.get(f"{ROUTE_PREFIX}/loops/{{loop}}")
    async def loop(request: web.Request) -> web.Response:
        """One loop."""
        return await _answer(lambda: registry.snapshot(_checked(request.match_info["loop"])))

    @table.get(f"{ROUTE_PREFIX}/loops/{{loop}}/report.{{kind:json|csv}}")
    async def report(request: web.Request) -> web.StreamResponse:
        """Every item of a loop, as JSON or CSV."""
        return await _report(registry, request.match_info["loop"], request.match_info["kind"])

    @table.get(f"{ROUTE_PREFIX}/memory")
    async def memory(_request: web.Request) -> web.Response:
        """What images take that are read ahead or wait to be written."""
        found = {"limit": budget.limit, "taken": budget.taken, "most": budget.most}
        return web.json_response(found)

    _add_changing(table, registry, allowed_folders)


def _add_changing(
    table: web.RouteTableDef,
    registry: LoopRegistry,
    allowed_folders: Callable[[], AllowedFolders],
) -> None:
    def check_folder(loop_id: str) -> None:
        # It may have been swapped for a link, or taken off the list, since the loop's last run.
        check_source_file(registry.snapshot(loop_id).directory, allowed_folders())

    @table.post(f"{ROUTE_PREFIX}/loops/reset")
    async def reset(request: web.Request) -> web.Response:
        """Start a loop over."""

        def start_over(loop_id: str) -> Snapshot:
            check_folder(loop_id)
            return registry.start_over(loop_id)

        return await _change(request, start_over, allowed_folders)

    @table.post(f"{ROUTE_PREFIX}/loops/watch")
    async def watch(request: web.Request) -> web.Response:
        """Whether new files have come to a loop, and are whole."""

        def look(loop_id: str) -> Arrived:
            check_folder(loop_id)
            return registry.watch(loop_id)

        return await _change(request, look, allowed_folders)

    @table.post(f"{ROUTE_PREFIX}/loops/retry")
    async def retry(request: web.Request) -> web.Response:
        """Have the failed images of a loop taken again."""
        return await _change(request, registry.retry_failed, allowed_folders)


async def _change(
    request: web.Request,
    change: Callable[[str], Snapshot | Arrived],
    allowed_folders: Callable[[], AllowedFolders],
) -> web.Response:
    """Change or watch a loop: `{"loop": id}`, or `{"directory": path, "loop_name": name}`."""
    if _is_from_elsewhere(request):
        return _error("Another page may not change what happens here.", 403)
    # Such a page can make a browser without that header post a form here, but not JSON.
    if request.content_type != "application/json":
        return _error("Send the loop as JSON, with content type application/json.", 415)
    text = await _start_of_body(request)
    if len(text) > _LARGEST_BODY:
        return _error(f"The body is larger than {_LARGEST_BODY} bytes.", 413)
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return _error("The body is not JSON in UTF-8.", 400)
    if not _names_a_loop(body):
        message = 'Send {"loop": id}, or {"directory": path, "loop_name": name}.'
        return _error(message, 400)

    def named() -> Snapshot | Arrived:
        loop_id = body.get("loop")
        if loop_id is None:
            folder = resolve_source(body["directory"], allowed_folders())
            loop_id = LoopKey(body.get("loop_name", "").strip(), folder).id
        return change(_checked(loop_id))

    return await _answer(named)


def _is_from_elsewhere(request: web.Request) -> bool:
    """Whether a browser says that a page of another site sends this."""
    headers = request.headers
    return headers.get("Sec-Fetch-Site") == "cross-site" or headers.get("Origin") == "null"


async def _start_of_body(request: web.Request) -> bytes:
    """The body, or as much of it as shows that it is too large."""
    text = b""
    while len(text) <= _LARGEST_BODY and (more := await request.content.readany()):
        text += more
    return text


def _names_a_loop(body: object) -> bool:
    if not isinstance(body, dict):
        return False
    named = [body[name] for name in ("loop", "directory", "loop_name") if name in body]
    return all(isinstance(value, str) for value in named) and bool({"loop", "directory"} & {*body})


def _checked(loop_id: str) -> str:
    """An id that a loop may have; UnknownLoop for all else, which is not repeated."""
    if not re.fullmatch(r"[0-9a-f]{16}", loop_id):
        message = "No loop has such an id. The id of a loop is in what Directory Iterator says."
        raise UnknownLoop(message)
    return loop_id


async def _report(registry: LoopRegistry, loop_id: str, kind: str) -> web.Response:
    """A report as a file to download; put together in a thread, since a batch may be large."""

    def make() -> str:
        snapshot, items = registry.report(_checked(loop_id))
        return as_csv(items) if kind == "csv" else as_json_text(snapshot, items)

    try:
        text = await asyncio.to_thread(make)
    except UnknownLoop as error:
        return _error(str(error), 404)
    except StateNotKept as error:
        return _error(str(error), 503)
    return web.Response(
        # Names may hold bytes that are no text; they are shown, not refused.
        body=text.encode("utf-8", "backslashreplace"),
        content_type="text/csv" if kind == "csv" else "application/json",
        charset="utf-8",
        headers={"Content-Disposition": f'attachment; filename="batch-loop-{loop_id}.{kind}"'},
    )


async def _answer(call: Callable[[], Snapshot | Arrived]) -> web.Response:
    """Answer with the record that `call` returns; in a thread, since it may list a folder."""
    try:
        found = await asyncio.to_thread(call)
    except UnknownLoop as error:
        return _error(str(error), 404)
    except PathRefused as error:
        return _error(str(error), 403)
    except StateNotKept as error:
        return _error(str(error), 503)
    except BatchLoopError as error:
        return _error(str(error), 400)
    answer = arrived_as_json(found) if isinstance(found, Arrived) else as_json(found)
    return web.json_response(answer)


def _error(message: str, status: int) -> web.Response:
    return web.json_response({"error": message}, status=status)
