"""Whether a result that is missing was deleted, and can be made again."""

from __future__ import annotations

import os

from ..files.same_file import folded
from ..model.loop_key import FRAMES, ROWS, LoopKey


class Places:
    """The folders in which results of a batch are there."""

    def __init__(self) -> None:
        self._filled: dict[str, str] = {}
        """Each with the folder, itself or one below it, of a result that is there."""

    def add(self, entry: str, path: str) -> None:
        """Add a result that is there, at a real path, of an item from a file `entry`."""
        for folder in _folders(entry, path):
            self._filled.setdefault(folder, os.path.dirname(path))

    def are_there(self, entry: str, path: str) -> bool:
        """Whether others of the folder are there in which the result of `entry` was saved.

        That is the folder above the subfolders that it has from its source: of one of these
        everything may have been deleted. A drive of its own that is away has nothing that is there;
        one at the place of a subfolder is another device.
        """
        beside = [self._filled[each] for each in _folders(entry, path) if each in self._filled]
        return any(_device(path) == _device(os.path.join(each, "")) for each in beside)


def can_be_done_again(key: LoopKey, path: str) -> bool:
    """Whether an item's source is there: an image that is moved once it is done is not."""
    if key.kind in {ROWS, FRAMES}:
        return True
    return os.path.lexists(os.path.join(key.directory, *key.entry(path).split("/")))


def _folders(entry: str, path: str) -> list[str]:
    """The folder of a result, and the one above the subfolders that are those of its source."""
    folder = os.path.dirname(path)
    above = folder
    parts = entry.split("/")[:-1]
    # Windows tells a folder that was there before as that was spelled.
    while parts and folded(os.path.basename(above)) == folded(parts.pop()):
        above = os.path.dirname(above)
    return [folder] if above == folder else [folder, above]


def _device(path: str) -> int | None:
    """That of the nearest folder above a path that is there."""
    folder = os.path.dirname(path)
    while True:
        try:
            return os.stat(folder).st_dev
        except OSError:
            above = os.path.dirname(folder)
            if above == folder:
                return None
            folder = above
