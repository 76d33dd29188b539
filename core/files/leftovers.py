"""Unfinished files: their names, and the deletion of those that a crash has left."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import threading
from collections.abc import Collection
from dataclasses import replace

from ..common.processes import Process, is_at_work, this_process
from .real_paths import opened_folder, scanned

TEMPORARY_SUFFIX = ".batch-loop.tmp"
"""The end of every unfinished file's name, before an extension if it has any. The name also begins
with a dot, so that no listing takes the file for an image."""

_HEX = "[0-9a-f]"
_NAME = (
    rf"\.(?P<owner>{_HEX}{{16}})-(?P<place>{_HEX}{{16}})-(?P<id>\d+)-(?P<began>\d+)-{_HEX}+"
    rf"{re.escape(TEMPORARY_SUFFIX)}(?:\.[a-z0-9]{{1,5}})?"
)

_lock = threading.Lock()
_swept: set[str] = set()


def temporary_name(process: Process | None = None, extension: str = "") -> str:
    """A new name for an unfinished file of a process, by default this one.

    It does not contain the final name, which may already be as long as a name can be. An
    `extension` is for programs that go by it: a dot, and at most five small letters and digits.
    """
    of = process or this_process()
    owner = f"{_short(of.name)}-{_short(of.place)}-{of.id}-{of.began}"
    return f".{owner}-{secrets.token_hex(8)}{TEMPORARY_SUFFIX}{extension}"


def sweep_once(folder: str) -> None:
    """Delete what crashes have left in `folder`; done once in the life of a process."""
    with _lock:
        if folder in _swept:
            return
        _swept.add(folder)
    sweep(folder)


def sweep(folder: str, ended: Collection[str] = ()) -> None:
    """Delete unfinished files whose process has ended from the folder at a real path.

    `ended` names processes that are known to have ended; of others it is checked, if that is
    possible from here. If not, their files stay, as they may still be being written.
    """
    owners = set(map(_short, ended))
    with contextlib.suppress(OSError):
        with scanned(folder) as entries:
            left = [entry.name for entry in entries if _is_left(entry.name, owners)]
        with opened_folder(folder) as where:
            for name in left:
                path = name if where is not None else os.path.join(folder, name)
                with contextlib.suppress(OSError):
                    os.unlink(path, dir_fd=where)


def _is_left(name: str, owners: Collection[str]) -> bool:
    found = re.fullmatch(_NAME, name)
    if found is None:
        return False
    if found["owner"] in owners:
        return True
    own = this_process()
    if found["place"] != _short(own.place):
        return False
    writer = replace(own, id=int(found["id"]), began=int(found["began"]), mark="")
    return is_at_work(writer.name) is False


def _short(name: str) -> str:
    """A hash of a name: 16 hexadecimal digits."""
    return hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:16]
