from __future__ import annotations

from typing import Any

import pytest

from batch_loop.batch_loop_cli.errors import ExitCode
from batch_loop.batch_loop_cli.progress import Progress
from batch_loop.batch_loop_cli.run import exit_code, why_it_stopped

COMPLETE = {"stands": "complete", "complete": True, "failed": 0}
FAILURES = {"stands": "failures", "complete": True, "failed": 1}
STILL_WRITTEN = {"stands": "running", "complete": True, "failed": 0, "finishing": 1}
PAUSED = {"stands": "paused", "complete": False, "failed": 0}


@pytest.mark.parametrize(
    ("progress", "loop", "code"),
    [
        (Progress(is_over=True), COMPLETE, ExitCode.DONE),
        (Progress(is_over=True), FAILURES, ExitCode.SOME_FAILED),
        (Progress(is_over=True), STILL_WRITTEN, ExitCode.DONE),
        (Progress(is_over=True), {**STILL_WRITTEN, "failed": 1}, ExitCode.SOME_FAILED),
        (Progress(is_over=True), PAUSED, ExitCode.STOPPED),
        (Progress(problem="broken"), COMPLETE, ExitCode.STOPPED),
        (Progress(problem="no folder"), {}, ExitCode.STOPPED),
    ],
)
def test_the_exit_code_says_how_the_run_ended(
    progress: Progress, loop: dict[str, Any], code: ExitCode
) -> None:
    assert exit_code(progress, loop) is code


def test_the_reason_for_stopping_is_one_sentence() -> None:
    assert why_it_stopped(Progress(problem="It broke.")) == "Stopped: It broke. Run again to go on."
    assert "before the batch was complete" in why_it_stopped(Progress(is_over=True))
