"""A low priority for threads that must not slow the workflow down."""

from __future__ import annotations

import os
import sys
import threading

NICENESS = 10
"""What Unix calls it: a thread of it gets a tenth of a core that another one wants."""


def lower_priority() -> None:
    """Give the current thread a low priority; give it to `ThreadPoolExecutor` as `initializer`.

    Only Linux has a priority for each thread; elsewhere it would be that of the whole process, so
    nothing is done.
    """
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
