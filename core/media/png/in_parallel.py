"""Work that several threads do on parts of one image."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from typing import TypeVar

from ...common.workers import worker_count, worker_pool

_workers = worker_pool("png", worker_count())
_AHEAD = 8
"""The most bands in memory at a time."""

Argument = TypeVar("Argument")
Result = TypeVar("Result")


def in_order(work: Callable[[Argument], Result], arguments: Iterable[Argument]) -> Iterator[Result]:
    """Yield `work` of each argument in order, computed in parallel and only a few ahead."""
    ahead: deque[Future[Result]] = deque()
    try:
        for argument in arguments:
            ahead.append(_started(work, argument))
            if len(ahead) > _AHEAD:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    finally:
        for future in ahead:
            future.cancel()


def _started(work: Callable[[Argument], Result], argument: Argument) -> Future[Result]:
    """Start `work` on an argument, in a worker thread if possible."""
    try:
        return _workers.submit(work, argument)
    except RuntimeError:
        # Python is exiting: it starts no more threads, but waits for the image being written.
        done: Future[Result] = Future()
        done.set_result(work(argument))
        return done
