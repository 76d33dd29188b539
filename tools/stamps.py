"""Making things once: a stamp beside each holds a digest of what was asked for."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import say


def once(what: str, stamp: Path, asked_for: object, make: Callable[[], object]) -> None:
    """Make something, unless its stamp says that exactly this is finished.

    `asked_for` is anything that JSON can hold.
    """
    if not is_made(stamp, asked_for):
        with step(what):
            make()
            set_made(stamp, asked_for)


def is_made(stamp: Path, asked_for: object) -> bool:
    """Whether what was asked for is finished."""
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == _digest(asked_for)


def set_made(stamp: Path, asked_for: object) -> None:
    """Record that what was asked for is finished; call this last."""
    stamp.write_text(_digest(asked_for), encoding="utf-8")


def _digest(asked_for: object) -> str:
    text = json.dumps(asked_for, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@contextmanager
def step(what: str) -> Iterator[None]:
    """Show one line of progress: what is being made, then how long it took."""
    say(f"set-up: {what} ... ")
    start = time.monotonic()
    try:
        yield
    except BaseException:
        say("failed\n")
        raise
    say(f"{time.monotonic() - start:.0f} s\n")
