"""Finding the frame with a number: going on to it, or going back to a keyframe before it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from fractions import Fraction
from typing import NamedTuple

import av
import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame

from ..common.errors import UnreadableFrame, WindowGone, quoted
from .opening import open_film, unreadable
from .packet_index import packet_index
from .walk import Walk

_EARLIER = (1, 2)
"""How many keyframes earlier decoding begins when a frame does not come, or comes damaged: it may
refer to what is before its keyframe."""

_WALKED = 4
"""Frames up to a keyframe that are decoded although one could begin there: seeking takes time."""

_FROM_THE_START = -1
"""In place of a keyframe."""

_AT_THE_END = 1 << 62
"""The position behind all frames."""


class FrameTimes(NamedTuple):
    """When the frames of a film are shown, exactly."""

    shown: npt.NDArray[np.int64]
    """[frames], in units, by the clock of the file; increasing."""
    unit: Fraction
    """Seconds; 0 if the film does not tell its times."""
    start: Fraction
    """When the film or its sound begins, in seconds by the same clock."""

    def seconds(self, number: int) -> float:
        """When a frame is shown, in seconds after the beginning; raises IndexError if it is none.

        For a few frames alone: for all those of a long film it takes a second.
        """
        return max(0.0, float(int(self.shown[number]) * self.unit - self.start))


def frame_gone(path: str, number: int, count: int, *, is_cut_off: bool) -> UnreadableFrame:
    """The error for a frame that the film at a path, of `count` frames, does not have any more.

    WindowGone where that is the film's own end, and it was not cut off before it.
    """
    is_gone = f"Frame {number} of {quoted(path)} is gone: the video has {count} frames now"
    if is_cut_off:
        return UnreadableFrame(
            f"{is_gone}, and ends earlier than its header says. Put the whole video back, and run "
            "again.",
            "the video is cut off before this frame",
        )
    return WindowGone(
        f"{is_gone}. Put the longer video back, or press Skip this one, and run again: a window "
        "that has become shorter is added at the end.",
        "the video has no such frame any more",
    )


class FrameFinder:
    """Decodes frames of one film by number.

    Where the packets tell which frames there are, a frame is found by its time. Where they do not,
    as in old AVI files, frames are counted from the start, so going back begins there.
    """

    def __init__(self, path: str, threads: int) -> None:
        """Raises UnreadableFilm. Reads the whole file once, without decoding it."""
        self._path = path
        with closing(open_film(path)) as film:
            self._index = packet_index(film)
        self._walk = Walk(path, threads)
        self._ahead: VideoFrame | None = None
        """The frame that was decoded last."""
        self._position = 0
        """Its number."""
        try:
            self._begin(_FROM_THE_START)
            self.count = self._counted()
            """How many frames there are."""
        except BaseException:
            self._walk.release()
            raise

    @property
    def is_cut_off(self) -> bool:
        """Whether the film ends earlier than its header says."""
        return self._index is not None and self._index.is_cut_off

    @property
    def fps(self) -> Fraction:
        """Frames per second, on average; 0 if unknown."""
        stream = self._walk.film.stream
        return stream.average_rate or stream.guessed_rate or Fraction(0)

    @property
    def times(self) -> FrameTimes:
        """When each frame is shown."""
        film = self._walk.film
        if self._index is None or film.stream.time_base is None:
            unit = 1 / self.fps if self.fps else Fraction(0)
            return FrameTimes(np.arange(self.count, dtype=np.int64), unit, Fraction(0))
        start = Fraction(film.container.start_time or 0, av.time_base)
        return FrameTimes(self._index.times, film.stream.time_base, start)

    @property
    def way_back(self) -> int:
        """How many frames have to be decoded to come here again, once the file was released."""
        at = max(0, min(self._position, self.count - 1))
        return at - self._frame_of(self._start_for(at)) + 1

    def close(self) -> None:
        """Close the file."""
        self.release()

    def release(self) -> None:
        """Close the file until anything is asked for."""
        self._frames: Iterator[VideoFrame] = iter(())
        self._ahead, self._position = None, _AT_THE_END
        self._walk.release()

    def time_of(self, frame: VideoFrame, number: int) -> float:
        """When a frame is shown, in seconds after the start of the film or its sound."""
        film = self._walk.film
        if self._index is None or frame.pts is None or film.stream.time_base is None:
            rate = film.stream.average_rate
            return float(number / rate) if rate else 0.0
        start = Fraction(film.container.start_time or 0, av.time_base)
        return max(0.0, float(frame.pts * film.stream.time_base - start))

    def find(self, number: int) -> VideoFrame:
        """Decode the frame with a number.

        Raises IndexError if there is none, UnreadableFrame if it is damaged.
        """
        if not 0 <= number < self.count:
            raise IndexError(f"the video has frames 0 to {self.count - 1}, and no frame {number}")
        start = self._start_for(number)
        if number < self._position or self._frame_of(start) > self._position + _WALKED:
            self._begin(start)
        found = self._advanced(number)
        for back in _EARLIER:
            if (found and not found.is_corrupt) or start - back < _FROM_THE_START:
                break
            if start - back < self._began:
                self._begin(start - back)
                found = self._advanced(number)
        if found is None or found.is_corrupt:
            raise self._damaged(number)
        return found

    def _counted(self) -> int:
        """Count the frames, and go to the first one."""
        if self._index is not None:
            self._go_on()
            if self._ahead is not None:
                self._index = self._index.beginning_with(self._ahead.pts)
                self._position = self._number_of(self._ahead) or 0
                return len(self._index.times)
            # The decoder may have times of its own, which are none of the packets'.
            self._index = None
            self._begin(_FROM_THE_START)
        count = sum(1 for _ in self._frames)
        if not count:
            raise unreadable(self._path, "none of its frames can be decoded")
        self._begin(_FROM_THE_START)
        return count

    def _start_for(self, number: int) -> int:
        return _FROM_THE_START if self._index is None else self._index.start_for(number)

    def _frame_of(self, start: int) -> int:
        if self._index is None or start == _FROM_THE_START:
            return 0
        return int(self._index.keyframes[start])

    def _begin(self, start: int) -> None:
        """Start decoding at a keyframe, by its position in the index."""
        if self._index is None or start == _FROM_THE_START:
            self._frames = self._walk.from_the_start()
        else:
            self._frames = self._walk.from_keyframe(self._index, start)
        self._began = start
        self._position = self._frame_of(start) - 1
        self._ahead = None

    def _advanced(self, number: int) -> VideoFrame | None:
        """Decode up to a number that is not behind; None if that frame does not come."""
        while self._position < number:
            self._go_on()
        return self._ahead if self._position == number else None

    def _go_on(self) -> None:
        """Decode the next frame that has a number: `_ahead`, at `_position`."""
        for frame in self._frames:
            number = self._number_of(frame)
            if number is not None and number > self._position:
                self._ahead, self._position = frame, number
                return
        self._ahead, self._position = None, _AT_THE_END

    def _number_of(self, frame: VideoFrame) -> int | None:
        return self._position + 1 if self._index is None else self._index.frame_at(frame.pts)

    def _damaged(self, number: int) -> UnreadableFrame:
        if number == self.count - 1:
            reason = f"frame {number}, the last one, is not complete"
        else:
            reason = f"frame {number} is damaged"
        return UnreadableFrame(
            f"Cannot decode a frame of the video {quoted(self._path)}: {reason}. Skip it, or get "
            "the video once more from where it came, and run again.",
            reason,
        )
