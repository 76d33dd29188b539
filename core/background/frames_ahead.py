"""Decoding films frame by frame, the next frames while the workflow runs on these."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch

from ..common.errors import Unreadable, quoted
from ..common.sight import FileStamp, stamp_at
from ..common.workers import worker_pool
from ..films.film_frames import FilmFrames
from ..films.finder import FrameTimes, frame_gone
from ..media.buffers import FRESH, Arrays
from .budget import MemoryBudget

_log = logging.getLogger(__name__)

_OPEN = 3
"""Films whose decoders are kept: those of a pair, and one that was only counted."""

_THREADS = 2
"""The films of two loops are decoded at a time."""

KEPT_SECONDS = 60.0
"""How long at least is kept what is known of a film that nobody asks for, as its batch may be over.
"""

_OPEN_PART = 1 / 6
"""For so much of that time, ten seconds, its file stays open that nobody reads."""

_WORTH = 10
"""Or for this many times as long as it would take to decode what leads to the place again."""

_KEPT_TURNS = 3
"""The same in turns of its loop: a model may take minutes for a window."""

_FIRST_TURN_SECONDS = 600.0
"""How long it is kept before it is known how long a turn takes."""

_LOOKS = 10
"""How often it is looked whether a film is read, in the time that its file stays open."""

_FILMS_KNOWN = 100
"""Films of which it is remembered how many frames they have."""


class Shot(NamedTuple):
    """Some frames of a film."""

    images: torch.Tensor
    """[N,H,W,3] float32, 0 to 1."""
    time: float
    """When the first of them is shown, in seconds from the film's start."""
    fps: float
    """The film's frames per second, on average; 0 if unknown."""


class Window(NamedTuple):
    """Which frames."""

    first: int
    frames: int
    """How many."""
    overlap: int = 0
    """How many of the last of them the next window has, too."""


@dataclass
class _Ahead:
    """A window that is being decoded, or has been."""

    window: Window
    shot: Future[Shot]
    size: int
    """Bytes that were taken for it."""


@dataclass
class _Open:
    """A film that a loop reads.

    It is decoded only under `lock`; what is not said to be under that is under the lock of all
    films.
    """

    path: str
    stamp: FileStamp | None
    film: FilmFrames
    lock: threading.Lock = field(default_factory=threading.Lock)
    ahead: _Ahead | None = None
    until: float = 0.0
    """When all of it is given up, by the clock."""
    asked_at: float | None = None
    """When a window was last asked for."""
    is_closed: bool = False
    tail: dict[int, torch.Tensor] = field(default_factory=dict)
    """Frames [H,W,3] of the last window that the next one has, too, by their numbers: copies, as a
    node may have changed what it was given. Under `lock`."""
    frame_bytes: int = 0
    """Of a decoded frame; 0 if none was decoded yet."""
    read_at: float = 0.0
    """When the film was last read, by the clock. Under `lock`, like the next two."""
    frame_seconds: float = 0.0
    """How long it took to decode one of the last frames."""
    is_released: bool = False
    """Whether its file is closed until it is read again."""


class _Closed(Exception):
    """Raised when a film was closed before it was used."""


