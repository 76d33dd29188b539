"""Which files a process has open, on Linux."""

from __future__ import annotations

import contextlib
import os


def times_open(path: str | os.PathLike[str], process: int | str = "self") -> int:
    """How many descriptors of a process, by its id, are of the file at a path."""
    wanted, found, folder = os.stat(path), 0, f"/proc/{process}/fd"
    for descriptor in os.listdir(folder):
        # The listing's own descriptor is closed by now, and threads close others.
        with contextlib.suppress(OSError):
            found += os.path.samestat(os.stat(f"{folder}/{descriptor}"), wanted)
    return found
