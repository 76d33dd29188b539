"""Ctrl-C: once to end after the images that run, twice to end at once."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Collection, Iterator

from .batch import Batch
from .runner import Runner


@contextlib.contextmanager
def ctrl_c(runners: Collection[Runner], batch: Batch) -> Iterator[list[int]]:
    """Have Ctrl-C end the batch on all servers; gives a list with an entry for each time."""
    pressed: list[int] = []
    tasks: set[asyncio.Task[None]] = set()
    loop = asyncio.get_running_loop()

    def end() -> None:
        pressed.append(len(pressed))
        batch.is_given_up = True
        if len(pressed) > 1:
            tasks.update(loop.create_task(runner.interrupt()) for runner in runners)

    def on_signal(*_: object) -> None:
        loop.call_soon_threadsafe(end)

    before = signal.signal(signal.SIGINT, on_signal)
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, before)