class FramesAhead:
    """Decodes frames, and one window ahead for each loop, within a memory budget; for any thread.

    Each loop has a decoder of its own, which goes on where it stands. Its file is closed when it is
    not read for some seconds, as on Windows nobody could replace it, and opened again where it
    stood; it is given up as a whole, with its memory, when nobody asks for much longer. `opened`
    opens the film at a real path; raises UnreadableFilm. `clock` must be monotonic.
    """

    def __init__(
        self,
        budget: MemoryBudget,
        opened: Callable[[str, Arrays], FilmFrames] = FilmFrames,
        arrays: Arrays = FRESH,
        kept_seconds: float = KEPT_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._budget = budget
        self._opened = opened
        self._arrays = arrays
        self._kept_seconds = kept_seconds
        self._open_seconds = _OPEN_PART * kept_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._films: OrderedDict[tuple[str, str], _Open] = OrderedDict()
        """By loop and path, the one that was asked for last at the end; "" for no loop yet."""
        self._counts: OrderedDict[tuple[str, FileStamp | None], int] = OrderedDict()
        self._counting: dict[tuple[str, FileStamp | None], Future[int]] = {}
        self._janitor: threading.Thread | None = None
        self._pool = worker_pool("frames-ahead", _THREADS)

    def count(self, path: str) -> int:
        """How many frames the film at a real path has; raises UnreadableFilm.

        The first time, the file is read to its end, once for all who ask meanwhile. It never waits
        for a frame.
        """
        known = (path, stamp_at(path))
        with self._lock:
            if known in self._counts:
                return self._counts[known]
            counting = self._counting.get(known)
            own: Future[int] = Future()
            if counting is None:
                self._counting[known] = own
        if counting is not None:
            return counting.result()
        try:
            opened = self._open("", *known)
        except BaseException as error:
            own.set_exception(error)
            raise
        else:
            own.set_result(opened.film.count)
        finally:
            with self._lock:
                del self._counting[known]
        return own.result()

    def times(self, loop: str, path: str) -> FrameTimes:
        """When each frame of the film at a real path is shown; raises UnreadableFilm.

        If the loop has it open, it is not opened once more.
        """
        while True:
            opened = self._film(loop, path)
            with suppress(_Closed), opened.lock:
                self._take_up(opened)
                return opened.film.times

    def has_open(self, loop: str, path: str) -> bool:
        """Whether a loop has the film at a real path open, and it is still the same file."""
        with self._lock:
            known = self._films.get((loop, path))
        return known is not None and known.stamp == stamp_at(path)

    def shot(self, loop: str, path: str, asked: Window) -> Shot:
        """The frames of a window, all of them.

        Raises UnreadableFilm; UnreadableFrame if one is damaged, or gone.
        """
        while True:
            opened = self._film(loop, path)
            with self._lock:
                now = self._clock()
                turn = _FIRST_TURN_SECONDS if opened.asked_at is None else now - opened.asked_at
                opened.asked_at = now
                opened.until = now + max(self._kept_seconds, _KEPT_TURNS * turn)
                ahead, opened.ahead = opened.ahead, None
            with suppress(_Closed):  # meanwhile: others needed the place
                shot = None if ahead is None else self._taken(ahead, asked)
                return shot or self._decoded(opened, asked)

    def _taken(self, ahead: _Ahead, asked: Window) -> Shot | None:
        """What was decoded ahead, if that was asked for; None if it is still to be decoded."""
        # Its bytes are not needed any more once it is decoded, whoever gets it.
        self._give_back(ahead)
        # If it has not begun, the threads are busy with something else.
        if ahead.shot.cancel() or ahead.window != asked:
            return None
        try:
            return ahead.shot.result()
        except (Unreadable, _Closed):
            raise
        except Exception:  # noqa: BLE001 as it may have failed for lack of memory alone
            _log.debug("Batch Loop: frames are decoded once more", exc_info=True)
            return None

    def begin(self, loop: str, path: str, asked: Window) -> None:
        """Begin to decode the window that is likely to be asked for next, if the film is open."""
        with self._lock:
            opened = self._films.get((loop, path))
            if opened is None or opened.ahead is not None or not opened.frame_bytes:
                return
            size = opened.frame_bytes * asked.frames
        if not self._budget.take(size):
            return
        ahead = _Ahead(asked, Future(), size)
        with self._lock:
            is_wanted = opened.ahead is None and not opened.is_closed
            if is_wanted:
                opened.ahead = ahead
        if not is_wanted:
            self._budget.give_back(size)
            return
        try:
            self._pool.submit(self._decode_ahead, opened, ahead)
        except RuntimeError:  # no thread can be started, as when Python is shutting down
            ahead.shot.cancel()

    def _decode_ahead(self, opened: _Open, ahead: _Ahead) -> None:
        if not ahead.shot.set_running_or_notify_cancel():
            return
        try:
            shot = self._decoded(opened, ahead.window)
        except BaseException as error:  # noqa: BLE001 whoever asks for it meets it
            ahead.shot.set_exception(error)
        else:
            ahead.shot.set_result(shot)

    def _decoded(self, opened: _Open, asked: Window) -> Shot:
        with opened.lock:
            began = self._take_up(opened)
            try:
                return self._read(opened, asked)
            finally:
                opened.read_at = self._clock()
                opened.frame_seconds = (opened.read_at - began) / asked.frames

    def _take_up(self, opened: _Open) -> float:
        """Note, under the film's lock, that its file is read again; now, by the clock."""
        # Its frames are where they were only in the very same file.
        is_other = opened.is_released and stamp_at(opened.path) != opened.stamp
        if opened.is_closed or is_other:
            raise _Closed
        opened.is_released, opened.read_at = False, self._clock()
        return opened.read_at

    def _read(self, opened: _Open, asked: Window) -> Shot:
        """The frames of a window, under the film's lock."""
        film, tail = opened.film, opened.tail
        numbers = range(asked.first, asked.first + asked.frames)
        if numbers[-1] >= film.count:
            number = max(asked.first, film.count)
            raise frame_gone(opened.path, number, film.count, is_cut_off=film.is_cut_off)
        if numbers[0] in tail:
            shape, time_of_first = tail[numbers[0]].shape, film.times.seconds(numbers[0])
            images = self._arrays.empty((len(numbers), *shape), np.float32)
            images[0] = tail[numbers[0]]
        else:
            first = film.frame(numbers[0])
            time_of_first = first.time
            if len(numbers) == 1:
                images = first.image.numpy()
            else:
                images = self._arrays.empty((len(numbers), *first.image.shape[1:]), np.float32)
                images[0] = first.image[0]
        opened.frame_bytes = images[0].nbytes
        for place, number in enumerate(numbers[1:], 1):
            if number in tail:
                images[place] = tail[number]
            else:
                film.into(number, images[place])
        made = torch.from_numpy(images)
        until = 0 if numbers[-1] + 1 == film.count else asked.frames  # none comes after the last
        shared = range(max(0, asked.frames - asked.overlap), until)
        opened.tail = {numbers[place]: made[place].clone() for place in shared}
        return Shot(made, time_of_first, float(film.fps))

    def _film(self, loop: str, path: str) -> _Open:
        """The open film that a loop reads, as it is now."""
        stamp = stamp_at(path)
        with self._lock:
            known = self._films.pop((loop, path), None) or self._films.pop(("", path), None)
            if known is not None and known.stamp == stamp:
                self._films[loop, path] = known
                return known
        if known is not None:
            self._close(known)
        return self._open(loop, path, stamp)

    def _open(self, loop: str, path: str, stamp: FileStamp | None) -> _Open:
        film = self._opened(path, self._arrays)
        if film.is_cut_off:
            _log.warning(
                "Batch Loop: the video %s ends earlier than its header says, so it was not copied "
                "or recorded completely. It has %d frames.",
                *(quoted(path), film.count),
            )
        now = self._clock()
        opened = _Open(path, stamp, film, until=now + self._kept_seconds, read_at=now)
        closed = []
        with self._lock:
            self._counts[path, stamp] = film.count
            while len(self._counts) > _FILMS_KNOWN:
                self._counts.popitem(last=False)
            before = self._films.pop((loop, path), None)
            if before is not None:
                closed.append(before)
            self._films[loop, path] = opened
            while len(self._films) > _OPEN:
                closed.append(self._films.popitem(last=False)[1])
            self._see_to_it_that_films_are_closed()
        for each in closed:
            self._close(each)
        return opened

    def _see_to_it_that_films_are_closed(self) -> None:
        """Have somebody close, from now on, what nobody asks for; under the lock."""
        if self._janitor is None:
            with suppress(RuntimeError):  # Python is shutting down
                janitor = threading.Thread(
                    target=self._close_idle, name="batch-loop-films", daemon=True
                )
                janitor.start()
                self._janitor = janitor

    def _close_idle(self) -> None:
        """Close films that nobody asks for, until none is left."""
        pause = threading.Event()
        while True:
            with self._lock:
                if not self._films:
                    self._janitor = None
                    return
                now = self._clock()
                late = [key for key, opened in self._films.items() if opened.until <= now]
                closed = [self._films.pop(key) for key in late]
                others = list(self._films.values())
            for each in closed:
                self._close(each)
            for each in others:
                self._release_idle(each)
            pause.wait(self._open_seconds / _LOOKS)

    def _release_idle(self, opened: _Open) -> None:
        """Close a film's file if nobody has read it for a while, and going on takes little."""
        if not opened.lock.acquire(blocking=False):
            return  # somebody reads it now
        try:
            if opened.is_released or opened.is_closed:
                return
            way_back = opened.frame_seconds * opened.film.way_back
            if self._clock() - opened.read_at >= max(self._open_seconds, _WORTH * way_back):
                opened.film.release()
                opened.is_released = True
        finally:
            opened.lock.release()

    def _close(self, opened: _Open) -> None:
        """Close a film that was taken out of `_films`, once it is not used any more."""
        with self._lock:
            opened.is_closed = True
            ahead, opened.ahead = opened.ahead, None
        if ahead is not None:
            ahead.shot.cancel()
            self._give_back(ahead)
        with opened.lock:
            opened.film.close()

    def _give_back(self, ahead: _Ahead) -> None:
        """Give the bytes back of what was taken out of a film, once it is decoded or cancelled."""
        ahead.shot.add_done_callback(lambda _shot: self._budget.give_back(ahead.size))
