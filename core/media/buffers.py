"""Large arrays whose memory is used again once nobody holds them.

The first use of fresh memory costs several times as much as filling memory that was used before:
the system has to provide each page, and a virtual machine has to ask its host for it.
"""

from __future__ import annotations

import math
import mmap
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

Kind = TypeVar("Kind", bound=np.generic)

KEPT_SECONDS = 60.0
"""How long memory that nobody asks for is kept."""

SMALLEST = 4_000_000
"""Bytes; less is quickly had anew."""

_MOST = 3
"""How many are kept: two images and the bytes of one."""

_LARGER = 1.5
"""Memory is used for an array that is smaller by up to this factor."""

_STEP = 1 << 22
"""Bytes touched at a time: few milliseconds, if they have to be waited for."""

Memory = npt.NDArray[np.uint8]


class Spare(Protocol):
    """The memory budget that what is kept is part of."""

    def take_spare(self, size: int) -> bool:
        """Take bytes that nobody else needs; False if there are not as many."""

    def give_back(self, size: int) -> None:
        """Give them back."""


class Arrays(Protocol):
    """Where arrays come from."""

    def empty(self, shape: tuple[int, ...], kind: type[Kind]) -> npt.NDArray[Kind]:
        """A contiguous array whose content is undefined, like numpy's."""

    def expecting(self, size: Callable[[], int]) -> AbstractContextManager[None]:
        """Prepare for an array of `size` bytes, which the block is about to ask for."""


class FreshArrays:
    """Arrays of fresh memory."""

    def empty(self, shape: tuple[int, ...], kind: type[Kind]) -> npt.NDArray[Kind]:
        """See `Arrays`."""
        return np.empty(shape, kind)

    def expecting(self, size: Callable[[], int]) -> AbstractContextManager[None]:  # noqa: ARG002
        """See `Arrays`."""
        return nullcontext()


FRESH = FreshArrays()


def fresh(size: int) -> Memory:
    """Memory that nobody has used, by its size in bytes; the system has yet to provide it."""
    # On Linux, numpy asks for large pages.
    return np.empty(size, np.uint8)


