"""Folders that several machines share, and that lie at another place on each of them.

A batch that servers on several machines work on is one batch only if its folder has one name. So
the store has such paths in a form that all of them read: `root:photos/2024` is the folder `2024` in
what this machine has at the place that it gives to `photos`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

MARK = "root:"
"""How a shared path begins: no full path of any system does."""


class Roots:
    """Where this machine has the shared folders."""

    def __init__(self, folders: Mapping[str, str] | None = None) -> None:
        """`folders` are real paths by name; None: nothing lies at another place elsewhere."""
        # The longest first: a root may lie within another one.
        self._folders = sorted(
            (folders or {}).items(), key=lambda entry: len(entry[1]), reverse=True
        )

    def shared(self, path: str) -> str:
        """The real path of a file or folder as all machines know it; as it is outside of roots."""
        for name, folder in self._folders:
            if _is_within(path, folder):
                inside = path[len(folder) :].strip(os.sep).replace(os.sep, "/")
                return f"{MARK}{name}/{inside}" if inside else MARK + name
        return path

    def local(self, shared: str) -> str:
        """Where this machine has what `shared` gave; as it is for a root that it does not have."""
        if not shared.startswith(MARK):
            return shared
        name, _, inside = shared[len(MARK) :].partition("/")
        for own, folder in self._folders:
            if own == name:
                return os.path.join(folder, *inside.split("/")) if inside else folder
        return shared


def _is_within(path: str, folder: str) -> bool:
    # normcase: on Windows Z:\Photos and z:\photos are one folder.
    path, folder = os.path.normcase(path), os.path.normcase(folder)
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


NO_ROOTS = Roots()
"""Where every machine has its folders at the same places."""
