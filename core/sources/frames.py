"""Films: each frame, or each window of several frames, is an item."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..common.errors import UnreadableFilm, quoted
from ..files.listing import sight
from ..model.loop_key import LoopKey
from ..model.titles import frame_extension
from .interface import Part, Sight
from .one_file import OneFile

if TYPE_CHECKING:
    from ..model.selection import Selection

_DIGITS = 6
"""Of a frame's number in a name: so names are in order up to nine hours of film."""


class Windows(NamedTuple):
    """How a film is cut into items."""

    frames: int
    """Of each item."""
    overlap: int
    """How many of them the item before has, too."""

    @classmethod
    def of(cls, selection: Selection) -> Windows:
        """Those of a selection."""
        options = dict(selection.options)
        return cls(int(options.get("frames", 1)), int(options.get("overlap", 0)))

    @property
    def step(self) -> int:
        """From one window's first frame to the next one's."""
        return self.frames - self.overlap

    def count(self, frames: int) -> int:
        """How many windows a film has; the last one may have fewer frames than the others."""
        return (
            -(-max(0, frames - self.overlap) // self.step)
            if frames > self.overlap
            else (1 if frames else 0)
        )


class Frames(OneFile):
    """The source of loops whose `directory` is a film; an item's path has its first frame's number.

    See `core.sources.interface.Source`.
    """

    def __init__(self, count: Callable[[str], int]) -> None:
        """`count` says how many frames the film at a real path has; raises UnreadableFilm."""
        self._count = count

    def listed(
        self,
        key: LoopKey,
        selection: Selection,
        *,
        seed: int,  # noqa: ARG002
        going_on: Callable[[], object] = lambda: None,
        without: Callable[[Sequence[str]], Collection[str]] = lambda _paths: (),  # noqa: ARG002
    ) -> Sequence[str]:
        windows = Windows.of(selection)
        going_on()
        numbers = range(windows.count(self._count(key.directory)))
        places = selection.in_range(numbers)
        return [path_of(key, place * windows.step, windows.frames) for place in places]

    def part(
        self,
        key: LoopKey,
        selection: Selection,
        first: int,
        most: int,
        *,
        going_on: Callable[[], object] = lambda: None,
    ) -> Part | None:
        windows = Windows.of(selection)
        going_on()
        numbers = selection.in_range(range(windows.count(self._count(key.directory))))
        shown = numbers[first : first + most]
        paths = [path_of(key, place * windows.step, windows.frames) for place in shown]
        return Part(paths, max(0, len(numbers) - first - len(paths)))

    def nothing(self, key: LoopKey, selection: Selection, own_results: int) -> str:  # noqa: ARG002
        message = f"There is no frame to work on in {quoted(key.directory)}"
        if selection.has_range:
            message += f", from start_index {selection.start_index} with limit {selection.limit}"
        return message + ". Choose another video or range."

    def sight(self, key: LoopKey, path: str) -> Sight:
        return path, sight(key.directory)


def path_of(key: LoopKey, frame: int, frames: int) -> str:
    """The path of the item that begins with `frame`, of a window of so many `frames`."""
    stem = posixpath.splitext(os.path.basename(key.directory))[0]
    return f"{stem}_{frame:0{_DIGITS}}{frame_extension(frames)}"


def frame_in(path: str) -> int:
    """The number of the first frame of an item; raises UnreadableFilm for a path of no frame."""
    number = posixpath.splitext(path)[0].rpartition("_")[2]
    if not number.isdecimal():
        reason = "its name has no number of a frame"
        raise UnreadableFilm(f"{quoted(path)} is no frame: {reason}. Press Start over.", reason)
    return int(number)
