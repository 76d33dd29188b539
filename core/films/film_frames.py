"""Any frame of a film by its number, and fast one after the other."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import torch

from ..common.workers import worker_count
from ..media.buffers import FRESH, Arrays
from .conversion import Conversion
from .finder import FrameFinder, FrameTimes


@dataclass(frozen=True)
class DecodedFrame:
    """One frame of a film."""

    image: torch.Tensor
    """[1,H,W,3] float32, 0 to 1, RGB, upright."""
    time: float
    """When it is shown, in seconds after the film's start, which may be that of its sound."""
    index: int
    """Its number, from 0."""


class FilmFrames(AbstractContextManager["FilmFrames"]):
    """The frames of one film, numbered in the order they are shown, from 0.

    They are those that the ffmpeg program decodes (`-fps_mode passthrough`), with one exception: a
    frame that is damaged keeps its number and is an error, so the others keep theirs.

    All frames have the size of the first one. Pixels are not stretched to be square. It is to be
    used by one thread at a time, and closed.
    """

    def __init__(self, path: str, arrays: Arrays = FRESH, threads: int | None = None) -> None:
        """Open a film at a real path; `threads` decode it, by default as many as are of use.

        Raises UnreadableFilm. Reads the whole file once, without decoding it.
        """
        threads = worker_count() if threads is None else threads
        self._arrays = arrays
        self._conversion = Conversion(threads)
        self._finder = FrameFinder(path, threads)

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._finder.close()

    def release(self) -> None:
        """Close the file until anything is asked for.

        It has to be the same one then, unchanged, as it is not read as a whole again.
        """
        self._finder.release()

    @property
    def way_back(self) -> int:
        """How many frames have to be decoded to come here again, once the file was released."""
        return self._finder.way_back

    @property
    def count(self) -> int:
        """How many frames there are."""
        return self._finder.count

    @property
    def is_cut_off(self) -> bool:
        """Whether the film ends earlier than its header says."""
        return self._finder.is_cut_off

    @property
    def fps(self) -> Fraction:
        """Frames per second, on average; 0 if unknown."""
        return self._finder.fps

    @property
    def times(self) -> FrameTimes:
        """When each frame is shown."""
        return self._finder.times

    def frame(self, index: int) -> DecodedFrame:
        """Decode the frame with a number; fast if it is the one after the last.

        Raises IndexError if the film has no such frame, UnreadableFrame if that frame is damaged,
        and UnreadableFilm if the file cannot be read any more.
        """
        found = self._finder.find(index)
        pixels = self._conversion.pixels(found)
        image = self._arrays.empty((1, *pixels.shape), np.float32)
        self._conversion.scale(pixels, image[0])
        return DecodedFrame(torch.from_numpy(image), self._finder.time_of(found, index), index)

    def into(self, index: int, image: npt.NDArray[np.float32]) -> float:
        """Decode a frame into [H,W,3], of the film's size; its time. Raises what `frame` raises."""
        found = self._finder.find(index)
        self._conversion.scale(self._conversion.pixels(found), image)
        return self._finder.time_of(found, index)
