"""Other processes of this machine."""

from __future__ import annotations

import psutil


def running(process_id: int) -> psutil.Process | None:
    """The process that is at work under that id; None if there is none.

    One that has ended, and whose parent has not asked how, keeps its id, and is at work no more.
    """
    try:
        process = psutil.Process(process_id)
        has_ended = process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return None
    except psutil.AccessDenied:  # which only one that is there can cause
        return process
    return None if has_ended else process
