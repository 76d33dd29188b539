"""Long work in a thread that leaves room for others: for ComfyUI's event loop before all.

Python runs one thread at a time. Whoever waits for its turn asks for it, and gets it from work in
Python after five milliseconds, so that an answer with a few such waits in it takes long; from one
call that sorts a million names it gets it when that is over. So long work is cut into parts, none
of which takes long, and stands still for a moment after some of them.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import TypeVar

T = TypeVar("T")

PART = 4_096
"""Elements that are worked on in one call at the most, as far as that can be had: a part of a
millisecond to copy them, and one or two to sort them."""

WORK_SECONDS = 0.002
REST_SECONDS = 0.0001
"""So long the thread works, and so long it stands still; the system makes a little more of that."""

_SAMPLES = 16
"""Of each part that is sorted, to tell where to cut the whole."""


class Pace:
    """Lets others have their turn, now and then."""

    def __init__(self) -> None:
        self._since = time.perf_counter()

    def rest(self) -> None:
        """Stand still for a moment, if it is time for that. To be called again and again."""
        if time.perf_counter() - self._since > WORK_SECONDS:
            time.sleep(REST_SECONDS)
            self._since = time.perf_counter()


def parts_of(elements: Sequence[T], size: int = PART) -> Iterator[Sequence[T]]:
    """`elements` in order, some at a time, with a rest after each where it is time for one."""
    pace = Pace()
    for start in range(0, len(elements), size):
        yield elements[start : start + size]
        pace.rest()


def let_go(texts: set[str]) -> None:
    """Empty a set, in no call that takes long: to free a million texts at once does."""
    pace = Pace()
    while texts:
        for _ in range(min(len(texts), PART)):
            texts.pop()
        pace.rest()


def sort(texts: list[str], going_on: Callable[[], object] = lambda: None) -> None:
    """Sort a list in its place, as `list.sort` does, in no call that takes long.

    Parts are sorted, and cut at the same texts; what lies between two of these is put together,
    and sorted by itself. `going_on` is called meanwhile, and what it raises ends it.
    """
    if len(texts) <= PART:
        texts.sort()
        return
    pace = Pace()
    runs: list[list[str]] = []
    for part in parts_of(texts):
        runs.append(sorted(part))
        going_on()
    samples = [text for run in runs for text in run[:: PART // _SAMPLES]]
    samples.sort()
    cuts_at = samples[_SAMPLES::_SAMPLES]
    cuts = []
    for run in runs:
        cuts.append([0, *(bisect_left(run, text) for text in cuts_at), len(run)])
        pace.rest()
    done = 0
    for between in zip(*(list(pairwise(each)) for each in cuts), strict=True):
        part = []
        for run, (first, last) in zip(runs, between, strict=True):
            part += run[first:last]
        part.sort()
        texts[done : done + len(part)] = part
        done += len(part)
        going_on()
        pace.rest()
