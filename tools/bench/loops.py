"""The list of all loops, as the panel asks for it every two seconds: by HTTP, of a real server."""

from __future__ import annotations

import statistics
import time

import requests

from ...core.store.databases.database import open_store
from ...core.store.sql.sql_store import SqlStore
from ...tests.support.failed_loops import write_failed_loops
from ...tests.support.fake_host import FakeHost
from ..server import ComfyServer
from .rows import Measured, Row, Target
from .setting import Setting

FAILURES = 100
MOST_MS, MOST_KB = 20.0, 100.0
WARM_UPS = 30
OURS, OF_COMFYUI = "/batch_loop/loops", "/queue"
SLOWEST = 0.95


def measure(setting: Setting) -> Measured:
    """Ask for the list of many loops again and again, and for ComfyUI's queue by turns."""
    number, times = setting.of(300, 30), setting.of(1000, 100)
    server = setting.server("loops")
    setting.say(f"loops: {number} loops of {FAILURES} failures")
    _write(server, number)
    with server:
        took, size = _polled(server, times)
    ours, queue = sorted(took[OURS]), sorted(took[OF_COMFYUI])
    at = int(SLOWEST * times)
    what = f"the list of {number} loops with {FAILURES} failed images each, by HTTP"
    median, slowest = (
        f"{what}: median of {times:,}",
        f"the same: {SLOWEST:.0%} of them take at most",
    )
    against = "ComfyUI's own list of an empty queue"
    return Measured(
        [
            Row(median, "ms", statistics.median(ours), statistics.median(queue), against),
            Row(slowest, "ms", ours[at], queue[at], against, Target(MOST_MS)),
            Row("the same: what is sent", "KB", size / 1000, target=Target(MOST_KB)),
        ]
    )


def _write(server: ComfyServer, number: int) -> None:
    """Write the state file that the server finds when it starts."""
    store = open_store(str(server.user / "batch_loop"))
    assert isinstance(store, SqlStore)  # noqa: S101 - for the type checker: the folder is new
    write_failed_loops(store, FakeHost(), number, FAILURES)
    store.close()


def _polled(server: ComfyServer, times: int) -> tuple[dict[str, list[float]], int]:
    """The ms that each answer took, by its route, and the bytes of the list of loops."""
    took: dict[str, list[float]] = {OURS: [], OF_COMFYUI: []}
    size = 0
    with requests.Session() as session:
        for number in range(-WARM_UPS, times):
            for route, found in took.items():
                began = time.perf_counter()
                answer = session.get(f"{server.url}{route}", timeout=60)
                taken = (time.perf_counter() - began) * 1000
                answer.raise_for_status()
                if number >= 0:
                    found.append(taken)
                if route == OURS:
                    size = len(answer.content)
    return took, size
