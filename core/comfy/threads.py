"""The threads that look and ask while ComfyUI's event loop goes on: the pack's own, of a few kinds.

asyncio's own pool is ComfyUI's: it opens the files there that it sends to a page. What may take
long, as a network drive does, keeps nobody waiting who asks for something else.
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
"""Threads of a kind; each is begun when it is needed."""


class Threads(Enum):
    """What threads are for."""

    STORE = "store"
    """What is known of loops."""
    FOLDERS = "folders"
    """What may take long: what lies in a folder, and the report on all of a loop."""
    CHECKS = "checks"
    """Prompts that are submitted."""
    VIEWS = "views"
    """Files that are being written."""


_pools = {
    kind: ThreadPoolExecutor(_EACH, thread_name_prefix=f"batch-loop-{kind.value}")
    for kind in Threads
}


async def in_thread(kind: Threads, work: Callable[P, T], /, *args: P.args, **given: P.kwargs) -> T:
    """What `work` comes to in a thread of a kind; the event loop goes on meanwhile."""
    bound = functools.partial(work, *args, **given)
    return await asyncio.get_running_loop().run_in_executor(_pools[kind], bound)
