"""Many paths of files in little memory."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import overload

_TEXT = ("utf-8", "surrogatepass")
"""Names of files may have bytes that are no text, which Python shows as surrogates."""


class PackedPaths(Sequence[str]):
    """Paths in order, of which more can be added at the end.

    One takes 12 bytes and those of its name: folders, of which there are few, are kept once. As
    texts of their own they would take some 150.
    """

    def __init__(self) -> None:
        self._folders: list[str] = []
        """Each with the separator behind it."""
        self._numbers: dict[str, int] = {}
        """Of the folders."""
        self._folder_of = array("I")
        self._names = bytearray()
        self._ends = array("Q")
        """Where each name ends in `_names`."""

    def append(self, path: str) -> None:
        """Add a path, or an empty text, at the end."""
        begin = max(path.rfind("/"), path.rfind("\\")) + 1
        folder = path[:begin]
        if folder not in self._numbers:
            self._numbers[folder] = len(self._folders)
            self._folders.append(folder)
        self._folder_of.append(self._numbers[folder])
        self._names += path[begin:].encode(*_TEXT)
        self._ends.append(len(self._names))

    def __len__(self) -> int:
        """How many there are."""
        return len(self._ends)

    @overload
    def __getitem__(self, place: int) -> str: ...

    @overload
    def __getitem__(self, place: slice) -> list[str]: ...

    def __getitem__(self, place: int | slice) -> str | list[str]:
        """One, or a list of some."""
        if isinstance(place, slice):
            return [self._path(each) for each in range(*place.indices(len(self)))]
        return self._path(range(len(self))[place])

    def _path(self, place: int) -> str:
        begin = self._ends[place - 1] if place else 0
        name = self._names[begin : self._ends[place]].decode(*_TEXT)
        return self._folders[self._folder_of[place]] + name
