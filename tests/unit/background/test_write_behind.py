from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from batch_loop.core.background import write_behind as write_behind_module
from batch_loop.core.background.budget import MemoryBudget
from batch_loop.core.background.write_behind import WriteBehind
from batch_loop.core.common.errors import ClaimLost, UnwritableImage
from batch_loop.core.model.background_writes import Turn
from batch_loop.core.model.prompt import Failure, Prompt
from batch_loop.tests.support.given_clock import GivenClock
from batch_loop.tests.support.waiting import wait_for
from batch_loop.tools.layout import ROOT

NODE = ("9", "BatchLoopSaveImage")
MANY = 8
"""More than there are threads that write."""
A, B = Turn("loop", "a", Prompt("1", 1.0)), Turn("loop", "b", Prompt("2", 2.0))
OTHER = Turn("other", "a", Prompt("3", 3.0))


class Job:
    """A write that blocks until it is released."""

    def __init__(self, error: Exception | None = None) -> None:
        self.go_on = threading.Event()
        self.thread = ""
        self._error = error

    def __call__(self) -> None:
        self.thread = threading.current_thread().name
        assert self.go_on.wait(10)
        if self._error is not None:
            raise self._error


@pytest.fixture
def job() -> Iterator[Job]:
    job = Job()
    yield job
    job.go_on.set()


@pytest.fixture
def behind() -> WriteBehind:
    return WriteBehind(MemoryBudget(100))


def test_it_is_written_in_another_thread(behind: WriteBehind, job: Job) -> None:
    assert behind.write(A, "/out/a", 100, job, NODE)
    assert behind.busy("loop")
    assert behind.under_way(A)
    assert not behind.idle()
    job.go_on.set()
    behind.wait("loop")
    assert "write-behind" in job.thread
    assert behind.idle()
    assert behind.failure(A) is None


def test_it_tells_how_long_a_turn_was_written_until_it_is_forgotten(job: Job) -> None:
    clock = GivenClock()
    behind, first = WriteBehind(MemoryBudget(100), clock), Job()
    assert behind.write(A, "/out/a", 50, first, NODE)
    clock.now = 2.0
    assert behind.write(A, "/out/a2", 50, job, NODE)
    first.go_on.set()
    behind.wait_for_file("/out/a", 10)
    clock.now = 5.0
    job.go_on.set()
    behind.wait("loop")
    # While both were written, too, it counts once.
    assert behind.seconds(A) == 5
    # What passes between does not count.
    clock.now = 10.0
    last = Job()
    assert behind.write(A, "/out/a", 50, last, NODE)
    clock.now = 11.0
    last.go_on.set()
    behind.wait("loop")
    assert behind.seconds(A) == 6
    assert behind.seconds(B) == 0
    behind.forget(A)
    assert behind.seconds(A) == 0


def test_it_stays_within_the_budget_and_gives_it_back(job: Job) -> None:
    budget = MemoryBudget(100)
    behind = WriteBehind(budget)
    assert behind.write(A, "/out/a", 60, job, NODE)
    assert not behind.write(B, "/out/b", 60, job, NODE)
    assert not behind.under_way(B)
    job.go_on.set()
    behind.wait("loop")
    assert behind.write(B, "/out/b", 60, job, NODE)
    behind.wait("loop")
    assert (budget.taken, budget.most) == (0, 60)


@pytest.mark.parametrize(
    ("error", "reason"),
    [(UnwritableImage("the disk is full"), "the disk is full"), (KeyError("x"), "KeyError: 'x'")],
)
def test_a_failure_with_its_node_is_kept_until_it_is_forgotten(
    behind: WriteBehind, error: Exception, reason: str
) -> None:
    job = Job(error)
    job.go_on.set()
    behind.write(A, "/out/a", 1, job, NODE)
    behind.wait("loop")
    assert behind.failure(A) == Failure(reason, *NODE)
    assert behind.failure(B) is None
    behind.forget(A)
    assert behind.failure(A) is None


def test_a_file_of_an_image_that_was_given_away_is_told_in_the_log(
    behind: WriteBehind, caplog: pytest.LogCaptureFixture
) -> None:
    job = Job(ClaimLost("given to another server"))
    job.go_on.set()
    behind.write(A, "/out/a", 1, job, NODE)
    behind.wait("loop")
    assert [record.getMessage() for record in caplog.records] == [
        "Batch Loop: given to another server"
    ]
    assert behind.failure(A) == Failure("given to another server", *NODE)


def test_a_turn_is_under_way_until_all_of_its_files_are_written(
    behind: WriteBehind, job: Job
) -> None:
    first = Job()
    first.go_on.set()
    behind.write(A, "/out/a_1", 1, job, NODE)
    behind.write(A, "/out/a_2", 1, first, NODE)
    behind.wait_for_file("/out/a_2", 10)
    assert behind.under_way(A)