class Touched:
    """Fresh memory, some of which the system may have provided already.

    One thread touches it while another one works on what will be put there.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        """In bytes."""
        self._memory = fresh(size)
        self._lock = threading.Lock()
        self._is_over = False

    def touch(self) -> None:
        """Have the system provide the memory, until `end` is called."""
        for first in range(0, self.size, _STEP):
            with self._lock:
                if self._is_over:
                    return
                self._memory[first : first + _STEP : mmap.PAGESIZE] = 0

    def end(self) -> Memory:
        """The memory, which is not touched any more."""
        self._is_over = True
        with self._lock:  # the last step
            return self._memory


@dataclass(frozen=True)
class _Kept:
    memory: Memory
    until: float


class Buffers:
    """Arrays of memory that was used before, where there is any; safe to use from any thread.

    An array's memory is used again only when the array, all views of it, and all tensors that share
    its memory are gone. What is kept until then is part of a memory budget, is the first to go when
    somebody else needs that, and goes when nobody has asked for it for `kept_seconds`.
    """

    def __init__(
        self,
        budget: Spare,
        kept_seconds: float = KEPT_SECONDS,
        smallest: int = SMALLEST,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._budget = budget
        self._kept_seconds = kept_seconds
        self._smallest = smallest
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: list[_Kept] = []
        self._touched: list[Touched] = []
        self._lent = 0
        self._janitor: threading.Thread | None = None
        # Arrays may end anywhere, also during a collection of garbage in a thread that has the
        # lock. These two may be added to at any moment.
        self._returned: deque[tuple[Memory, int]] = deque()
        self._wake: SimpleQueue[None] = SimpleQueue()

    def empty(self, shape: tuple[int, ...], kind: type[Kind]) -> npt.NDArray[Kind]:
        """See `Arrays`."""
        size = math.prod(shape) * np.dtype(kind).itemsize
        if size < self._smallest:
            return np.empty(shape, kind)
        memory, more = self._used_before(size), 0
        if memory is None:
            memory = self._touched_for(size)
        else:
            more = memory.nbytes - size
        # Of a view, numpy notes as its base the array that owns the memory, but goes no further
        # than to an object of another type. So all views of this array, and tensors, hold it.
        lent: npt.NDArray[Any] = np.frombuffer(memory.data, kind, math.prod(shape))
        if self._is_attended():
            weakref.finalize(lent, self._take_back, memory, more).atexit = False
        else:
            self._budget.give_back(more)
        return lent.reshape(shape)

    @contextmanager
    def expecting(self, size: Callable[[], int]) -> Iterator[None]:
        """See `Arrays`: the memory is touched by a thread while the block does something else.

        It is so only where none was used before, so not in a batch that is under way: there it
        would mostly be memory on top of what comes back meanwhile. Who asks for the array accounts
        for it.
        """
        touched = None
        if self._janitor is None:
            with suppress(MemoryError):  # who asks for the array meets it, and reports it
                touched = Touched(size())
        if touched is None or touched.size < self._smallest:
            yield
            return
        with self._lock:
            self._touched.append(touched)
        try:
            with suppress(RuntimeError):  # no thread can be started
                threading.Thread(target=touched.touch, name="batch-loop-touch", daemon=True).start()
            yield
        finally:
            touched.end()
            with self._lock:
                self._touched = [each for each in self._touched if each is not touched]

    def let_go(self) -> int:
        """Give all memory back that is not in use; returns how many bytes that were."""
        given = 0
        with self._lock:
            self._sort_in()
            while self._kept:
                given += self._drop_oldest()
        return given

    def _take_back(self, memory: Memory, more: int) -> None:
        self._returned.append((memory, more))
        self._wake.put(None)

    def _used_before(self, size: int) -> Memory | None:
        """The smallest memory of at least `size` bytes, if there is any that is not too large.

        Who uses it accounts for `size`; what it has more stays a part of the budget.
        """
        with self._lock:
            self._sort_in()
            fitting = [each for each in self._kept if size <= each.memory.nbytes <= _LARGER * size]
            if fitting:
                found = min(fitting, key=lambda each: each.memory.nbytes)
                self._kept = [each for each in self._kept if each is not found]
                self._budget.give_back(size)
                return found.memory
            # The system gives first what it was given back last, which is not quite as fresh.
            left = size
            while self._kept and left > 0:
                left -= self._drop_oldest()
            return None

    def _touched_for(self, size: int) -> Memory:
        """Memory that nobody has used, touched as far as somebody has come with it."""
        with self._lock:
            found = next((each for each in self._touched if each.size == size), None)
            if found is None:
                return fresh(size)
            self._touched.remove(found)
        return found.end()

    def _sort_in(self) -> None:
        """Keep what was returned, as far as there is room; under the lock."""
        while self._returned:
            memory, more = self._returned.popleft()
            self._lent -= 1
            self._budget.give_back(more)
            if len(self._kept) >= _MOST:
                self._drop_oldest()
            if self._budget.take_spare(memory.nbytes):
                self._kept.append(_Kept(memory, self._clock() + self._kept_seconds))

    def _drop_oldest(self) -> int:
        """Give memory back; returns how much it was. Under the lock."""
        size = self._kept.pop(0).memory.nbytes
        self._budget.give_back(size)
        return size

    def _is_attended(self) -> bool:
        """Count an array that is lent; False if nobody would see to its return."""
        with self._lock:
            if self._janitor is None:
                janitor = threading.Thread(
                    target=self._attend, name="batch-loop-buffers", daemon=True
                )
                try:
                    janitor.start()
                except RuntimeError:  # Python is shutting down
                    return False
                self._janitor = janitor
            self._lent += 1
            return True

    def _attend(self) -> None:
        """Sort in what is returned, and drop what is kept for too long, until nothing is left."""
        while True:
            with self._lock:
                self._sort_in()
                now = self._clock()
                while self._kept and self._kept[0].until <= now:
                    self._drop_oldest()
                if not self._lent and not self._kept:
                    self._janitor = None
                    return
                until = self._kept[0].until if self._kept else now + self._kept_seconds
            with suppress(Empty):
                self._wake.get(timeout=until - now)
