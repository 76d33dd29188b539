"""What a process takes is read from the kernel, also what it took for a moment only."""

from __future__ import annotations

import os

import numpy as np
import pytest

from batch_loop.tools.process_memory import forget_most, memory_of, most_of

pytestmark = pytest.mark.linux
"""The kernel reports the memory."""

MB = 10**6
SIZE = 100
INEXACT = 20
"""What else may come and go, in MB."""


def test_memory_that_is_held_is_counted() -> None:
    before = memory_of(os.getpid())
    held = np.ones(SIZE * MB, np.uint8)
    after = memory_of(os.getpid())
    assert after.rss - before.rss == pytest.approx(SIZE, abs=INEXACT)
    assert after.pss - before.pss == pytest.approx(SIZE, abs=INEXACT)
    assert held.all()


def test_the_most_is_that_since_it_was_forgotten() -> None:
    forget_most(os.getpid())
    before = memory_of(os.getpid()).rss
    np.ones(SIZE * MB, np.uint8)
    assert most_of(os.getpid()) - before == pytest.approx(SIZE, abs=INEXACT)
    forget_most(os.getpid())
    assert most_of(os.getpid()) - before < INEXACT
