"""Ctrl-C: pressed once it ends the batch after the items that run; again, it interrupts them."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def ctrl_c(*, once: Callable[[], object], again: Callable[[], object]) -> Iterator[asyncio.Event]:
    """Have Ctrl-C call these in the running event loop; gives whether it was pressed.

    `once` lets the running items end, `again` interrupts them, at every further press.
    """
    loop = asyncio.get_running_loop()
    was_pressed = asyncio.Event()

    def pressed() -> None:
        (again if was_pressed.is_set() else once)()
        was_pressed.set()

    before = signal.signal(signal.SIGINT, lambda *_: loop.call_soon_threadsafe(pressed))
    try:
        yield was_pressed
    finally:
        signal.signal(signal.SIGINT, before)
