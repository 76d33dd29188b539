"""Reading the image of the next prompt while the workflow runs on this one, or is yet to begin."""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass

from ..common.workers import worker_pool
from ..files.unreadable import opened_image
from ..media.buffers import FRESH, Arrays
from ..media.formats.decode import DecodedImage, decode_opened, open_image
from .budget import MemoryBudget

KEPT_SECONDS = 60.0
"""How long an image that nobody takes is kept, as the batch may have been abandoned."""

_LOOKS = 10
"""How often this is checked within that time."""

_THREADS = 2
"""The images of two loops are read at a time."""

_FIRSTS = 2
"""How many first images are kept at most, of all prompts that wait."""

SMALLEST = 32_768
"""Bytes; a smaller file is read in less time than a thread takes to wake up."""

_BYTES_OF_COLOURS, _BYTES_PER_PIXEL = 12, 16
"""Of a pixel: those of three colours, and of these and the mask, four each."""

_LOOPS_NOTED = 100

_Stamp = tuple[int, ...]


@dataclass
class _Ahead:
    """An image that is being read, or has been."""

    path: str
    image: Future[DecodedImage | None]
    until: float
    """When it is dropped, by the reader's clock."""
    is_first: bool = False
    """Whether its loop is not yet at work: it is dropped when anything else needs the memory."""
    stamp: _Stamp | None = None
    size: int = 0
    seconds: float = 0.0
    """How long it took."""

    @property
    def has_failed(self) -> bool:
        """Whether there was no room for it, or it could not be read."""
        return self.image.done() and self.image.result() is None


