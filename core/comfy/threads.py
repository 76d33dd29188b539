"""The pack's own thread pools, for work that would block ComfyUI's event loop.

asyncio's own pool is left to ComfyUI, which uses it to open the files that it sends to a page. Each
kind of work has its own pool, so a slow network drive delays only the requests that need it.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_EACH = 4
"""Threads of each kind; they are started when needed."""


class Threads(Enum):
    """Kinds of work."""

    STORE = "store"
    """Queries to the store."""
    FOLDERS = "folders"
    """Work that may take long: reading folders, and reports on whole loops."""
    CHECKS = "checks"
    """Validation of submitted prompts."""
    VIEWS = "views"
    """Waiting for files that are being written."""


_pools = {
    kind: ThreadPoolExecutor(_EACH, thread_name_prefix=f"batch-loop-{kind.value}")
    for kind in Threads
}


async def in_thread(kind: Threads, work: Callable[P, T], /, *args: P.args, **given: P.kwargs) -> T:
    """Run `work` in a thread of this kind, and return its result."""
    bound = functools.partial(work, *args, **given)
    return await asyncio.get_running_loop().run_in_executor(_pools[kind], bound)
