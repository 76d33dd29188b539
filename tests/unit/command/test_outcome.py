from __future__ import annotations

from typing import Any

import pytest

from batch_loop.batch_loop_cli.batch import Batch
from batch_loop.batch_loop_cli.errors import ExitCode
from batch_loop.batch_loop_cli.outcome import code_of, why_it_stopped

COMPLETE = {"complete": True, "failed": 0}


@pytest.mark.parametrize(
    ("batch", "loop", "code"),
    [
        (Batch(is_over=True), COMPLETE, ExitCode.DONE),
        (Batch(is_over=True), {"complete": True, "failed": 1}, ExitCode.SOME_FAILED),
        (Batch(is_over=True), {"complete": False, "failed": 0}, ExitCode.STOPPED),
        (Batch(problem="broken"), COMPLETE, ExitCode.STOPPED),
        (Batch(problem="no folder"), {}, ExitCode.STOPPED),
    ],
)
def test_the_shell_is_told(batch: Batch, loop: dict[str, Any], code: ExitCode) -> None:
    assert code_of(batch, loop, was_interrupted=False) is code
    assert code_of(batch, loop, was_interrupted=True) is ExitCode.INTERRUPTED


def test_why_it_stopped_is_one_sentence() -> None:
    assert why_it_stopped(Batch(problem="It broke.")) == "Stopped: It broke. Run again to go on."
    assert "before the batch was complete" in why_it_stopped(Batch(is_over=True))
