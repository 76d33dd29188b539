from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from batch_loop.batch_loop_cli.errors import ExitCode
from batch_loop.batch_loop_cli.progress import Progress
from batch_loop.batch_loop_cli.run import (
    LOST,
    MOST_LOSSES,
    NOT_DRAWN,
    Options,
    _write_files,
    exit_code,
    run_to_the_end,
    why_it_stopped,
)

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


LEFT = {"complete": False, "next": "go", "current": []}
DONE = {"complete": True, "next": "stop", "failed": 0, "current": []}


class Batch:
    """Its server finds it as `answers` say in turn, each time that nothing was left of it."""

    url, has_worked, is_idle = "http://there", True, False

    def __init__(self, progress: Progress, *answers: dict[str, Any]) -> None:
        self._progress = progress
        self._answers = iter(answers)
        self.runs = 0
        self.loop_now: dict[str, Any] = {}

    async def run(self) -> None:
        self.runs += 1
        self.loop_now = next(self._answers)
        self._progress.is_over = True

    async def interrupt(self) -> None:
        raise AssertionError

    async def loop(self, _: str) -> dict[str, Any]:
        return self.loop_now


def runs_to_the_end(progress: Progress, *answers: dict[str, Any]) -> tuple[int, int]:
    """How often it was run, and how often it was said that results were lost."""
    batch: Any = Batch(progress, *answers)
    notes: list[str] = []
    ended = asyncio.run(run_to_the_end([batch], [batch], progress, 0.0, notes.append))
    assert (ended.client, ended.loop) == (batch, answers[-1])
    assert not ended.was_interrupted
    assert set(notes) <= {LOST}
    return batch.runs, len(notes)


@pytest.mark.parametrize("following", ["go", "wait"])
def test_it_goes_on_with_results_that_were_lost_with_their_server(following: str) -> None:
    progress = Progress(loop="a")
    assert runs_to_the_end(progress, {**LEFT, "next": following}, DONE) == (2, 1)
    assert exit_code(progress, DONE) is ExitCode.DONE


def test_it_does_not_go_on_forever() -> None:
    progress = Progress(loop="a")
    assert runs_to_the_end(progress, *[LEFT] * MOST_LOSSES) == (MOST_LOSSES, MOST_LOSSES)
    assert exit_code(progress, LEFT) is ExitCode.STOPPED
    assert "the last results were lost 3 times" in why_it_stopped(progress)


@pytest.mark.parametrize(
    ("progress", "loop"),
    [
        (Progress(loop="a"), DONE),
        (Progress(loop="a"), {**LEFT, "next": "stop"}),
        (Progress(loop="a", is_told_to_stop=True), LEFT),
        (Progress(loop="a", problem="it broke"), LEFT),
        (Progress(loop="a", is_given_up=True), LEFT),
    ],
    ids=["complete", "stopped on an item", "told to stop", "problem", "given up"],
)
def test_it_does_not_go_on_if_there_is_nothing_left_or_somebody_has_said_stop(
    progress: Progress, loop: dict[str, Any]
) -> None:
    assert runs_to_the_end(progress, loop) == (1, 0)


class Reports:
    """A server with a report, after which somebody may press Ctrl-C."""

    def __init__(self, folder: Path, *, presses: bool) -> None:
        items = [
            {"path": path.name, "title": path.name, "outputs": [str(path)]}
            for path in folder.iterdir()
        ]
        counts = {"done": len(items), "failed": 0, "total": len(items), "left": 0}
        figures = {**counts, "unpaired": 0, "finished": 0}
        whole = {"directory": str(folder), "items": items, "complete": True, "seconds": 1}
        self._report = {**figures, **whole}
        self._presses = presses

    async def report(self, _loop_id: str, _kind: str) -> bytes:
        if self._presses:
            # That is, once the command waits for the drawing.
            asyncio.get_running_loop().call_soon(os.kill, os.getpid(), signal.SIGINT)
        return json.dumps(self._report).encode()


@pytest.mark.parametrize("presses", [False, True])
def test_ctrl_c_leaves_the_contact_sheet_out_and_says_so_at_once(
    tmp_path: Path, *, presses: bool
) -> None:
    images = tmp_path / "images"
    images.mkdir()
    for number in range(50):
        Image.new("RGB", (64, 32)).save(images / f"{number}.png")
    sheet = tmp_path / "sheet.png"
    options = Options(tmp_path / "workflow.json", ("server",), contact_sheet=sheet, as_json=True)
    client: Any = Reports(images, presses=presses)
    notes: list[str] = []
    before = signal.getsignal(signal.SIGINT)
    is_written = asyncio.run(_write_files(options, client, "loop", notes.append))
    assert (is_written, sheet.exists()) == (not presses, not presses)
    assert notes == [NOT_DRAWN] * presses
    assert signal.getsignal(signal.SIGINT) is before
