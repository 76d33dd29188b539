"""Threads of low priority work also where the system does not let them have it."""

from __future__ import annotations

import os

import pytest

from batch_loop.core.common.workers import NICENESS, worker_count, worker_pool


def niceness() -> int:
    return os.getpriority(os.PRIO_PROCESS, 0)


@pytest.mark.linux
def test_a_thread_gets_low_priority_and_its_process_keeps_its_own() -> None:
    before = niceness()
    with worker_pool("test", 1) as pool:
        assert pool.submit(niceness).result() == max(before, NICENESS)
    assert niceness() == before


@pytest.mark.linux
def test_a_system_that_refuses_does_not_stop_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_given: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "setpriority", refused)
    with worker_pool("test", 1) as pool:
        assert pool.submit(str, 1).result() == "1"


@pytest.mark.linux
def test_they_are_no_more_than_the_cores_that_the_process_may_use() -> None:
    usable = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(usable)})
    try:
        assert worker_count() == 1
    finally:
        os.sched_setaffinity(0, usable)
    assert worker_count(2) == 2
    assert worker_count(64) == worker_count(32) < 32
