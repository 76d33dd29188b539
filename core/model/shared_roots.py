"""Folders shared by several machines, each of which may have them at a different path.

Servers on several machines work on the same batch only if its folder has the same name for all of
them. So the store keeps such paths in a common form: `root:photos/2024` is the folder `2024` inside
the folder that this machine calls `photos`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

MARK = "root:"
"""Prefix of a shared path; no system has absolute paths that begin like this."""


class Roots:
    """The places of the shared folders on this machine."""

    def __init__(self, folders: Mapping[str, str] | None = None) -> None:
        """`folders` maps names to real paths; None if all machines use the same paths."""
        # Longest path first, as a root may lie inside another one.
        self._folders = sorted(
            (folders or {}).items(), key=lambda entry: len(entry[1]), reverse=True
        )

    def shared(self, path: str) -> str:
        """The common form of a real path; unchanged if it is outside all roots."""
        for name, folder in self._folders:
            if _is_within(path, folder):
                inside = path[len(folder) :].strip(os.sep).replace(os.sep, "/")
                return f"{MARK}{name}/{inside}" if inside else MARK + name
        return path

    def holds(self, path: str) -> bool:
        """Whether a real path is a root, or inside one."""
        return any(_is_within(path, folder) for _, folder in self._folders)

    def local(self, shared: str) -> str:
        """The path on this machine for a common form; unchanged if the root is unknown here."""
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
"""For machines that all use the same paths."""
