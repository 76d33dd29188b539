"""Several servers at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

from .server import ComfyServer


@contextmanager
def running(servers: Sequence[ComfyServer]) -> Iterator[None]:
    """Start servers at the same time, and stop them."""
    with ExitStack() as stack, ThreadPoolExecutor() as pool:
        for server in servers:
            stack.callback(server.stop)
        list(pool.map(lambda server: server.start(), servers))
        yield
