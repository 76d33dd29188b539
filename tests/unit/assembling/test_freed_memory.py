"""What was freed is given back to the system, also where glibc would keep it."""

from __future__ import annotations

import os

import numpy as np
import pytest

from batch_loop.core.assembling.freed_memory import freed_memory_given_back
from batch_loop.tools.process_memory import memory_of

pytestmark = pytest.mark.linux
"""Elsewhere nothing is done."""

SIZE = 100_000
"""Bytes: so small that glibc does not ask the system for each."""
COUNT = 1000
MB = SIZE * COUNT / 10**6
INEXACT = 20
"""What else may come and go, in MB."""


def test_what_a_block_has_freed_is_given_back_when_it_ends() -> None:
    with freed_memory_given_back():
        pass  # what tests before this one have freed
    before = memory_of(os.getpid()).rss
    with freed_memory_given_back():
        held = [np.ones(SIZE, np.uint8) for _ in range(COUNT)]
        # Every hundredth is still in use, so glibc can give back nothing by itself.
        held = held[::100]
        assert memory_of(os.getpid()).rss - before > MB - INEXACT
    assert memory_of(os.getpid()).rss - before < INEXACT
    assert all(each.all() for each in held)
