"""The list of all loops, which the panel requests every two seconds, from a real server."""

from __future__ import annotations

import statistics

import requests

from ...core.store.databases.sqlite_store import open_store
from ...core.store.sql.sql_store import SqlStore
from ...tests.support.failed_loops import write_failed_loops
from ...tests.support.fake_host import FakeHost
from .prompts import get_ms
from .rows import Measured, Row, Target
from .setting import Setting

FAILURES = 100
MOST_MS, MOST_KB = 20.0, 100.0
WARM_UPS = 30
OURS, OF_COMFYUI = "/batch_loop/loops", "/queue"
SLOWEST = 0.95


def measure(setting: Setting) -> Measured:
    """Request the list of many loops and ComfyUI's queue, in turn."""
    number, times = setting.of(300, 30), setting.of(1000, 100)
    server = setting.server("loops")
    setting.say(f"loops: {number} loops of {FAILURES} failures")
    # The state that the server will find when it starts.
    store = open_store(str(server.user / "batch_loop"))
    assert isinstance(store, SqlStore)  # noqa: S101 - for the type checker: the folder is new
    write_failed_loops(store, FakeHost(), number, FAILURES)
    store.close()
    took: dict[str, list[float]] = {OURS: [], OF_COMFYUI: []}
    with server, requests.Session() as session:
        for _ in range(WARM_UPS + times):
            for route, found in took.items():
                found.append(get_ms(session, f"{server.url}{route}"))
        size = len(session.get(f"{server.url}{OURS}", timeout=60).content)
    ours, queue = (sorted(took[route][WARM_UPS:]) for route in (OURS, OF_COMFYUI))
    at = int(SLOWEST * times)
    median = f"the list of {number} loops with {FAILURES} failed images each, by HTTP:"
    median += f" median of {times:,}"
    slowest = f"the same: {SLOWEST:.0%} of them take at most"
    against = "ComfyUI's own list of an empty queue"
    return Measured(
        [
            Row(median, "ms", statistics.median(ours), statistics.median(queue), against),
            Row(slowest, "ms", ours[at], queue[at], against, Target(MOST_MS)),
            Row("the same: what is sent", "KB", size / 1000, target=Target(MOST_KB)),
        ]
    )
