"""Unfinished files: how they are named, and what becomes of those that a crash has left."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import threading
from socket import gethostname

from ..processes import running
from .real_paths import opened_folder, scanned

TEMPORARY_SUFFIX = ".batch-loop.tmp"
"""How the name of every unfinished file ends; it also begins with a dot, so that no listing takes
it for an image."""

_MACHINE = hashlib.sha256(gethostname().encode("utf-8", "replace")).hexdigest()[:8]
_PROCESS = secrets.token_hex(4)
"""Tells this process from an earlier one of the same id, as in a container."""
_HEX = "[0-9a-f]"
_NAME = (
    rf"\.(?P<machine>{_HEX}{{8}})-(?P<id>\d+)-(?P<process>{_HEX}{{8}})-{_HEX}+"
    rf"{re.escape(TEMPORARY_SUFFIX)}"
)

_lock = threading.Lock()
_swept: set[str] = set()


def temporary_name() -> str:
    """A new name for an unfinished file, which says whose it is.

    Without the final name in it, which may already be as long as a name can be.
    """
    return f".{_MACHINE}-{os.getpid()}-{_PROCESS}-{secrets.token_hex(8)}{TEMPORARY_SUFFIX}"


def sweep_once(folder: str) -> None:
    """Delete what crashes have left in `folder`; looked for once in the life of a process."""
    with _lock:
        if folder in _swept:
            return
        _swept.add(folder)
    sweep(folder)


def sweep(folder: str) -> None:
    """Delete the unfinished files in the folder at a real path whose process has ended.

    Those of other machines stay: whether they are still written cannot be told from here.
    """
    with contextlib.suppress(OSError):
        with scanned(folder) as entries:
            left = [entry.name for entry in entries if _is_left(entry.name)]
        with opened_folder(folder) as where:
            for name in left:
                path = name if where is not None else os.path.join(folder, name)
                with contextlib.suppress(OSError):
                    os.unlink(path, dir_fd=where)


def _is_left(name: str) -> bool:
    found = re.fullmatch(_NAME, name)
    if found is None or found["machine"] != _MACHINE:
        return False
    if int(found["id"]) == os.getpid():
        return found["process"] != _PROCESS
    return running(int(found["id"])) is None
