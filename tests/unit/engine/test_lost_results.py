"""What has lost a result is done again, by Retry failed alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from batch_loop.core.store.databases.sqlite_store import open_store
from batch_loop.core.store.memory import MemoryStore
from batch_loop.tests.support.failing_rows import KEY, FailingRows


@pytest.fixture(params=["memory", "file"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> FailingRows:
    return FailingRows(MemoryStore() if request.param == "memory" else open_store(str(tmp_path)))


def test_what_has_lost_its_result_is_retried_and_nothing_else(server: FailingRows) -> None:
    server.broken.clear()
    server.all()
    server.registry.results_gone(KEY, 1, ["r00002", "r00004", "unknown"], "9")
    assert server.figures == (6, 4, 2)
    failure = server.state.failures[0].failure
    assert failure is not None
    told = failure.reason, failure.node_id, failure.node_type, failure.unreadable
    assert told == ("its result is gone", "9", "BatchLoopAssembleVideo", False)
    assert server.one() is None, "it is complete until somebody has it retried"
    server.registry.retry_failed(KEY.id)
    assert server.all() == ["r00002", "r00004"]
    assert server.figures == (6, 6, 0)


def test_what_has_failed_already_keeps_its_reason(server: FailingRows) -> None:
    server.all()
    server.registry.results_gone(KEY, 1, ["r00001"], "9")
    reasons = [item.failure and item.failure.reason for item in server.state.failures]
    assert reasons == ["broken"] * 2


def test_a_loss_of_the_batch_before_is_none_of_this_one(server: FailingRows) -> None:
    server.broken.clear()
    server.all()
    server.registry.start_over(KEY.id)
    server.all()
    server.registry.results_gone(KEY, 1, ["r00002"], "9")
    assert server.figures == (6, 6, 0)
