"""What a path's text alone tells, before anything on the disk is looked at."""

from __future__ import annotations

import os
from types import ModuleType

from ..common.errors import PathRefused, quoted

MOST_PARTS = 256
"""The most parts a path may have: real ones have far fewer, and each costs a system call."""


def check_is_here(path: str) -> None:
    """Raise `PathRefused` for a path on another machine, and for text that is not a path."""
    # By the text alone: on Windows, merely querying a path on another machine sends it the user's
    # credentials.
    if is_elsewhere(path):
        msg = (
            f"Batch Loop does not use network or device paths such as {quoted(path)}. Give the "
            "network folder a drive letter or mount it, and use that path."
        )
        raise PathRefused(msg)
    check_text(path)


def is_elsewhere(path: str) -> bool:
    """Whether Windows would take a path for that of a network folder or a device."""
    return path.replace("/", "\\").startswith(("\\\\", "\\??\\"))


def check_text(path: str) -> None:
    """Raise `PathRefused` for text that is not a path, or has more parts than any in use."""
    try:
        # JSON can hold half a surrogate pair, which no file system accepts.
        usable = b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:
        usable = False
    if not usable:
        msg = (
            f"{quoted(path)} is not a path: it has a character that no file name can have. "
            "Type it again."
        )
        raise PathRefused(msg)
    if len(path.replace(os.altsep or os.sep, os.sep).split(os.sep)) > MOST_PARTS:
        # Without the path, which is long, and may not be told to another machine.
        msg = (
            f"Batch Loop does not use paths of more than {MOST_PARTS} parts. Choose a folder that "
            "lies less deep."
        )
        raise PathRefused(msg)


def inside(folder: str, relative: str, system: ModuleType = os.path) -> str | None:
    """The full path of `relative` (with "/") in a folder; None if it leads out of the folder.

    On Windows, a drive letter in the middle of it does. `system` is the module for paths.
    """
    full: str = system.normpath(system.join(folder, *relative.split("/")))
    start = system.normcase(folder).rstrip(system.sep) + system.sep
    return full if system.normcase(full).startswith(start) else None


def is_within(real_path: str, folder: str) -> bool:
    """Whether a real path is a folder with another real path, or lies within it."""
    # normcase: on Windows C:\Pics and c:\pics are one folder.
    real_path, folder = os.path.normcase(real_path), os.path.normcase(folder)
    return real_path == folder or real_path.startswith(folder.rstrip(os.sep) + os.sep)
