"""The routes that tell of loops."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from batch_loop.core.common.errors import UnreadableImage
from batch_loop.core.common.names import ROUTE_PREFIX
from batch_loop.core.files.allowed_paths import AllowedFolders
from batch_loop.core.model.policy import Policy
from batch_loop.core.routes import changes, loops
from batch_loop.core.store.memory import MemoryStore
from batch_loop.tests.support.failing_rows import FAILS, KEY, REQUEST, FailingRows

ALLOWED = AllowedFolders("/in", "/out", "/temp")


class NotedFolders:
    """ComfyUI's folders; notes the threads that ask for them, to look whether they are links."""

    def __init__(self) -> None:
        self.asked_by: set[threading.Thread] = set()

    def input_folder(self) -> str:
        return self._noted(ALLOWED.input)

    def output_folder(self) -> str:
        return self._noted(ALLOWED.output)

    def temp_folder(self) -> str:
        return self._noted(ALLOWED.temp)

    def _noted(self, folder: str) -> str:
        self.asked_by.add(threading.current_thread())
        return folder


def stopped() -> FailingRows:
    """A batch that has stopped on a row, and of whose results something was made before."""
    rows = FailingRows(MemoryStore())
    iteration = rows.registry.acquire(replace(REQUEST, policy=Policy()), rows.host.submit())
    rows.registry.note_made_of_all(iteration, "7", ["/elsewhere/film.mp4"])
    rows.registry.end(iteration)
    rows.host.finish(iteration.prompt)
    rows.registry.reconcile_all()
    broken = rows.registry.acquire(replace(REQUEST, policy=Policy()), rows.host.submit())
    with pytest.raises(UnreadableImage):
        rows.fail(broken)
    return rows


def test_comfyui_s_folders_are_not_looked_at_in_its_event_loop() -> None:
    """One that hangs, as on a network drive, would block all of ComfyUI."""
    rows, folders, table = stopped(), NotedFolders(), web.RouteTableDef()
    loops.add_routes(table, rows.registry, folders)
    changes.add_routes(table, rows.registry, lambda: ALLOWED, folders)
    app = web.Application()
    app.add_routes(table)

    async def ask() -> None:
        path = f"{ROUTE_PREFIX}/loops"
        image = {"loop": KEY.id, "path": FAILS[0]}
        async with TestClient(TestServer(app)) as client:
            for method, rest, body in (
                ("GET", f"?loop={KEY.id}", None),
                ("GET", f"/{KEY.id}", None),
                ("GET", f"/{KEY.id}/report.json", None),
                ("POST", "/skip", image),
                ("POST", "/retry", {"loop": KEY.id}),
            ):
                folders.asked_by.clear()
                response = await client.request(method, path + rest, json=body)
                assert response.status == 200, await response.text()
                told = await response.json()
                (loop,) = told.get("loops", [told])
                assert [made["path"] for made in loop["made_of_all"]] == ["/elsewhere/film.mp4"]
                assert folders.asked_by
                assert threading.main_thread() not in folders.asked_by

    asyncio.run(ask())
