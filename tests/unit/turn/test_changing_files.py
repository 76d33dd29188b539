"""Files that are written while a batch reads them."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from batch_loop.core.background.budget import MemoryBudget
from batch_loop.core.background.frames_ahead import FramesAhead
from batch_loop.core.background.read_ahead import ReadAhead, read_image
from batch_loop.core.common.errors import FolderNotFound, RowGone, Unreadable, UnreadableTable
from batch_loop.core.engine.batches import Request
from batch_loop.core.engine.registry import LoopRegistry
from batch_loop.core.model.items import Counts
from batch_loop.core.model.loop_key import AUDIO, FRAMES, IMAGES, ROWS, VIDEOS, LoopKey
from batch_loop.core.model.policy import ErrorHandling, Policy
from batch_loop.core.store.memory import MemoryStore
from batch_loop.core.turn.companions import Companions
from batch_loop.core.turn.openers.changing_files import MOST_SECONDS, ChangingFiles
from batch_loop.core.turn.openers.of_files import ImageOpener, film_opener, sound_opener
from batch_loop.core.turn.openers.of_parts import FrameOpener, RowOpener
from batch_loop.core.turn.openers.opener import Opened
from batch_loop.core.turn.reading import GivenBack, Reading
from batch_loop.tests.support.fake_host import ByHand, FakeHost
from batch_loop.tests.support.given_clock import GivenClock
from batch_loop.tests.support.kept_items import MAKERS, Kept

STILL = 1.0
BOTH = "the table no longer has this row; the result that it had is gone, too"


class Batch:
    """A batch with Skip on error, whose files change while it waits for them."""

    def __init__(self, kept: Kept) -> None:
        self.kept = kept
        self.clock = GivenClock()
        self.wall = 0.0
        """The time that files are touched at; nothing was, a moment ago, unless a test says so."""
        self.meanwhile: Callable[[float], object] = lambda _seconds: None
        self.host = FakeHost()
        self.registry = LoopRegistry(
            MemoryStore(), self.host, kept.source, poll_outcomes=ByHand, poll_listings=ByHand
        )
        ahead = ReadAhead(MemoryBudget(10**7), read_image)
        changing = ChangingFiles(self._pause, self.clock, lambda: self.wall)
        registry, frames = self.registry, FramesAhead(MemoryBudget(10**7))
        openers = {
            IMAGES: ImageOpener(registry, ahead, changing=changing),
            VIDEOS: film_opener(registry, changing),
            AUDIO: sound_opener(registry, changing),
            ROWS: RowOpener(registry, kept._rows, changing),
            FRAMES: FrameOpener(frames, changing),
        }
        self.reading = Reading(registry, openers, Companions(kept.source, ahead))
        policy = Policy(ErrorHandling.SKIP, max_attempts=1)
        self.request = Request(kept.key, kept.selection(), policy=policy)

    def _pause(self, seconds: float) -> None:
        self.clock.now += seconds
        self.meanwhile(self.clock.now)

    def at(self, when: float, do: Callable[[], object]) -> None:
        """Have something done once, after so many seconds."""
        left = [do]

        def meanwhile(now: float) -> None:
            if now >= when and left:
                left.pop()()

        self.meanwhile = meanwhile

    def write(self, file: str) -> None:
        """One prompt, that notes a file as its result."""
        iteration = self.registry.acquire(self.request, self.host.submit())
        self.registry.claim_outputs(iteration, [file], ())
        self.registry.end(iteration)
        self.host.finish(iteration.prompt)

    def run(self) -> Opened | GivenBack:
        """One prompt; raises what ends the batch."""
        prompt = self.host.submit()
        iteration = self.registry.acquire(self.request, prompt)
        selections = {self.kept.key: self.request.selection}
        opened = self.reading.opened(iteration, selections, self.kept.allowed)
        if not isinstance(opened, GivenBack):
            self.registry.end(iteration)
        self.host.finish(prompt)
        return opened

    def content(self) -> object:
        """What tells the item of one prompt from others."""
        return self.kept.content(self.run())

    @property
    def counts(self) -> Counts:
        return self.registry.snapshot(self.kept.key.id).counts


@pytest.fixture
def batch(request: pytest.FixtureRequest, tmp_path: Path) -> Batch:
    return Batch(MAKERS[request.param](tmp_path))


def of(*kinds: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("batch", kinds, indirect=True)


IN_ONE_FILE = ["CSV", "JSON lines", "XLSX", "frames", "rows with variants", "frames with variants"]
FILES = ["images", "videos", "sounds", "images with variants"]


def file_of(batch: Batch) -> Path:
    """The file of the item that comes next."""
    kept = batch.kept
    path = batch.registry.next_pending(kept.key) or kept.listed()[0]
    return Path(kept.source.file(kept.key, path))


def cut(file: Path, part: float) -> bytes:
    """Leave the beginning of a file alone, written in place; returns what it was."""
    whole = file.read_bytes()
    with file.open("r+b") as opened:
        opened.truncate(int(len(whole) * part))
    return whole


def put(file: Path, data: bytes) -> None:
    """Write in place, as programs do that know no better."""
    with file.open("r+b") as opened:
        opened.write(data)


@of(*IN_ONE_FILE)
@pytest.mark.parametrize("part", [0.0, 0.2])
def test_a_file_that_is_saved_in_place_fails_no_item_and_ends_no_batch(
    batch: Batch, part: float
) -> None:
    contents = [each for each in batch.kept.contents() for _ in batch.kept.values or [None]]
    assert batch.content() == contents[0]
    batch.clock.now += 60
    file = Path(batch.kept.directory)
    whole = cut(file, part)
    began = batch.clock.now
    batch.at(began + 0.7, lambda: put(file, whole))
    assert batch.content() == contents[1]
    waited = batch.clock.now - began
    assert 0.7 + STILL <= waited < 0.7 + STILL + 0.2
    assert [batch.content() for _ in contents[2:]] == contents[2:]
    assert batch.clock.now - began == waited
    assert batch.counts.failed == 0


@of(*IN_ONE_FILE)
def test_a_file_that_is_replaced_may_be_gone_for_a_moment(batch: Batch) -> None:
    contents = batch.kept.contents()
    assert batch.content() == contents[0]
    batch.clock.now += 60
    file = Path(batch.kept.directory)
    away = file.rename(file.with_name("saved"))
    batch.at(batch.clock.now + 0.3, lambda: away.rename(file))
    assert batch.content() == contents[0 if batch.kept.values else 1]
    assert batch.counts.failed == 0


@of(*IN_ONE_FILE)
def test_a_file_that_stays_away_ends_the_batch_and_fails_no_item(batch: Batch) -> None:
    batch.run()
    batch.clock.now += 60
    Path(batch.kept.directory).unlink()
    began = batch.clock.now
    with pytest.raises(FolderNotFound):
        batch.run()
    assert STILL <= batch.clock.now - began < STILL + 0.1
    assert batch.counts.failed == 0


@of(*IN_ONE_FILE)
def test_a_file_that_is_written_without_an_end_is_named_and_fails_no_item(batch: Batch) -> None:
    batch.run()
    file = Path(batch.kept.directory)
    cut(file, 0.2)

    def write_on(_now: float) -> None:
        with file.open("ab") as opened:
            opened.write(b" ")

    batch.meanwhile = write_on
    began = batch.clock.now
    with pytest.raises(FolderNotFound, match="is still being written") as raised:
        batch.run()
    assert str(file) in str(raised.value)
    assert str(file) not in raised.value.elsewhere
    assert MOST_SECONDS <= batch.clock.now - began < MOST_SECONDS + 0.1
    assert batch.counts.failed == 0


@of("CSV", "JSON lines", "XLSX", "rows with variants")
def test_rows_that_were_removed_are_waited_for_once(batch: Batch) -> None:
    batch.run()
    batch.clock.now += 60
    began = batch.clock.now
    batch.kept.names = batch.kept.names[-2:]
    batch.kept.write()
    for number in (1, 2):
        assert batch.run() is GivenBack.UNREADABLE
        assert batch.counts.failed == number
        assert STILL <= batch.clock.now - began < STILL + 0.1


def empty(batch: Batch, left: list[str]) -> None:
    """With one row done, save the table with only these rows, run, and save it as it was."""
    done = batch.kept.contents()[0]
    for _ in batch.kept.values or [None]:
        assert batch.content() == done
    batch.clock.now += 60
    names, batch.kept.names = list(batch.kept.names), left
    batch.kept.write()
    with pytest.raises(FolderNotFound, match="no longer has any of the rows that are still to be"):
        batch.run()
    assert batch.counts.failed == 0
    batch.kept.names = names
    batch.kept.write()
    assert batch.content() == batch.kept.contents()[1]
    assert batch.counts.failed == 0


@of("CSV", "JSON lines", "XLSX", "rows with variants")
def test_a_table_that_has_lost_all_rows_that_are_to_come_fails_none_of_them(batch: Batch) -> None:
    empty(batch, batch.kept.names[:1])


LONG = "a prompt with " + "very " * 20 + "many words"
ROWS_TO_CUT = ["apple,100", "birch,200", "cedar,300", f"{LONG},400", "elm,500", "fern,600"]


def write_lines(batch: Batch, lines: list[str], encoding: str = "utf-8") -> None:
    """Write a table under its header; its last line has no line end."""
    text = "\n".join(["name,size", *lines])
    Path(batch.kept.directory).write_bytes(text.encode(encoding))


def run_rows(batch: Batch, rows: int, encoding: str = "utf-8") -> None:
    """Run so many of `ROWS_TO_CUT`; what is written then was written a while ago."""
    write_lines(batch, [*ROWS_TO_CUT, ""], encoding)
    for _ in range(rows * len(batch.kept.values or [None])):
        batch.content()
    batch.clock.now += 60
    batch.wall = Path(batch.kept.directory).stat().st_mtime + 20


@of("CSV", "rows with variants")
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize(
    ("row", "characters"),
    [(1, 3), (2, len("cedar,3")), (3, 1), (3, len(LONG) - 1), (3, len(LONG) + 2)],
)
def test_the_beginning_of_a_row_is_none_that_is_new(
    batch: Batch, row: int, characters: int, encoding: str
) -> None:
    run_rows(batch, 3, encoding)
    write_lines(batch, [*ROWS_TO_CUT[:row], ROWS_TO_CUT[row][:characters]], encoding)
    with pytest.raises(FolderNotFound, match="no longer has any of the rows that are still to be"):
        batch.run()
    write_lines(batch, ROWS_TO_CUT, encoding)
    assert batch.content() == LONG
    assert batch.counts.failed == 0


@of("CSV")
def test_nor_if_a_row_in_front_was_removed(batch: Batch) -> None:
    run_rows(batch, 3)
    write_lines(batch, [*ROWS_TO_CUT[1:3], LONG[:5]])
    with pytest.raises(FolderNotFound, match='"a pro", has no line end, and may be half written'):
        batch.run()
    assert batch.counts.failed == 0


@of("CSV")
def test_after_a_minute_it_is_one(batch: Batch) -> None:
    run_rows(batch, 3)
    batch.wall += 60
    write_lines(batch, [*ROWS_TO_CUT[:3], LONG[:5]])
    assert batch.run() is GivenBack.UNREADABLE


@of("CSV")
@pytest.mark.parametrize("end", [["a prompt", ""], ["another prompt,400"], ["fern,600"]])
def test_a_last_row_that_is_no_beginning_of_another_is_a_row(batch: Batch, end: list[str]) -> None:
    run_rows(batch, 3)
    write_lines(batch, [*ROWS_TO_CUT[:3], *end])
    assert batch.run() is GivenBack.UNREADABLE
    assert batch.counts.failed == 1


@of("CSV", "rows with variants")
def test_rows_that_were_edited_fail_and_their_successors_are_run(batch: Batch) -> None:
    """Though no row is left that was to come: so the table was not emptied."""
    times = len(batch.kept.values or [None])
    for _ in batch.kept.names[2:] * times:
        batch.run()
    batch.clock.now += 60
    batch.kept.names[-2:] = ["corrected", "too"]
    batch.kept.write()
    assert [batch.run() for _ in range(2 * times)] == [GivenBack.UNREADABLE] * 2 * times
    contents = [batch.content() for _ in range(2 * times)]
    assert contents == [each for each in batch.kept.contents()[-2:] for _ in range(times)]
    assert batch.counts.failed == 0


@of("CSV")
def test_a_table_is_not_emptied_as_long_as_it_has_rows_that_are_yet_to_be_listed(
    batch: Batch,
) -> None:
    batch.kept.names = [f"row{number}" for number in range(2_100)]
    batch.kept.write()
    batch.run()
    batch.clock.now += 60
    batch.kept.names = batch.kept.names[2_000:]
    batch.kept.write()
    assert (batch.counts.to_list, batch.run()) == (100, GivenBack.UNREADABLE)


@of("CSV", "rows with variants")
def test_a_table_that_goes_while_it_is_asked_if_it_was_emptied_fails_no_row(
    batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch.run()
    batch.clock.now += 60
    batch.kept.names = batch.kept.names[-2:]
    batch.kept.write()
    next_pending = batch.registry.next_pending

    def goes(key: LoopKey) -> str | None:
        Path(key.directory).unlink(missing_ok=True)
        return next_pending(key)

    monkeypatch.setattr(batch.registry, "next_pending", goes)
    with pytest.raises(FolderNotFound):
        batch.run()
    assert (batch.counts.failed, batch.counts.running) == (0, 0)


@of("CSV")
@pytest.mark.parametrize("edited", [[], ["other", "another"]])
def test_rows_without_results_fail_if_they_are_gone_as_well(
    batch: Batch, edited: list[str]
) -> None:
    paths = [batch.kept.listed()[place] for place in (0, 1)]
    for _ in batch.kept.names:
        batch.run()
    batch.registry.reconcile_all()
    batch.registry.results_gone(batch.kept.key, 1, paths, "9")
    batch.clock.now += 60
    batch.kept.names[:2] = edited
    batch.kept.write()
    batch.registry.retry_failed(batch.kept.key.id)
    assert [batch.run() for _ in paths] == [GivenBack.UNREADABLE] * 2
    failures = batch.registry.full_snapshot(batch.kept.key.id).failures
    reasons = [item.failure.reason for item in failures if item.failure]
    assert [reason.startswith(BOTH) for reason in reasons] == [True] * 2


@of("CSV")
def test_a_row_that_is_gone_is_done_if_its_results_are_back(batch: Batch) -> None:
    kept = batch.kept
    path, result = kept.listed()[0], Path(kept.allowed.output) / "result.png"
    result.parent.mkdir(exist_ok=True)
    batch.write(str(result))
    for _ in kept.names[1:]:
        batch.run()
    batch.registry.reconcile_all()
    batch.registry.results_gone(kept.key, 1, [path], "9")
    batch.clock.now += 60
    kept.names.pop(0)
    kept.write()
    for expected in (GivenBack.UNREADABLE, GivenBack.DONE):
        batch.registry.retry_failed(kept.key.id)
        assert batch.run() is expected
        result.touch()
    assert batch.counts.complete
    assert batch.counts.failed == 0


@of("CSV")
def test_the_last_row_that_was_removed_fails_by_itself(batch: Batch) -> None:
    for _ in batch.kept.names[:-1]:
        batch.run()
    batch.clock.now += 60
    batch.kept.names.pop()
    batch.kept.write()
    assert batch.run() is GivenBack.UNREADABLE
    assert batch.counts.failed == 1


@of(*FILES)
def test_a_file_that_is_still_being_copied_fails_no_item(batch: Batch) -> None:
    contents = batch.kept.contents()
    file = file_of(batch)
    whole = file.read_bytes()
    file.write_bytes(whole[:20])
    batch.wall = file.stat().st_mtime

    def copy_on() -> None:
        with file.open("ab") as opened:
            opened.write(whole[20:])

    batch.at(0.5, copy_on)
    assert batch.content() == contents[0]
    assert 0.5 + STILL <= batch.clock.now < 0.5 + STILL + 0.2
    assert batch.counts.failed == 0


@of("images")
@pytest.mark.parametrize("ahead", [-3e7, 3e6])
def test_a_copy_is_waited_for_whatever_time_it_is_given(batch: Batch, ahead: float) -> None:
    """As that of its source, which a camera's clock may have set to a day to come."""
    file = file_of(batch)
    file.write_bytes(b"no such file")
    batch.wall = file.stat().st_mtime
    os.utime(file, (batch.wall + ahead, batch.wall + ahead))
    batch.wall = file.stat().st_ctime
    assert batch.run() is GivenBack.UNREADABLE
    assert STILL <= batch.clock.now < STILL + 0.1


