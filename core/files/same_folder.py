"""Which path a folder is known by, if several lead to it that are no links.

A folder can be mounted at a second place, a network share twice, a server have two names. Real
paths tell nothing of it, but the folder at both ends has one device and inode.
"""

from __future__ import annotations

import os

from .mounts import Mounts, joined, mounts, rest_of, second_places

_known: dict[str, tuple[Mounts, tuple[tuple[str, str], ...]]] = {}
"""The second places of each folder that was asked about."""


def way_from(home: str, folder: str) -> str:
    """The path to a folder through the folder `home`, if one leads there; else the folder's own.

    Both are real paths, and the folder need not exist. If several lead there through `home`, it is
    the shortest one. So each file has one name for all who start from `home`, and that is its own
    path unless there is a second way. Unless there may be one, no disk is looked at.
    """
    found = [] if rest_of(folder, home) is None else [folder]
    for place, part in _second_places(home):
        rest = rest_of(folder, place)
        if rest is not None:
            way = joined(part, rest)
            if _are_one(folder, way, place):
                found.append(way)
    if not found and _are_shares(home, folder):
        return _by_another_name(home, folder)
    return min(found, key=lambda way: (len(way), way), default=folder)


def _second_places(home: str) -> tuple[tuple[str, str], ...]:
    table = mounts()
    known = _known.get(home)
    if known is None or known[0] is not table:
        known = _known[home] = table, tuple(second_places(home, table))
    return known[1]


def _are_one(folder: str, way: str, place: str) -> bool:
    """Whether two paths lead to one folder; if it does not exist, to one that it will be in.

    That is `place` at most.
    """
    while True:
        found = _inode(folder)
        if found is not None:
            return found == _inode(way)
        if folder == place:
            return False
        folder, way = os.path.dirname(folder), os.path.dirname(way)


def _are_shares(*folders: str) -> bool:
    """Whether Windows has all of them on servers, each of which may have several names."""
    return all(folder.startswith("\\\\") for folder in folders)


def _by_another_name(home: str, folder: str) -> str:
    own, at, rest = _inode(home), folder, ""
    while own is not None:
        if _inode(at) == own:
            return joined(home, rest)
        at, name = os.path.split(at)
        if not name:
            break
        rest = joined(name, rest)
    return folder


def _inode(folder: str) -> tuple[int, int] | None:
    """A folder's device and inode; None if it does not exist, or they tell nothing."""
    try:
        found = os.stat(folder)
    except (OSError, ValueError):
        return None
    return (found.st_dev, found.st_ino) if found.st_ino else None
