"""Long work in a thread that yields to other threads, above all to ComfyUI's event loop.

Python runs one thread at a time. A waiting thread gets its turn after five milliseconds of Python
code, which adds up for a response that has to wait several times, and a single call that sorts a
million names yields only when it is done. So long work is split into short parts, with a brief
sleep now and then between them.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import TypeVar

T = TypeVar("T")

PART = 4_096
"""Most elements handled in one call where possible: copying them takes a fraction of a
millisecond, sorting them one or two."""

WORK_SECONDS = 0.002
REST_SECONDS = 0.0001
"""How long the thread works, and then sleeps; the system makes the sleep a little longer."""

_SAMPLES = 16
"""Samples taken from each sorted part, to decide where to cut the whole."""


class Pace:
    """Yields to other threads now and then."""

    def __init__(self) -> None:
        self._since = time.perf_counter()

    def rest(self) -> None:
        """Sleep briefly if it is time to; call this often."""
        if time.perf_counter() - self._since > WORK_SECONDS:
            time.sleep(REST_SECONDS)
            self._since = time.perf_counter()


def parts_of(elements: Sequence[T], size: int = PART) -> Iterator[Sequence[T]]:
    """Yield slices of `elements` in order, resting between them when it is time to."""
    pace = Pace()
    for start in range(0, len(elements), size):
        yield elements[start : start + size]
        pace.rest()


def clear_in_steps(texts: set[str]) -> None:
    """Empty a set in short steps: freeing a million strings at once takes long."""
    pace = Pace()
    while texts:
        for _ in range(min(len(texts), PART)):
            texts.pop()
        pace.rest()


def sort(texts: list[str], going_on: Callable[[], object] = lambda: None) -> None:
    """Sort a list in place, as `list.sort` does, but in short steps.

    It is a sample sort: the list's parts are sorted, all are cut at the same values, and what lies
    between two cuts is joined and sorted again. `going_on` is called between the steps, and
    what it raises ends the sorting.
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