@of(*FILES)
def test_a_damaged_file_that_nobody_touches_is_not_waited_for(batch: Batch) -> None:
    file = file_of(batch)
    file.write_bytes(b"no such file")
    batch.wall = file.stat().st_mtime + 10
    assert batch.run() is GivenBack.UNREADABLE
    assert batch.counts.failed == 1
    assert batch.clock.now == 0.0


@of(*FILES)
def test_a_new_file_that_is_damaged_is_waited_for_as_long_as_it_may_grow(batch: Batch) -> None:
    file = file_of(batch)
    file.write_bytes(b"no such file")
    batch.wall = file.stat().st_mtime
    assert batch.run() is GivenBack.UNREADABLE
    assert STILL <= batch.clock.now < STILL + 0.1


@of("images")
def test_a_file_that_is_gone_is_not_waited_for(batch: Batch) -> None:
    batch.kept.listed()
    file = file_of(batch)
    batch.registry.acquire(batch.request, batch.host.submit())
    file.unlink()
    read = ChangingFiles(batch._pause, batch.clock)

    def missing() -> Opened:
        raise UnreadableTable("", "")

    with pytest.raises(Unreadable):
        read.read(os.fspath(file), missing)
    assert batch.clock.now == 0.0


def test_waiting_ends_where_the_pause_raises(tmp_path: Path) -> None:
    """As where the user presses Cancel."""
    file = tmp_path / "table.csv"
    file.write_text("a")

    def cancelled(_seconds: float) -> None:
        raise InterruptedError

    def gone() -> Opened:
        raise RowGone("", "")

    with pytest.raises(InterruptedError):
        ChangingFiles(cancelled, wall=lambda: file.stat().st_mtime).read(str(file), gone)


