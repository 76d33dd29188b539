"""The names of the files in a folder, to look many up."""

from __future__ import annotations

import functools
import os
from bisect import bisect_left
from collections.abc import Callable

from ..common.errors import FolderNotFound, quoted
from ..common.pace import Pace, parts_of, sort
from ..files.listing import LOOK_EVERY, is_file
from ..files.real_paths import scanned
from ..files.same_file import folded, folds
from .patterns import Wanted

_LAST = chr(0x10FFFF)
"""It sorts behind anything that a name may continue with."""


class FolderNames:
    """The files of one folder, which is read once, when a name is first looked up."""

    def __init__(self, folder: str | None, going_on: Callable[[], object]) -> None:
        """`folder` is a real path; None for a folder that may not be read, which counts as empty.

        `going_on` is called repeatedly meanwhile, and what it raises ends the reading.
        """
        self._folder = folder
        self._going_on = going_on
        self._is_folded = False

    def matching(self, wanted: Wanted) -> list[str]:
        """The names of the files that are wanted, in no order.

        Raises `FolderNotFound` if the folder is there and cannot be read.
        """
        names = self._names
        if self._is_folded:
            wanted = wanted.folded()
        if wanted.exact is not None:
            name = names.get(wanted.exact)
            return [] if name is None else [name]
        start, end = wanted.pieces[0], wanted.pieces[-1][::-1]
        first, last = _range(self._sorted, start)
        first_reversed, last_reversed = _range(self._reversed, end) if end else (0, len(names))
        if last - first <= last_reversed - first_reversed:
            found = self._sorted[first:last]
        else:
            found = [name[::-1] for name in self._reversed[first_reversed:last_reversed]]
        return [names[name] for name in found if wanted.matches(name)]

    @functools.cached_property
    def _names(self) -> dict[str, str]:
        """The names, by what tells them apart."""
        read = self._read()
        if not self._is_folded:
            return dict(zip(read, read, strict=True))
        return {folded(name): name for name in read}

    def _read(self) -> list[str]:
        names: list[str] = []
        if self._folder is None:
            return names
        pace = Pace()
        try:
            with scanned(self._folder) as entries:
                for seen, entry in enumerate(entries, start=1):
                    if is_file(entry):
                        names.append(entry.name)
                    pace.rest()
                    if seen % LOOK_EVERY == 0:
                        self._going_on()
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            what = (
                f"cannot be read: {error.strerror or error}. A pattern looks for the companions of "
                "images there. Let the user that runs ComfyUI read it, or change the pattern."
            )
            raise FolderNotFound(
                f"The folder {quoted(self._folder)} {what}",
                elsewhere=f"The folder {quoted(os.path.basename(self._folder))} {what}",
            ) from error
        if names:
            self._is_folded = folds(self._folder, names[0])
        return names

    @functools.cached_property
    def _sorted(self) -> list[str]:
        names = list(self._names)
        sort(names, self._going_on)
        return names

    @functools.cached_property
    def _reversed(self) -> list[str]:
        names: list[str] = []
        for part in parts_of(self._sorted):
            names += (name[::-1] for name in part)
        sort(names, self._going_on)
        return names


def _range(names: list[str], start: str) -> tuple[int, int]:
    """The range of sorted names that begin with a text."""
    first = bisect_left(names, start)
    return first, bisect_left(names, start + _LAST, first)
