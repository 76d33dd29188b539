from __future__ import annotations

from typing import Any

import pytest

from batch_loop.batch_loop_cli.errors import ExitCode
from batch_loop.batch_loop_cli.progress import Progress
from batch_loop.batch_loop_cli.run import exit_code, why_it_stopped

COMPLETE = {"stands": "complete"}


@pytest.mark.parametrize(
    ("progress", "loop", "code"),
    [
        (Progress(is_over=True), COMPLETE, ExitCode.DONE),
        (Progress(is_over=True), {"stands": "failures"}, ExitCode.SOME_FAILED),
        (Progress(is_over=True), {"stands": "paused"}, ExitCode.STOPPED),
        (Progress(problem="broken"), COMPLETE, ExitCode.STOPPED),
        (Progress(problem="no folder"), {}, ExitCode.STOPPED),
    ],
)
def test_the_shell_is_told(progress: Progress, loop: dict[str, Any], code: ExitCode) -> None:
    assert exit_code(progress, loop) is code


def test_why_it_stopped_is_one_sentence() -> None:
    assert why_it_stopped(Progress(problem="It broke.")) == "Stopped: It broke. Run again to go on."
    assert "before the batch was complete" in why_it_stopped(Progress(is_over=True))
