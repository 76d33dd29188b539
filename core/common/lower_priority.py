"""Low priority for threads that must not slow down the workflow."""

from __future__ import annotations

import contextlib
import os
import sys
import threading

NICENESS = 10
"""The Unix nice value: a tenth of a core, when competing with a thread of normal priority."""


def lower_priority() -> None:
    """Lower the current thread's priority; made for `ThreadPoolExecutor`'s `initializer`.

    Only on Linux: elsewhere the nice value belongs to the whole process, so this does nothing.
    """
    if sys.platform == "linux":
        # Some containers forbid even this; the work has to be done all the same.
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