class ReadAhead:
    """Decodes one image ahead for each loop, in threads of its own, within a memory budget.

    Reading ahead changes no state, and its images may be dropped at any time. `decode` is what a
    node does with the real path of a file; files of less than `smallest` bytes are left to it.
    `clock` must be monotonic.
    """

    def __init__(
        self,
        budget: MemoryBudget,
        decode: Callable[[str], DecodedImage],
        kept_seconds: float = KEPT_SECONDS,
        smallest: int = SMALLEST,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._budget = budget
        self._decode = decode
        self._kept_seconds = kept_seconds
        self._smallest = smallest
        self._clock = clock
        self._lock = threading.Lock()
        self._ahead: dict[str, _Ahead] = {}
        self._took: dict[str, float] = {}
        self._used: dict[str, float] = {}
        self._searches: dict[str, object] = {}
        self._janitor: threading.Thread | None = None
        self._pool = worker_pool("read-ahead", _THREADS)

    def begin(self, loop: str, path: str) -> None:
        """Start reading the file at a real path for a loop, and drop any other of that loop."""
        until = self._note_use(loop)
        with self._lock:
            ahead = self._ahead.get(loop)
            if ahead is not None and ahead.path == path and not ahead.has_failed:
                ahead.until, ahead.is_first = until, False
                return
        self.cancel(loop)
        if self._is_worth_it(path):
            self._start(loop, _Ahead(path, Future(), until))

    def begin_first(self, loop: str, find: Callable[[], str | None]) -> None:
        """Have the file at the real path that `find` returns read, if the loop is not yet at work.

        `find` is called in this reader's thread. Nothing is read if it returns None, or fails, or
        if the loop has begun its work by then, nor if that was done for other loops that have yet
        to begin: the batch at work needs the memory more.
        """
        with self._lock:
            is_at_work = self._used.get(loop, -math.inf) + self._kept_seconds > self._clock()
            firsts = {name for name, ahead in self._ahead.items() if ahead.is_first}
            are_enough = len((firsts | self._searches.keys()) - {loop}) >= _FIRSTS
        if is_at_work or are_enough or not self._budget.limit:
            return
        until = self._note_use(loop)
        search = object()
        with self._lock:
            self._searches[loop] = search
        with suppress(RuntimeError):  # as below
            self._pool.submit(self._find, loop, find, search, until)

    def _find(
        self, loop: str, find: Callable[[], str | None], search: object, until: float
    ) -> None:
        path = None
        with suppress(Exception):  # the node will meet it, and report it
            path = find()
        if path is not None and self._is_worth_it(path):
            self._start(loop, _Ahead(path, Future(), until, is_first=True), search)
        with self._lock:
            if self._searches.get(loop) is search:
                del self._searches[loop]

    def _start(self, loop: str, ahead: _Ahead, search: object = None) -> None:
        """Start reading, unless what it was found by is over: then the loop is at work."""
        with suppress(RuntimeError):  # no thread can be started, as when Python is shutting down
            with self._lock:
                if search is not None and self._searches.get(loop) is not search:
                    return
                self._see_to_it_that_it_is_dropped()
                before = self._ahead.pop(loop, None)
                self._ahead[loop] = ahead
            if before is not None:
                self._drop(before)
            self._pool.submit(self._read, ahead)

    def _note_use(self, loop: str) -> float:
        """Note that a loop is at work; returns until when what is read now is kept."""
        now = self._clock()
        with self._lock:
            self._searches.pop(loop, None)
            if len(self._used) >= _LOOPS_NOTED:
                self._used.clear()
            self._used[loop] = now
        return now + self._kept_seconds

    def take(self, loop: str, path: str) -> DecodedImage | None:
        """The image at a real path, if it was read ahead and its file is still the same one.

        Waits for an image that is being read, as that is faster than starting again. None in any
        other case, even if it could not be read: the caller will find out why.
        """
        self._note_use(loop)
        with self._lock:
            ahead = self._ahead.pop(loop, None)
            self._took.pop(loop, None)
        if ahead is None:
            return None
        if ahead.path != path:
            self._drop(ahead)
            return None
        if ahead.image.cancel():  # not started: the thread is busy with something else
            return None
        image = ahead.image.result()
        self._budget.give_back(ahead.size)
        # No stamp: the file changed while it was read, or is gone.
        if ahead.stamp is None or ahead.stamp != _stamp(path):
            return None
        with self._lock:
            self._took[loop] = ahead.seconds
        return image

    def read(self, path: str) -> DecodedImage:
        """The image at a real path, read now; raises UnreadableImage."""
        return self._decode(path)

    def took(self, loop: str) -> float:
        """How long reading the image took that was just taken for a loop; 0 if none was."""
        with self._lock:
            return self._took.pop(loop, 0.0)

    def cancel(self, loop: str) -> None:
        """Drop what was read ahead for a loop."""
        with self._lock:
            self._searches.pop(loop, None)
            ahead = self._ahead.pop(loop, None)
        if ahead is not None:
            self._drop(ahead)

    def let_go(self) -> int:
        """Drop first images that nobody has asked for; returns how many bytes that gives back."""
        with self._lock:
            dropped = {
                loop: ahead
                for loop, ahead in self._ahead.items()
                if ahead.is_first and ahead.image.done()
            }
            for loop in dropped:
                del self._ahead[loop]
        for ahead in dropped.values():
            self._drop(ahead)
        return sum(ahead.size for ahead in dropped.values())

    def _is_worth_it(self, path: str) -> bool:
        """Whether reading the image takes longer than waking a thread."""
        if not self._budget.limit:
            return False
        try:
            return os.stat(path).st_size >= self._smallest
        except OSError:
            return False

    def _see_to_it_that_it_is_dropped(self) -> None:
        """Have somebody drop, from now on, what is not taken in time; under the lock."""
        if self._janitor is None:
            janitor = threading.Thread(target=self._let_go, name="batch-loop-let-go", daemon=True)
            janitor.start()
            self._janitor = janitor

    def _let_go(self) -> None:
        """Drop what is not taken in time, until nothing is left."""
        pause = threading.Event()
        while True:
            with self._lock:
                if not self._ahead:
                    self._janitor = None
                    return
                now = self._clock()
                late = [loop for loop, ahead in self._ahead.items() if ahead.until <= now]
                dropped = [self._ahead.pop(loop) for loop in late]
            for ahead in dropped:
                self._drop(ahead)
            pause.wait(self._kept_seconds / _LOOKS)

    def _drop(self, ahead: _Ahead) -> None:
        if not ahead.image.cancel():
            ahead.image.add_done_callback(lambda _image: self._budget.give_back(ahead.size))

    def _read(self, ahead: _Ahead) -> None:
        if not ahead.image.set_running_or_notify_cancel():
            return
        image = None
        try:
            stamp = _stamp(ahead.path)
            size = _pixels(ahead.path) * _BYTES_PER_PIXEL
            if self._budget.take_spare(size) or (not ahead.is_first and self._budget.take(size)):
                ahead.size = size
                began = self._clock()
                image = self._decode(ahead.path)
                ahead.seconds = self._clock() - began
                # If the file changed meanwhile, the image may be a mix of old and new.
                ahead.stamp = stamp if _stamp(ahead.path) == stamp else None
        except Exception:  # noqa: BLE001 the node will meet it again, and report it
            image = None
        ahead.image.set_result(image)


def _stamp(path: str) -> _Stamp | None:
    """Changes whenever the file is changed or replaced; None if it is gone."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _pixels(path: str) -> int:
    """The number of pixels, from the image's header."""
    with opened_image(path) as file, open_image(file) as image:
        return int(image.width * image.height)


def read_image(path: str, arrays: Arrays = FRESH) -> DecodedImage:
    """The image in the file at a real path, in memory of `arrays`; raises UnreadableImage."""
    with opened_image(path) as file:
        image = open_image(file)
        with arrays.expecting(lambda: int(image.width * image.height) * _BYTES_OF_COLOURS):
            return decode_opened(image, file, arrays)
