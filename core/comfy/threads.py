"""The pack's own threads, of a few kinds, for work that would hold up ComfyUI's event loop.

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
"""Threads of each kind; they are started when needed."""


class Threads(Enum):
    """Kinds of work."""

    STORE = "store"
    """Questions to the store."""
    FOLDERS = "folders"
    """What may take long: looking into folders, and reports on whole loops."""
    CHECKS = "checks"
    """Validation of submitted prompts."""
    VIEWS = "views"
    """Waiting for files that are being written."""


_pools = {
    kind: ThreadPoolExecutor(_EACH, thread_name_prefix=f"batch-loop-{kind.value}")
    for kind in Threads
}


async def in_thread(kind: Threads, work: Callable[P, T], /, *args: P.args, **given: P.kwargs) -> T:
    """The result of `work`, run in a thread of this kind."""
    bound = functools.partial(work, *args, **given)
    return await asyncio.get_running_loop().run_in_executor(_pools[kind], bound)
