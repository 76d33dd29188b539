"""What was freed is given back to the system, also where glibc would keep it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from batch_loop.tools.layout import ROOT

pytestmark = pytest.mark.linux
"""Elsewhere nothing is done."""

SIZE, COUNT = 100_000, 1000
"""Pieces of so few bytes that glibc does not ask the system for each, 100 MB of them."""
IN_A_NEW_PROCESS = f"""
import os

import numpy as np
from tools.pack import pack
from tools.process_memory import memory_of

given_back = pack("core.assembling.freed_memory").freed_memory_given_back
before = memory_of(os.getpid()).rss
with given_back():
    held = [np.ones({SIZE}, np.uint8) for _ in range({COUNT})]
    most = memory_of(os.getpid()).rss
    # Every hundredth is still in use, so glibc can give back nothing by itself.
    held = held[::100]
    freed = memory_of(os.getpid()).rss
assert all(each.all() for each in held)
print(most - before, freed - before, memory_of(os.getpid()).rss - before)
"""
"""In a process in which nothing else comes and goes; prints MB."""


def test_what_a_block_has_freed_is_given_back_when_it_ends() -> None:
    command = [sys.executable, "-c", IN_A_NEW_PROCESS]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    most, freed, afterwards = map(float, done.stdout.split())
    assert freed > most / 2 > afterwards
