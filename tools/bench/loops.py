"""The list of all loops, as the panel asks for it every two seconds: by HTTP, of a real server."""

from __future__ import annotations

import statistics
import time

import requests

from ...core.store.databases.sqlite_store import open_store
from ...core.store.sql.sql_store import SqlStore
from ...tests.support.failed_loops import write_failed_loops
from ...tests.support.fake_host import FakeHost
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
    # The state that the server finds when it starts.
    store = open_store(str(server.user / "batch_loop"))
    assert isinstance(store, SqlStore)  # noqa: S101 - for the type checker: the folder is new
    write_failed_loops(store, FakeHost(), number, FAILURES)
    store.close()
    took: dict[str, list[float]] = {OURS: [], OF_COMFYUI: []}
    with server, requests.Session() as session:
        for _ in range(WARM_UPS + times):
            for route, found in took.items():
                _, milliseconds = _asked(session, f"{server.url}{route}")
                found.append(milliseconds)
        size = len(_asked(session, f"{server.url}{OURS}")[0])
    ours, queue = (sorted(took[route][WARM_UPS:]) for route in (OURS, OF_COMFYUI))
    at = int(SLOWEST * times)
    median = (
        f"the list of {number} loops with {FAILURES} failed images each, by HTTP:"
        f" median of {times:,}"
    )
    slowest = f"the same: {SLOWEST:.0%} of them take at most"
    against = "ComfyUI's own list of an empty queue"
    return Measured(
        [
            Row(median, "ms", statistics.median(ours), statistics.median(queue), against),
            Row(slowest, "ms", ours[at], queue[at], against, Target(MOST_MS)),
            Row("the same: what is sent", "KB", size / 1000, target=Target(MOST_KB)),
        ]
    )


def _asked(session: requests.Session, url: str) -> tuple[bytes, float]:
    """The answer, and the ms that it took."""
    began = time.perf_counter()
    answer = session.get(url, timeout=60)
    taken = (time.perf_counter() - began) * 1000
    answer.raise_for_status()
    return answer.content, taken
