from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from batch_loop.core.background.budget import MemoryBudget
from batch_loop.core.background.read_ahead import (
    _BYTES_PER_PIXEL,
    ReadAhead,
    _pixels,
    read_image,
)
from batch_loop.core.media.buffers import Buffers, Kind
from batch_loop.core.media.formats.decode import DecodedImage
from batch_loop.tests.support.given_clock import GivenClock
from batch_loop.tests.support.images import write_broken, write_images
from batch_loop.tests.support.threads import no_thread_starts
from batch_loop.tests.support.waiting import wait_for

PLENTY = 10**9
LOOP, OTHER = "loop", "other"


class Reader:
    """Decodes, and can be made to wait first."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.go_on.set()
        self.began = threading.Event()
        self.read: list[str] = []
        self.threads: set[str] = set()

    def __call__(self, path: str) -> DecodedImage:
        self.began.set()
        assert self.go_on.wait(10)
        self.read.append(os.path.basename(path))
        self.threads.add(threading.current_thread().name)
        return read_image(path)


class StrictBudget(MemoryBudget):
    """Signals when it has refused memory."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.refused = threading.Event()

    def take(self, size: int) -> bool:
        taken = super().take(size)
        if not taken:
            self.refused.set()
        return taken


@pytest.fixture
def reader() -> Iterator[Reader]:
    reader = Reader()
    yield reader
    reader.go_on.set()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_images(tmp_path, ["a.png", "b.png"])
    return tmp_path


def ahead_with(
    budget: MemoryBudget, reader: Reader, kept_seconds: float = 60.0, smallest: int = 0
) -> ReadAhead:
    return ReadAhead(budget, reader, kept_seconds, smallest)


def path_of(folder: Path, name: str) -> str:
    return os.path.realpath(folder / name)


def test_it_tells_once_how_long_reading_the_taken_image_took(folder: Path, reader: Reader) -> None:
    clock = GivenClock()
    ahead = ReadAhead(MemoryBudget(PLENTY), reader, smallest=0, clock=clock)
    a, b = path_of(folder, "a.png"), path_of(folder, "b.png")
    reader.go_on.clear()
    ahead.begin(LOOP, a)
    assert reader.began.wait(10)
    clock.now = 2.0
    reader.go_on.set()
    assert ahead.take(LOOP, a) is not None
    assert ahead.took(LOOP) == 2
    assert ahead.took(LOOP) == 0
    # One that was not read ahead took nothing.
    ahead.begin(LOOP, a)
    assert ahead.take(LOOP, b) is None
    assert ahead.took(LOOP) == 0


def test_an_image_read_ahead_is_what_decode_gives(folder: Path, reader: Reader) -> None:
    budget = MemoryBudget(PLENTY)
    ahead, path = ahead_with(budget, reader), path_of(folder, "a.png")
    ahead.begin(LOOP, path)
    assert reader.began.wait(10)
    found, expected = ahead.take(LOOP, path), read_image(path)
    assert found is not None
    assert found.image.equal(expected.image)
    assert found.mask.equal(expected.mask)
    assert reader.read == ["a.png"]
    assert all("read-ahead" in name for name in reader.threads)
    assert budget.taken == 0
    assert budget.most >= expected.image.nbytes + expected.mask.nbytes


def test_nothing_is_read_ahead_while_python_is_ending(folder: Path, reader: Reader) -> None:
    budget = MemoryBudget(PLENTY)
    ahead, path = ahead_with(budget, reader), path_of(folder, "a.png")
    ahead._pool.shutdown()
    ahead.begin(LOOP, path)
    assert ahead.take(LOOP, path) is None
    assert (reader.read, budget.taken) == ([], 0)


def test_it_reads_again_after_no_thread_could_be_started(folder: Path, reader: Reader) -> None:
    ahead, path = ahead_with(MemoryBudget(PLENTY), reader, 0.0), path_of(folder, "a.png")
    with no_thread_starts():
        ahead.begin(LOOP, path)
    assert ahead.take(LOOP, path) is None
    ahead.begin(LOOP, path)
    wait_for(lambda: not ahead._ahead, "the image to be dropped, as nobody has taken it")


def test_it_is_handed_out_once(folder: Path, reader: Reader) -> None:
    ahead, path = ahead_with(MemoryBudget(PLENTY), reader), path_of(folder, "a.png")
    ahead.begin(LOOP, path)
    assert reader.began.wait(10)
    assert ahead.take(LOOP, path) is not None
    assert ahead.take(LOOP, path) is None


def test_another_image_or_loop_gets_nothing(folder: Path, reader: Reader) -> None:
    budget = MemoryBudget(PLENTY)
    ahead = ahead_with(budget, reader)
    ahead.begin(LOOP, path_of(folder, "a.png"))
    assert ahead.take(OTHER, path_of(folder, "a.png")) is None
    assert ahead.take(LOOP, path_of(folder, "b.png")) is None
    wait_for(lambda: budget.taken == 0, "the memory to be given back")


