"""A change is kept with all that follows from it outside."""

from __future__ import annotations

import pytest

from batch_loop.core.engine.changes.transactions import Transactions
from batch_loop.core.store.memory import MemoryStore
from batch_loop.tests.support.fake_host import FakeHost


def test_an_error_of_what_follows_a_change_is_not_one_of_the_change(
    caplog: pytest.LogCaptureFixture,
) -> None:
    transactions = Transactions(MemoryStore(), FakeHost())
    done: list[str] = []

    def fail() -> None:
        raise RuntimeError("can't start new thread")

    def change() -> str:
        transactions.after_commit(fail)
        transactions.after_commit(lambda: done.append("the other"))
        transactions.changes_state()
        return "kept"

    assert transactions.run(change) == "kept"
    assert (done, transactions.revision) == (["the other"], 1)
    (record,) = caplog.records
    assert record.exc_info is not None
    assert "can't start new thread" in str(record.exc_info[1])
    assert transactions.run(lambda: "the next") == "the next"
    assert done == ["the other"]