def test_waiting_may_leave_turns_out(behind: WriteBehind, job: Job) -> None:
    behind.write(A, "/out/a", 1, job, NODE)
    behind.wait("loop", but=[A])
    behind.wait("other")
    behind.write(OTHER, "/out/b", 1, job, NODE)
    with ThreadPoolExecutor(1) as aside:
        waiting = aside.submit(behind.wait, "loop", [OTHER])
        assert not waiting.done()
        job.go_on.set()
        waiting.result(10)
    wait_for(behind.idle, "the other one")


def test_a_file_is_waited_for_no_longer_than_the_timeout(behind: WriteBehind, job: Job) -> None:
    behind.write(A, "/out/a", 1, job, NODE)
    behind.wait_for_file("/out/b", 10)
    behind.wait_for_file("/out/a", 0.05)
    assert behind.under_way(A)


def test_nothing_new_begins_while_python_is_ending(job: Job) -> None:
    budget = MemoryBudget(100)
    behind = WriteBehind(budget)
    behind._pool.shutdown()
    assert not behind.write(A, "/out/a", 60, job, NODE)
    assert behind.idle()
    assert budget.taken == 0


UNTIL_THE_END = """
import concurrent.futures.thread as pools, sys, threading
from pathlib import Path
import numpy as np
sys.path.insert(0, {root!r})
from tools.pack import pack
png = pack("core.media.png.encode")
budget = pack("core.background.budget").MemoryBudget(10**6)
behind = pack("core.background.write_behind").WriteBehind(budget)
prompt = pack("core.model.prompt").Prompt("1", 1.0)
pixels = np.random.default_rng(0).integers(0, 256, (2000, 1000, 3), dtype=np.uint8)

def write():
    while not pools._shutdown:
        threading.Event().wait(0.01)
    Path({target!r}).write_bytes(png.encode_rows(pixels.shape, lambda *part: pixels[part]))

turn = pack("core.model.background_writes").Turn("loop", "a", prompt)
behind.write(turn, {target!r}, 1, write, ("9", ""))
"""


def test_a_write_that_has_begun_is_finished_when_python_ends(tmp_path: Path) -> None:
    target = tmp_path / "a.png"
    script = UNTIL_THE_END.format(root=str(ROOT), target=str(target))
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
    pixels = np.random.default_rng(0).integers(0, 256, (2000, 1000, 3), dtype=np.uint8)
    with Image.open(target) as image:
        assert np.array_equal(np.asarray(image), pixels)


def test_failures_that_nobody_asks_for_are_not_kept_for_ever(behind: WriteBehind) -> None:
    turns = [Turn("loop", f"{at}", Prompt(f"{at}", at)) for at in range(200)]
    for turn in turns:
        job = Job(UnwritableImage("the disk is full"))
        job.go_on.set()
        assert behind.write(turn, f"/out/{turn.path}", 1, job, NODE)
        behind.wait("loop")
    kept = [turn for turn in turns if behind.failure(turn) is not None]
    assert 10 < len(kept) < 100
    assert kept == turns[-len(kept) :]


class Encoder:
    """Makes a file once it may go on."""

    def __init__(self) -> None:
        self.go_on = threading.Event()

    def __call__(self) -> bytes:
        assert self.go_on.wait(10)
        return b"file"


def test_what_is_encoded_ahead_has_memory_and_belongs_to_no_turn(behind: WriteBehind) -> None:
    encoded = Encoder()
    coming = behind.encode(60, encoded)
    assert coming is not None
    assert behind.idle()
    assert behind.encode(60, encoded) is None
    encoded.go_on.set()
    assert coming.file.result(10) == b"file"
    again = behind.encode(60, encoded)
    assert again is not None
    assert again.file.result(10) == b"file"


def test_what_is_encoded_and_then_written_has_memory_once(job: Job) -> None:
    budget = MemoryBudget(100)
    behind, encoded = WriteBehind(budget), Encoder()
    coming = behind.encode(60, encoded)
    assert coming is not None
    assert behind.write(A, "/out/a", 60, job, NODE, coming.room)
    encoded.go_on.set()
    assert coming.file.result(10) == b"file"
    assert budget.taken == 60
    job.go_on.set()
    behind.wait("loop")
    assert (budget.taken, budget.most) == (0, 60)
    # What has ended holds nothing any more.
    assert behind.write(B, "/out/b", 100, job, NODE, coming.room)
    behind.wait("loop")
    assert (budget.taken, budget.most) == (0, 100)


def test_what_is_encoded_and_never_asked_for_gives_its_memory_back(job: Job) -> None:
    budget = MemoryBudget(100)
    behind, encoded = WriteBehind(budget), Encoder()
    assert behind.encode(60, encoded) is not None
    assert budget.taken == 60
    encoded.go_on.set()
    wait_for(lambda: budget.taken == 0, "the memory")
    assert behind.write(A, "/out/a", 100, job, NODE)


