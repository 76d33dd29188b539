"""Threads that work beside the workflow: how many, and of low priority so as not to slow it."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

NICENESS = 10
"""The Unix nice value: a tenth of a core, when competing with a thread of normal priority."""
_MOST = 4
"""Threads that work on one thing; with more, what each keeps in memory outweighs what it brings."""


def usable_cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def worker_count(cores: int | None = None) -> int:
    """How many threads work at once on so many cores; by default, on those of this process."""
    return min(_MOST, usable_cores() if cores is None else cores)


def worker_pool(name: str, workers: int) -> ThreadPoolExecutor:
    """Threads of low priority, whose names tell what they are for."""
    return ThreadPoolExecutor(
        workers, thread_name_prefix=f"batch-loop-{name}", initializer=lower_priority
    )


def lower_priority() -> None:
    """Lower the current thread's priority.

    Only on Linux: elsewhere the nice value belongs to the whole process, so this does nothing.
    """
    if sys.platform == "linux":
        # Some containers forbid even this; the work has to be done all the same.
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