def test_a_file_that_is_another_one_each_time_is_not_waited_for_to_the_end(tmp_path: Path) -> None:
    clock, file = GivenClock(), tmp_path / "a.png"
    file.touch()

    def pause(seconds: float) -> None:
        clock.now += seconds
        other = tmp_path / f"{clock.now}.png"
        other.touch()
        other.replace(file)

    def read() -> None:
        raise Unreadable("it is broken", "broken")

    changing = ChangingFiles(pause, clock, lambda: file.stat().st_mtime)
    with pytest.raises(Unreadable):
        changing.read(str(file), read)
    assert clock.now < STILL


def test_a_file_that_is_moved_to_and_fro_is_not_waited_for_to_the_end(tmp_path: Path) -> None:
    clock, file, away = GivenClock(), tmp_path / "a.png", tmp_path / "away"
    file.touch()

    def pause(seconds: float) -> None:
        clock.now += seconds
        if file.exists():
            file.rename(away)
        else:
            away.rename(file)

    def read() -> None:
        raise Unreadable("it is broken", "broken")

    changing = ChangingFiles(pause, clock, lambda: max(_touched(file), default=0.0))
    with pytest.raises(Unreadable):
        changing.read(str(file), read)
    assert clock.now < STILL


@pytest.mark.parametrize("times", [1, 2, 3])
@pytest.mark.parametrize("is_deleted_first", [False, True])
def test_a_file_may_be_replaced_a_few_times_before_it_is_whole(
    tmp_path: Path, times: int, *, is_deleted_first: bool
) -> None:
    clock, file = GivenClock(), tmp_path / "a.png"
    file.write_text("half")
    changes: list[Callable[[], object]] = []
    for text in ["half"] * (times - 1) + ["whole"]:
        changes += [file.unlink] if is_deleted_first else []
        changes += [partial(replace_with, file, text)]

    def pause(seconds: float) -> None:
        clock.now += seconds
        if changes:
            changes.pop(0)()

    def read() -> str:
        if not file.exists() or file.read_text() != "whole":
            raise Unreadable("it is broken", "broken")
        return "read"

    changing = ChangingFiles(pause, clock, lambda: max(_touched(file), default=0.0))
    assert changing.read(str(file), read) == "read"


def replace_with(file: Path, text: str) -> None:
    other = file.with_suffix(".part")
    other.write_text(text)
    other.replace(file)


def _touched(file: Path) -> list[float]:
    return [file.stat().st_mtime] if file.exists() else []
