"""Other processes of this machine."""

from __future__ import annotations

import psutil


def is_running(process_id: int) -> bool:
    """Whether a process of that id is at work.

    One that has ended, and whose parent has not asked how, keeps its id, and is not.
    """
    try:
        return bool(psutil.Process(process_id).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True
