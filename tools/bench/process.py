"""What a server's process takes: memory and processor, with all that it started."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil

from ..errors import ToolError
from ..server import ComfyServer

LOOK_SECONDS = 0.02


def cpu_seconds(server: ComfyServer) -> float:
    """Processor time that the server has taken since its start."""
    taken = 0.0
    for process in _processes(server):
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            taken += times.user + times.system
    return taken


def memory_mb(server: ComfyServer) -> float:
    """Memory that the server holds now (RSS), in megabytes."""
    held = 0
    for process in _processes(server):
        with suppress(psutil.NoSuchProcess):
            held += process.memory_info().rss
    return held / 1e6


@contextmanager
def highest_memory(server: ComfyServer) -> Iterator[list[float]]:
    """Looks at the memory all the time; the list holds the most that was seen, in megabytes."""
    most = [memory_mb(server)]
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(LOOK_SECONDS):
            most[0] = max(most[0], memory_mb(server))

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    try:
        yield most
    finally:
        ended.set()
        looking.join()


def _processes(server: ComfyServer) -> list[psutil.Process]:
    if server.pid is None:
        raise ToolError(f"the server has ended; see {server.log_path}")
    process = psutil.Process(server.pid)
    return [process, *process.children(recursive=True)]
