"""Memory that is touched by one thread until another one takes it."""

from __future__ import annotations

import mmap
import threading

import numpy as np

from batch_loop.core.media.buffers import Touched
from batch_loop.tests.support.waiting import wait_for

SIZE = 20_000_001


def test_each_page_is_touched() -> None:
    touched = Touched(SIZE)
    touched._memory.fill(7)
    touched.touch()
    memory = touched.end()
    assert memory.nbytes == SIZE
    assert not memory[:: mmap.PAGESIZE].any()
    assert np.count_nonzero(memory) == SIZE - len(memory[:: mmap.PAGESIZE])


def test_nothing_is_touched_once_it_was_taken() -> None:
    touched = Touched(SIZE)
    memory = touched.end()
    memory.fill(7)
    touched.touch()
    assert bool((memory == 7).all())


def test_who_takes_it_meanwhile_has_it_alone() -> None:
    touched = Touched(SIZE)
    touched._lock.acquire()
    toucher = threading.Thread(target=touched.touch)
    taker = threading.Thread(target=lambda: touched.end().fill(7))
    toucher.start()
    taker.start()
    touched._lock.release()
    toucher.join()
    taker.join()
    assert bool((touched.end() == 7).all())


def test_it_is_waited_for_until_the_step_is_done() -> None:
    touched, ended = Touched(SIZE), threading.Event()

    def takes() -> None:
        touched.end()
        ended.set()

    with touched._lock:
        taker = threading.Thread(target=takes)
        taker.start()
        wait_for(lambda: touched._is_over, "it to be asked for")
        assert not ended.is_set()
    taker.join()
