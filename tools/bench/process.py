"""What a server's process takes: memory and processor, with all that it started."""

from __future__ import annotations

from contextlib import suppress

import psutil

from ..errors import ToolError
from ..server import ComfyServer


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


def _processes(server: ComfyServer) -> list[psutil.Process]:
    if server.pid is None:
        raise ToolError(f"the server has ended; see {server.log_path}")
    process = psutil.Process(server.pid)
    return [process, *process.children(recursive=True)]
