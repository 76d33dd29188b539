"""Giving the system back what was freed."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def freed_memory_given_back() -> Iterator[None]:
    """Give back what was freed so far, for the block to use; and then what the block has freed.

    glibc keeps what lies between memory that is in use: after a film of 1920x1080 was encoded that
    may be hundreds of MB, which none but the next encoder would use. Others keep less, and are left
    alone.
    """
    give_back()
    try:
        yield
    finally:
        give_back()


def give_back() -> None:
    """Give back what was freed so far."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