def test_two_loops_do_not_disturb_each_other(folder: Path, reader: Reader) -> None:
    ahead = ahead_with(MemoryBudget(PLENTY), reader)
    ahead.begin(LOOP, path_of(folder, "a.png"))
    ahead.begin(OTHER, path_of(folder, "b.png"))
    wait_for(lambda: sorted(reader.read) == ["a.png", "b.png"], "both to be read")
    assert ahead.take(LOOP, path_of(folder, "a.png")) is not None
    assert ahead.take(OTHER, path_of(folder, "b.png")) is not None


@pytest.mark.parametrize("change", ["content", "replaced", "gone"])
def test_a_file_that_changed_since_is_read_again(folder: Path, reader: Reader, change: str) -> None:
    ahead, path = ahead_with(MemoryBudget(PLENTY), reader), path_of(folder, "a.png")
    ahead.begin(LOOP, path)
    wait_for(lambda: bool(reader.read), "it to be read")
    before = os.stat(path)
    if change == "content":
        data = Path(path).read_bytes()
        Path(path).write_bytes(data)
        # Of the same size and, by a program that keeps it so, of the same time.
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    elif change == "replaced":
        os.replace(path_of(folder, "b.png"), path)
    else:
        os.unlink(path)
    assert ahead.take(LOOP, path) is None


def test_a_file_that_vanishes_while_it_is_read_is_not_handed_out(folder: Path) -> None:
    path = path_of(folder, "a.png")

    def decode_and_lose(path: str) -> DecodedImage:
        image = read_image(path)
        os.unlink(path)
        return image

    ahead = ReadAhead(MemoryBudget(PLENTY), decode_and_lose, smallest=0)
    ahead.begin(LOOP, path)
    wait_for(lambda: not os.path.exists(path), "it to be read and lost")
    assert ahead.take(LOOP, path) is None


def test_a_file_that_changes_while_it_is_read_is_read_again(folder: Path, reader: Reader) -> None:
    ahead, path = ahead_with(MemoryBudget(PLENTY), reader), path_of(folder, "a.png")
    reader.go_on.clear()
    ahead.begin(LOOP, path)
    assert reader.began.wait(10)
    os.replace(path_of(folder, "b.png"), path)
    reader.go_on.set()
    assert ahead.take(LOOP, path) is None


def test_an_unreadable_file_is_left_to_the_node(tmp_path: Path, reader: Reader) -> None:
    budget = MemoryBudget(PLENTY)
    ahead = ahead_with(budget, reader)
    write_broken(tmp_path / "broken.png")
    for name in ("broken.png", "missing.png"):
        ahead.begin(LOOP, path_of(tmp_path, name))
        assert ahead.take(LOOP, path_of(tmp_path, name)) is None
    assert budget.taken == 0


def test_it_stays_within_the_budget(folder: Path, reader: Reader) -> None:
    read = read_image(path_of(folder, "a.png"))
    size = read.image.nbytes + read.mask.nbytes
    budget = StrictBudget(size)
    ahead = ahead_with(budget, reader)
    ahead.begin(LOOP, path_of(folder, "a.png"))
    wait_for(lambda: reader.read == ["a.png"], "the first to be read")
    ahead.begin(OTHER, path_of(folder, "b.png"))
    assert budget.refused.wait(10)
    assert ahead.take(OTHER, path_of(folder, "b.png")) is None
    assert budget.most <= size
    assert reader.read == ["a.png"]
    ahead.cancel(LOOP)
    wait_for(lambda: budget.taken == 0, "the first to be let go")
    ahead.begin(OTHER, path_of(folder, "b.png"))
    wait_for(lambda: reader.read == ["a.png", "b.png"], "the second to be read")
    assert ahead.take(OTHER, path_of(folder, "b.png")) is not None


def test_without_a_budget_nothing_is_read(folder: Path, reader: Reader) -> None:
    ahead = ahead_with(MemoryBudget(0), reader)
    ahead.begin(LOOP, path_of(folder, "a.png"))
    assert ahead.take(LOOP, path_of(folder, "a.png")) is None
    assert not reader.began.is_set()


def test_when_cancelled_midway_it_gives_the_memory_back(folder: Path, reader: Reader) -> None:
    budget = MemoryBudget(PLENTY)
    ahead = ahead_with(budget, reader)
    reader.go_on.clear()
    ahead.begin(LOOP, path_of(folder, "a.png"))
    assert reader.began.wait(10)
    ahead.cancel(LOOP)
    assert ahead.take(LOOP, path_of(folder, "a.png")) is None
    reader.go_on.set()
    wait_for(lambda: budget.taken == 0, "the memory to be given back")