def test_what_is_dropped_before_it_begins_is_not_encoded(job: Job) -> None:
    budget = MemoryBudget(100)
    behind, in_front, encoded = WriteBehind(budget), Encoder(), list[bool]()
    before = [behind.encode(1, in_front) for _ in range(MANY)]
    coming = behind.encode(60, lambda: b"file" if encoded.append(True) else b"")
    assert coming is not None
    coming.drop()
    assert budget.taken == len(before)
    in_front.go_on.set()
    job.go_on.set()
    assert behind.write(A, "/out/a", 1, job, NODE)
    behind.wait("loop")
    assert encoded == []


def test_what_is_to_be_written_is_not_dropped(behind: WriteBehind) -> None:
    in_front, encoded = Encoder(), Encoder()
    for _ in range(MANY):
        assert behind.encode(1, in_front) is not None
    coming = behind.encode(60, encoded)
    assert coming is not None
    assert behind.write(A, "/out/a", 60, lambda: coming.file.result(10), NODE, coming.room)
    coming.drop()
    in_front.go_on.set()
    encoded.go_on.set()
    behind.wait("loop")
    assert behind.failure(A) is None


def test_an_encoder_that_fails_gives_its_memory_back(behind: WriteBehind) -> None:
    def refused() -> bytes:
        raise UnwritableImage("no such format")

    for _ in range(3):
        coming = behind.encode(60, refused)
        assert coming is not None
        with pytest.raises(UnwritableImage):
            coming.file.result(10)


def test_it_is_busy_for_other_turns_than_these(behind: WriteBehind, job: Job) -> None:
    assert behind.write(A, "/out/a", 10, job, NODE)
    assert behind.busy("loop")
    assert behind.busy("loop", but=[B])
    assert not behind.busy("loop", but=[A])


def test_it_is_new_until_something_was_written(behind: WriteBehind, job: Job) -> None:
    assert behind.is_new
    assert not behind.write(A, "/out/a", 101, job, NODE)
    assert behind.is_new
    assert behind.write(A, "/out/a", 100, job, NODE)
    assert not behind.is_new
    job.go_on.set()
    behind.wait("loop")
    assert not behind.is_new


def test_it_tells_each_time_that_all_files_of_a_turn_are_written(
    behind: WriteBehind, job: Job
) -> None:
    told: list[bool] = []
    behind.when_written(lambda: told.append(behind.under_way(A)))
    first = Job()
    behind.write(A, "/out/a", 1, first, NODE)
    behind.write(A, "/out/a2", 1, job, NODE)
    first.go_on.set()
    behind.wait_for_file("/out/a", 10)
    assert told == []
    job.go_on.set()
    wait_for(lambda: told, "what all files of the turn are written for")
    assert told == [False]


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A write gives way for as long as the test runs."""
    monkeypatch.setattr(write_behind_module, "_WAY_SECONDS", 600)


@pytest.mark.usefixtures("patient")
def test_nothing_is_written_until_the_workflow_has_its_next_item(
    behind: WriteBehind, job: Job
) -> None:
    job.go_on.set()
    behind.handed_out()
    behind.write(A, "/out/a", 1, job, NODE)
    # These are begun after it.
    encoded = [behind.encode(1, lambda: b"") for _ in range(MANY)]
    assert all(each is not None and each.file.result(10) == b"" for each in encoded)
    assert not job.thread
    behind.handed_out()
    wait_for(lambda: not behind.under_way(A), "the write")
    assert job.thread


@pytest.mark.usefixtures("patient")
def test_what_is_waited_for_is_written_at_once(behind: WriteBehind, job: Job) -> None:
    job.go_on.set()
    behind.write(A, "/out/a", 1, job, NODE)
    behind.wait("loop")
    assert job.thread
    again = Job()
    again.go_on.set()
    behind.write(A, "/out/a", 1, again, NODE)
    behind.wait_for_file("/out/a", 10)
    assert again.thread


def test_it_is_written_soon_if_no_item_follows(
    monkeypatch: pytest.MonkeyPatch, behind: WriteBehind, job: Job
) -> None:
    monkeypatch.setattr(write_behind_module, "_WAY_SECONDS", 0.001)
    job.go_on.set()
    behind.write(A, "/out/a", 1, job, NODE)
    wait_for(lambda: not behind.under_way(A), "the write")


@pytest.mark.usefixtures("patient")
def test_a_write_that_had_to_wait_for_a_thread_gives_way_no_more(job: Job) -> None:
    clock, go_on = GivenClock(), threading.Event()
    behind = WriteBehind(MemoryBudget(100), clock)

    def encoded() -> bytes:
        assert go_on.wait(10)
        return b""

    for _ in range(MANY):
        assert behind.encode(1, encoded)
    job.go_on.set()
    behind.write(A, "/out/a", 1, job, NODE)
    clock.now = 600.0
    go_on.set()
    wait_for(lambda: not behind.under_way(A), "the write")
