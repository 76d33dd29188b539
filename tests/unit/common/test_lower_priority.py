"""Threads of low priority work also where the system does not let them have it."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from batch_loop.core.common.lower_priority import NICENESS, lower_priority


def niceness() -> int:
    return os.getpriority(os.PRIO_PROCESS, 0)


@pytest.mark.linux
def test_a_thread_gets_low_priority_and_its_process_keeps_its_own() -> None:
    before = niceness()
    with ThreadPoolExecutor(1, initializer=lower_priority) as pool:
        assert pool.submit(niceness).result() == max(before, NICENESS)
    assert niceness() == before


@pytest.mark.linux
def test_a_system_that_refuses_does_not_stop_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_given: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "setpriority", refused)
    with ThreadPoolExecutor(1, initializer=lower_priority) as pool:
        assert pool.submit(str, 1).result() == "1"