def test_an_image_that_nobody_takes_is_dropped(folder: Path, reader: Reader) -> None:
    budget = MemoryBudget(PLENTY)
    ahead = ahead_with(budget, reader, kept_seconds=0.2)
    ahead.begin(LOOP, path_of(folder, "a.png"))
    wait_for(lambda: budget.taken > 0, "it to be read")
    wait_for(lambda: budget.taken == 0, "it to be let go")
    assert ahead.take(LOOP, path_of(folder, "a.png")) is None


def test_a_small_file_is_not_worth_a_thread(folder: Path, reader: Reader) -> None:
    path = path_of(folder, "a.png")
    ahead = ahead_with(MemoryBudget(PLENTY), reader, smallest=os.stat(path).st_size + 1)
    ahead.begin(LOOP, path)
    assert ahead.take(LOOP, path) is None
    assert not reader.began.is_set()


def test_its_threads_end_when_there_is_nothing_to_read(folder: Path, reader: Reader) -> None:
    ahead = ahead_with(MemoryBudget(PLENTY), reader, kept_seconds=0.2)
    for _ in range(2):
        ahead.begin(LOOP, path_of(folder, "a.png"))
        names = {thread.name for thread in threading.enumerate()}
        assert "batch-loop-let-go" in names
        wait_for(
            lambda: "batch-loop-let-go" not in {thread.name for thread in threading.enumerate()},
            "the thread to end",
        )


def test_the_first_image_is_read_before_its_prompt_begins(folder: Path, reader: Reader) -> None:
    budget = MemoryBudget(PLENTY)
    ahead, path = ahead_with(budget, reader), path_of(folder, "a.png")
    ahead.begin_first(LOOP, lambda: path)
    wait_for(lambda: reader.read, "it to be read")
    assert ahead.take(LOOP, path) is not None
    assert reader.read == ["a.png"]
    assert budget.taken == 0


def test_the_first_image_is_dropped_if_nobody_takes_it(folder: Path, reader: Reader) -> None:
    budget = MemoryBudget(PLENTY)
    ahead = ahead_with(budget, reader, kept_seconds=0.2)
    ahead.begin_first(LOOP, lambda: path_of(folder, "a.png"))
    wait_for(lambda: reader.read, "it to be read")
    wait_for(lambda: budget.taken == 0, "it to be let go")


def test_a_loop_that_is_at_work_knows_better_what_comes_next(folder: Path, reader: Reader) -> None:
    clock = GivenClock()
    ahead = ReadAhead(MemoryBudget(PLENTY), reader, smallest=0, clock=clock)
    a, b = path_of(folder, "a.png"), path_of(folder, "b.png")
    asked: list[str] = []

    def find() -> str:
        asked.append("asked")
        return a

    ahead.begin(LOOP, b)
    ahead.begin_first(LOOP, find)
    assert ahead.take(LOOP, b) is not None
    ahead.begin_first(LOOP, find)
    assert asked == []
    clock.now = 61.0
    ahead.begin_first(LOOP, find)
    wait_for(lambda: "a.png" in reader.read, "it to be read when the loop has rested")
    assert asked == ["asked"]


def test_the_memory_of_an_image_s_colours_is_prepared_before_it_is_decoded(tmp_path: Path) -> None:
    height, width = 60, 90
    prepared: list[int] = []

    class Asked(Buffers):
        @contextmanager
        def expecting(self, size: Callable[[], int]) -> Iterator[None]:
            prepared.append(size())
            with super().expecting(size):
                yield

        def empty(self, shape: tuple[int, ...], kind: type[Kind]) -> npt.NDArray[Kind]:
            array = super().empty(shape, kind)
            assert prepared
            if kind is np.float32:
                assert array.nbytes == prepared[-1]
            return array

    for suffix in ("png", "jpg"):
        path = tmp_path / f"a.{suffix}"
        Image.effect_noise((width, height), 64).convert("RGB").save(path)
        image = read_image(str(path), Asked(MemoryBudget(PLENTY), smallest=1))
        assert image.image.equal(read_image(str(path)).image)
    assert prepared == [height * width * 3 * 4] * 2


def test_what_is_being_read_already_is_not_read_again(folder: Path, reader: Reader) -> None:
    ahead, path = ahead_with(MemoryBudget(PLENTY), reader), path_of(folder, "a.png")
    ahead.begin_first(LOOP, lambda: path)
    wait_for(lambda: reader.read, "it to be read")
    ahead.begin(LOOP, path)
    assert ahead.take(LOOP, path) is not None
    assert reader.read == ["a.png"]


