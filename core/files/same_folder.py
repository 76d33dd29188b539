"""Which path a folder is known by, if several lead to it that are no links.

A folder can be mounted at a second place, a network share twice, a drive letter stand for a folder.
Real paths tell nothing of it, but the folder at both ends has one device and inode.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

from ..common.mounts import Mounts, mounts, other_ways

_Place = tuple[int, int]
"""A folder, by device and inode."""


class _Moment(NamedTuple):
    """What an answer holds for: as long as it is so."""

    home: _Place
    folder: _Place
    table: Mounts


_MOST_KNOWN = 10_000

_known: dict[tuple[str, str], tuple[_Moment, str]] = {}


def way_from(home: str, folder: str) -> str:
    """The path to a folder through the folder `home`, if one leads there; else the folder's own.

    Both are real paths, and the folder need not exist. If several lead there through `home`, it is
    the shortest one. So each file has one name for all who start from `home`, and that is its own
    path unless there is a second way.
    """
    own = _place(home)
    if folder == home or own is None:
        return folder
    place, table = _place(folder), mounts()
    if place is None:
        return _way_from(home, own, folder, table)
    now = _Moment(own, place, table)
    known = _known.get((home, folder))
    if known is None or known[0][:2] != now[:2] or known[0].table is not table:
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        known = _known[home, folder] = now, _way_from(home, own, folder, table)
    return known[1]


def _way_from(home: str, own: _Place, folder: str, table: Mounts) -> str:
    for at, below in _upwards(folder):
        if at == home or _place(at) == own:
            folder = _down(home, below)
            break
    # There may be others if it, or a folder above it, is also mounted elsewhere.
    for at, below in _upwards(folder):
        place = _place(at)
        if place is not None:
            ways = [way for way in other_ways(at, table) if _is_within(way, home)]
            found = [_down(way, below) for way in ways if _place(way) == place]
            found += [folder] if _is_within(folder, home) else []
            return min(found, key=lambda way: (len(way), way), default=folder)
    return folder


def _upwards(folder: str) -> Iterator[tuple[str, str]]:
    """A folder and those above it, each with the path that leads down again."""
    below, name = "", folder
    while name:
        yield folder, below
        folder, name = os.path.split(folder)
        below = _down(name, below)


def _down(folder: str, below: str) -> str:
    return os.path.join(folder, below) if below else folder


def _is_within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(os.path.join(folder, ""))


def _place(folder: str) -> _Place | None:
    """A folder's device and inode; None if it does not exist, or they tell nothing."""
    try:
        found = os.stat(folder)
    except (OSError, ValueError):
        return None
    return (found.st_dev, found.st_ino) if found.st_ino else None
