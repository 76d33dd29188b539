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

    def frames_at(self, place: int, frames: int) -> int:
        """How many frames the window at a place has, of a film that has `frames`."""
        return min(self.frames, frames - place * self.step)

    def paths(self, key: LoopKey, places: Sequence[int], frames: int) -> list[str]:
        """The paths of the windows at some places of a film that has `frames`."""
        return [path_of(key, at * self.step, self.frames_at(at, frames)) for at in places]


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
        frames = self._count(key.directory)
        return windows.paths(key, selection.in_range(range(windows.count(frames))), frames)

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
        frames = self._count(key.directory)
        numbers = selection.in_range(range(windows.count(frames)))
        paths = windows.paths(key, numbers[first : first + most], frames)
        return Part(paths, max(0, len(numbers) - first - len(paths)))

    def nothing(self, key: LoopKey, selection: Selection, own_results: int) -> str:  # noqa: ARG002
        message = f"There is no frame to work on in {quoted(key.directory)}"
        if selection.has_range:
            message += f", from start_index {selection.start_index} with limit {selection.limit}"
        return message + ". Choose another video or range."

    def sight(self, key: LoopKey, path: str) -> Sight:
        return path, sight(key.directory)


def path_of(key: LoopKey, frame: int, frames: int) -> str:
    """The path of the item that begins with `frame`, and has so many `frames`.

    The last window of a film, which may have fewer than the others, is another item once the film
    has become longer or shorter.
    """
    stem = posixpath.splitext(os.path.basename(key.directory))[0]
    return f"{stem}_{frame:0{_DIGITS}}{frame_extension(frames)}"


def frame_in(path: str) -> int:
    """The number of the first frame of an item; raises UnreadableFilm for a path of no frame."""
    number = posixpath.splitext(path)[0].rpartition("_")[2]
    if not number.isdecimal():
        reason = "its name has no number of a frame"
        raise UnreadableFilm(f"{quoted(path)} is no frame: {reason}. Press Start over.", reason)
    return int(number)