@pytest.mark.parametrize("use", ["take", "begin", "cancel"])
def test_a_first_image_that_is_found_too_late_is_not_read(
    folder: Path, reader: Reader, use: str
) -> None:
    budget = MemoryBudget(PLENTY)
    ahead, path = ahead_with(budget, reader), path_of(folder, "a.png")
    found = threading.Event()

    def find() -> str:
        assert found.wait(10)
        return path

    ahead.begin_first(LOOP, find)
    if use == "take":
        assert ahead.take(LOOP, path) is None
    elif use == "begin":
        ahead.begin(LOOP, path_of(folder, "b.png"))
    else:
        ahead.cancel(LOOP)
    found.set()
    ahead._pool.shutdown()
    assert reader.read == (["b.png"] if use == "begin" else [])
    ahead.cancel(LOOP)
    assert budget.taken == 0
    assert ahead._searches == {}


def test_what_there_was_no_room_for_is_read_when_it_is_asked_for_again(
    folder: Path, reader: Reader
) -> None:
    budget = StrictBudget(PLENTY)
    ahead, path = ahead_with(budget, reader), path_of(folder, "a.png")
    assert budget.take(PLENTY)
    ahead.begin(LOOP, path)
    assert budget.refused.wait(10)
    wait_for(lambda: ahead._ahead[LOOP].has_failed, "it to be given up")
    budget.give_back(PLENTY)
    ahead.begin(LOOP, path)
    wait_for(lambda: reader.read, "it to be read")
    assert ahead.take(LOOP, path) is not None


def test_two_first_images_are_kept_for_all_prompts_that_wait(folder: Path, reader: Reader) -> None:
    ahead, path = ahead_with(MemoryBudget(PLENTY), reader), path_of(folder, "a.png")
    for number in range(5):
        ahead.begin_first(f"loop {number}", lambda: path)
        wait_for(lambda: not ahead._searches, "it to be found")
    assert list(ahead._ahead) == ["loop 0", "loop 1"]
    # A loop that is at work is no longer one of them.
    ahead.take("loop 0", path)
    ahead.begin("loop 1", path)
    ahead.begin("loop 0", path)
    for number in (5, 6, 7):
        ahead.begin_first(f"loop {number}", lambda: path)
        wait_for(lambda: not ahead._searches, "it to be found")
    assert list(ahead._ahead) == ["loop 1", "loop 0", "loop 5", "loop 6"]


def test_a_first_image_makes_room_for_the_batch_at_work(folder: Path, reader: Reader) -> None:
    path = path_of(folder, "a.png")
    size = _pixels(path) * _BYTES_PER_PIXEL
    budget = MemoryBudget(size)
    ahead = ahead_with(budget, reader)
    budget.ask(ahead.let_go)
    ahead.begin_first(LOOP, lambda: path)
    wait_for(lambda: not ahead._searches and ahead._ahead[LOOP].image.done(), "it to be read")
    assert budget.taken == size
    # Another first image does not take its place.
    ahead.begin_first(OTHER, lambda: path)
    wait_for(lambda: not ahead._searches and ahead._ahead[OTHER].has_failed, "it to be given up")
    assert not ahead._ahead[LOOP].has_failed
    ahead.begin("at work", path)
    wait_for(ahead._ahead["at work"].image.done, "it to be read")
    assert ahead.take("at work", path) is not None
    assert ahead.take(LOOP, path) is None
    assert budget.taken == 0


def test_an_image_of_a_batch_at_work_is_not_given_up(folder: Path, reader: Reader) -> None:
    budget = MemoryBudget(PLENTY)
    ahead, path = ahead_with(budget, reader), path_of(folder, "a.png")
    ahead.begin_first(LOOP, lambda: path)
    wait_for(lambda: not ahead._searches and ahead._ahead[LOOP].image.done(), "it to be read")
    ahead.begin(LOOP, path)
    assert ahead.let_go() == 0
    assert ahead.take(LOOP, path) is not None
    assert reader.read == ["a.png"]


def test_it_is_no_harm_if_the_first_image_is_not_known(folder: Path, reader: Reader) -> None:
    budget = MemoryBudget(PLENTY)
    ahead = ahead_with(budget, reader)

    def fails() -> str:
        raise OSError

    for loop, find in {
        LOOP: fails,
        OTHER: lambda: None,
        "third": lambda: path_of(folder, "missing.png"),
    }.items():
        ahead.begin_first(loop, find)
        wait_for(lambda: not ahead._searches, "it to be given up")
    ahead.begin_first("fourth", lambda: path_of(folder, "a.png"))
    wait_for(lambda: reader.read == ["a.png"], "the last to be read")
    none = ReadAhead(MemoryBudget(0), reader, smallest=0)
    none.begin_first(LOOP, fails)
    none._pool.shutdown()
    ahead._pool.shutdown()
    ahead.begin_first("fifth", fails)
