"""Pictures of single frames of films, by their numbers."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

from PIL import Image

from ..films.finder import FrameFinder, FrameTimes, frame_gone
from ..films.first_picture import small_picture

OPEN_SECONDS = 10.0
"""How long a film's file stays open after the last picture."""


class FramePictures:
    """Makes pictures of frames, with a decoder of its own: a batch's goes on undisturbed.

    For any thread; one film is open at a time. `opened` opens the film at a real path.
    """

    def __init__(
        self,
        opened: Callable[[str, int], FrameFinder] = FrameFinder,
        open_seconds: float = OPEN_SECONDS,
    ) -> None:
        self._opened = opened
        self._open_seconds = open_seconds
        self._lock = threading.Lock()
        self._film: tuple[tuple[object, ...], FrameFinder] | None = None
        self._closing: threading.Timer | None = None

    def picture(self, path: str, number: int, size: int) -> Image.Image:
        """A frame of the film at a real path, at most `size` pixels each way: RGB, upright.

        Raises UnreadableFilm, also if it has no such frame, or that one is damaged.
        """
        with self._lock:
            if self._closing is not None:
                self._closing.cancel()
            try:
                film = self._of(path)
                if not 0 <= number < film.count:
                    raise frame_gone(path, number, film.count, is_cut_off=film.is_cut_off)
                picture = small_picture(film.find(number), size)
            finally:
                self._close_later()
        picture.thumbnail((size, size))
        return picture

    def times(self, path: str) -> FrameTimes:
        """When each frame of the film at a real path is shown; raises UnreadableFilm."""
        with self._lock:
            if self._closing is not None:
                self._closing.cancel()
            try:
                return self._of(path).times
            finally:
                self._close_later()

    def close(self) -> None:
        """Close the film that is open, if one is."""
        with self._lock:
            self._close()

    def _of(self, path: str) -> FrameFinder:
        stamp = frame_stamp(path)
        if self._film is None or self._film[0] != (path, stamp):
            self._close()
            self._film = ((path, stamp), self._opened(path, 1))
        return self._film[1]

    def _close(self) -> None:
        if self._film is not None:
            self._film[1].close()
            self._film = None

    def _release(self) -> None:
        """Close the file of the film, which need not be read as a whole again."""
        with self._lock:
            if self._film is not None:
                self._film[1].release()

    def _close_later(self) -> None:
        self._closing = threading.Timer(self._open_seconds, self._release)
        self._closing.daemon = True
        self._closing.start()


def frame_stamp(path: str) -> str:
    """Changes whenever the film at a real path is changed or replaced; empty if it is gone."""
    try:
        found = os.stat(path)
    except OSError:
        return ""
    return f"{found.st_mtime_ns:x}-{found.st_size:x}"
