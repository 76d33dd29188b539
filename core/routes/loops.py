"""The routes that show loops: their state, their images, and their reports."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from ..comfy.threads import Threads, in_thread
from ..common.errors import Refused
from ..common.names import ROUTE_PREFIX
from ..engine.registry import LoopRegistry
from ..model.items import ItemState
from ..model.settings.setting import LARGEST_NUMBER
from ..turn.preview import Folders
from .answers import answered, as_answer
from .export import as_csv, as_json, as_json_text, overview_as_json, page_as_json
from .requests import loop_of, number

MOST_ITEMS = 200
"""Most items on one page."""
_KINDS = ("json", "csv")
"""The kinds of report."""


def add_routes(table: web.RouteTableDef, registry: LoopRegistry, folders: Folders) -> None:
    """Add the routes to `table`; `folders` are those that pages show files from."""

    @table.get(f"{ROUTE_PREFIX}/loops")
    @answered
    async def loops(request: web.Request) -> web.Response:
        """All loops that the server knows, in short; or the requested ones in full."""
        ids = request.query.getall("loop", None)
        found = await in_thread(Threads.STORE, _loops, registry, folders, ids)
        # The client's clock may differ, and ages are relative to this one.
        return as_answer({"now": round(registry.now(), 3), "loops": found})

    @table.get(f"{ROUTE_PREFIX}/loops/{{loop}}")
    @answered
    async def loop(request: web.Request) -> web.Response:
        """One loop."""
        return as_answer(await in_thread(Threads.STORE, _loop, registry, folders, loop_of(request)))

    @table.get(f"{ROUTE_PREFIX}/loops/{{loop}}/items")
    @answered
    async def items(request: web.Request) -> web.Response:
        """Some of a loop's images."""
        start = number(request, "start", 0, 0, LARGEST_NUMBER)
        count = number(request, "count", MOST_ITEMS // 2, 0, MOST_ITEMS)
        failed = _wants_failed(request)
        loop_id = loop_of(request)
        page = await in_thread(Threads.STORE, registry.page, loop_id, start, count, failed=failed)
        return as_answer(page_as_json(page))

    @table.get(f"{ROUTE_PREFIX}/loops/{{loop}}/report.{{kind}}")
    @answered
    async def report(request: web.Request) -> web.Response:
        """Every item of a loop, as JSON or CSV."""
        loop_id, kind = loop_of(request), request.match_info["kind"]
        if kind not in _KINDS:
            raise Refused(f"There is no such report. Its kind is {' or '.join(_KINDS)}.", 404)
        body = await in_thread(Threads.FOLDERS, _report, registry, folders, loop_id, kind)
        return _as_file(body, loop_id, kind)


def _loops(registry: LoopRegistry, folders: Folders, ids: list[str] | None) -> list[dict[str, Any]]:
    if ids is None:
        return [overview_as_json(loop) for loop in registry.overviews()]
    return [as_json(loop, folders) for loop in registry.full_snapshots(ids)]


def _loop(registry: LoopRegistry, folders: Folders, loop_id: str) -> dict[str, Any]:
    return as_json(registry.full_snapshot(loop_id), folders)


def _wants_failed(request: web.Request) -> bool:
    state = request.query.get("state")
    if state not in {None, ItemState.FAILED.value}:
        message = f"state can only be {ItemState.FAILED.value}. Leave it out to get every image."
        raise Refused(message)
    return state is not None


def _report(registry: LoopRegistry, folders: Folders, loop_id: str, kind: str) -> bytes:
    snapshot, items = registry.report(loop_id)
    text = as_csv(items) if kind == "csv" else as_json_text(snapshot, items, folders)
    # File names may contain bytes that are not text; these are escaped rather than refused.
    return text.encode("utf-8", "backslashreplace")


def _as_file(body: bytes, loop_id: str, kind: str) -> web.Response:
    """A file to download."""
    return web.Response(
        body=body,
        content_type="text/csv" if kind == "csv" else "application/json",
        charset="utf-8",
        headers={"Content-Disposition": f'attachment; filename="batch-loop-{loop_id}.{kind}"'},
    )
