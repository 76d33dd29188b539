"""Watched loops, and loops that leave out finished images, on real folders."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from batch_loop.core.common.errors import NoImages, UnknownLoop
from batch_loop.core.common.file_kinds import FileKind
from batch_loop.core.engine.batches import Request
from batch_loop.core.engine.registry import LoopRegistry
from batch_loop.core.files.growing_files import STILL_SECONDS, TICK_SECONDS
from batch_loop.core.files.listing import list_images, sight
from batch_loop.core.model.formats import Format
from batch_loop.core.model.loop_key import VIDEOS, LoopKey
from batch_loop.core.model.policy import ErrorHandling, IterationMode, Policy, WhenComplete
from batch_loop.core.model.prompt import Ending
from batch_loop.core.model.records import Iteration, Snapshot
from batch_loop.core.model.result_names import saved_as
from batch_loop.core.model.selection import Selection
from batch_loop.core.sources.image_folder import ImageFolder
from batch_loop.core.store.interface import Store
from batch_loop.core.turn.status_texts import handed_out
from batch_loop.tests.support.fake_host import FakeHost
from batch_loop.tests.support.stores import HERE, new_store

WATCH = Policy(when_complete=WhenComplete.WATCH)


class Host(FakeHost):
    """A host with the files' clock, which jumps ahead when the test says so."""

    ahead = 0.0
    grows = ""
    """A file that grows during each wait."""

    def __init__(self) -> None:
        super().__init__()
        self._since = time.time()
        self._looks = itertools.count(1)

    def now(self) -> float:
        # A look takes a millisecond, however busy the machine is.
        return self._since + next(self._looks) / 1000 + self.ahead + self.set_by

    def wait(self, seconds: float) -> None:
        self.ahead += seconds
        if self.grows:
            with open(self.grows, "ab") as file:
                file.write(b"x")


class Loop:
    """A registry on a real folder, with its results in another."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.input, self.output = folder / "in", folder / "out"
        for each in (self.input, self.output):
            each.mkdir(exist_ok=True)
        self.host = Host()
        self.registry = LoopRegistry(store, self.host, ImageFolder(list_images, sight))
        self.key = LoopKey("", str(self.input.resolve()))
        name = saved_as(
            str(self.output.resolve()),
            prefix="",
            suffix="",
            format=Format.PNG,
            keep_subfolders=True,
        )
        self.plain, self.skipping = Selection(), Selection(finished=(name,))
        self.request = Request(self.key, self.plain)

    def add(self, *names: str, folder: Path | None = None) -> None:
        """Write whole files that look as if they had been there for a while."""
        for name in names:
            (folder or self.input).joinpath(name).write_bytes(b"x")
        self.later(60)

    def grow(self, name: str) -> None:
        """Write a little more to a file, now."""
        with self.input.joinpath(name).open("ab") as file:
            file.write(b"x")
        changed = self.host.now()
        os.utime(file.name, (changed, changed))

    def later(self, seconds: float) -> None:
        self.host.ahead += seconds

    def acquire(self, **changes: object) -> Iteration:
        return self.registry.acquire(replace(self.request, **changes), self.host.submit())

    def run(self, *saved: str, save: bool = True, **changes: object) -> str:
        iteration = self.acquire(**changes)
        self.registry.end(iteration)
        if iteration.item is not None and save:
            self.output.joinpath(iteration.item.path).with_suffix(".png").write_bytes(b"x")
        self.host.finish(iteration.prompt, Ending.SUCCESS, *saved)
        return "" if iteration.item is None else iteration.item.path

    def run_all(self, **changes: object) -> list[str]:
        return list(iter(partial(self.run, **changes), ""))

    def look(self) -> tuple[int, int]:
        arrived = self.registry.watch(self.key.id)
        return arrived.ready, arrived.growing

    def seen(self) -> tuple[int, int]:
        """Like `look`, shortly after another look."""
        self.look()
        self.later(STILL_SECONDS)
        return self.look()

    def snapshot(self) -> Snapshot:
        return self.registry.snapshot(self.key.id)


@pytest.fixture(params=HERE)
def new_loop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Loop]]:
    """Make a loop on the test's folders that knows nothing of earlier ones."""
    stores = iter(range(100))

    def new() -> Loop:
        state = tmp_path / f"state-{next(stores)}"
        return Loop(new_store(request.param, state, request), tmp_path)

    return new


@pytest.fixture
def loop(new_loop: Callable[[], Loop]) -> Loop:
    return new_loop()


# Finished work.


def test_without_any_state_only_what_is_missing_is_done(new_loop: Callable[[], Loop]) -> None:
    first = new_loop()
    first.add("a.png", "b.png", "c.png")
    assert first.run(selection=first.skipping) == "a.png"
    second = new_loop()
    second.add("d.png")
    assert second.run_all(selection=second.skipping) == ["b.png", "c.png", "d.png"]
    assert second.snapshot().finished == 1


def test_a_batch_whose_results_are_all_there_is_complete_and_says_so(loop: Loop) -> None:
    loop.add("a.png", "b.png")
    loop.add("a.png", "b.png", folder=loop.output)
    iteration = loop.acquire(selection=loop.skipping)
    assert iteration.complete
    assert handed_out(iteration) == "Complete: all 2 results are there already"
    assert loop.snapshot().complete


def test_the_figures_say_how_many_were_left_out(loop: Loop) -> None:
    loop.add("a.png", "b.png")
    loop.add("a.png", folder=loop.output)
    assert loop.run_all(selection=loop.skipping) == ["b.png"]
    iteration = loop.acquire(selection=loop.skipping)
    assert handed_out(iteration) == "Complete: 1 of 1 done, 1 were there already"


def test_switching_it_on_or_off_takes_a_new_listing(loop: Loop) -> None:
    loop.add("a.png", "b.png", "c.png")
    loop.add("c.png", folder=loop.output)
    assert loop.run() == "a.png"
    assert loop.run(selection=loop.skipping) == "b.png"
    assert loop.run(selection=loop.skipping) == ""
    assert loop.run() == "c.png"
    assert loop.snapshot().counts.done == 3


def test_a_range_holds_the_same_images_whether_or_not_some_are_finished(loop: Loop) -> None:
    loop.add("a.png", "b.png", "c.png", "d.png")
    loop.add("b.png", folder=loop.output)
    selection = replace(loop.skipping, start_index=1, limit=2)
    assert loop.run_all(selection=selection) == ["c.png"]


@pytest.mark.parametrize(
    "changes",
    [{"mode": IterationMode.RESET}, {"policy": Policy(when_complete=WhenComplete.START_OVER)}],
    ids=["Reset", "Start over"],
)
def test_starting_over_costs_only_what_is_missing(loop: Loop, changes: dict[str, object]) -> None:
    loop.add("a.png", "b.png")
    changes["selection"] = loop.skipping
    assert loop.run_all(**changes) == ["a.png", "b.png"]
    assert loop.run_all(**changes) == []
    loop.output.joinpath("a.png").unlink()
    assert loop.run_all(**changes) == ["a.png"]


def test_a_file_that_joins_at_the_end_is_left_out_if_it_has_a_result(loop: Loop) -> None:
    loop.add("a.png", "b.png")
    assert loop.run(selection=loop.skipping) == "a.png"
    loop.add("c.png", "d.png")
    loop.add("c.png", folder=loop.output)
    assert loop.run_all(selection=loop.skipping) == ["b.png", "d.png"]
    assert loop.snapshot().finished == 1


@pytest.mark.parametrize("mode", [IterationMode.CONTINUE, IterationMode.RESET])
def test_an_image_whose_run_was_ended_is_not_finished_by_a_file_that_nobody_told_of(
    loop: Loop, mode: IterationMode
) -> None:
    loop.add("a.png", "b.png", "c.png")
    assert loop.run(selection=loop.skipping) == "a.png"
    assert loop.acquire(selection=loop.skipping).item is not None
    # Another saver has begun to write it.
    loop.add("b.png", folder=loop.output)
    loop.host.crash()
    backwards = replace(loop.skipping, descending=True)
    assert loop.run(selection=backwards, mode=mode) == "c.png"
    assert loop.run_all(selection=backwards, mode=mode) == ["b.png"]


def test_settings_may_change_again_before_an_ended_image_is_done(loop: Loop) -> None:
    loop.add("a.png", "b.png", "c.png")
    assert loop.acquire(selection=loop.skipping).item is not None
    loop.add("a.png", folder=loop.output)
    loop.host.crash()
    assert loop.run(selection=replace(loop.skipping, descending=True)) == "c.png"
    assert loop.run_all(selection=loop.skipping) == ["a.png", "b.png"]


# Watching.


def test_a_new_file_is_handed_out_once_two_looks_agree(loop: Loop) -> None:
    loop.add("a.png")
    assert loop.run_all(policy=WATCH) == ["a.png"]
    assert loop.acquire(policy=WATCH).watch
    loop.grow("b.png")
    assert loop.look() == (0, 1)
    assert loop.run(policy=WATCH) == ""
    loop.later(STILL_SECONDS)
    assert loop.look() == (1, 0)
    assert loop.run_all(policy=WATCH) == ["b.png"]
    assert loop.look() == (0, 0)


def test_a_growing_video_that_was_seen_before_is_not_waited_for(loop: Loop) -> None:
    loop.key = replace(loop.key, source=VIDEOS)
    loop.request = Request(loop.key, Selection(kind=FileKind.VIDEOS), policy=WATCH)
    loop.add("a.mp4")
    assert loop.run_all() == ["a.mp4"]
    loop.grow("b.mp4")
    assert loop.look() == (0, 1)
    assert loop.run() == ""
    loop.later(STILL_SECONDS)
    assert loop.run() == "b.mp4"


def test_a_growing_file_is_neither_ready_nor_handed_out(loop: Loop) -> None:
    loop.add("a.png")
    loop.run_all(policy=WATCH)
    for _ in range(4):
        loop.grow("b.png")
        assert loop.look() == (0, 1)
        loop.later(STILL_SECONDS)
        loop.grow("b.png")
        assert loop.run(policy=WATCH) == ""
        loop.later(STILL_SECONDS)
    assert loop.look() == (1, 0)
    assert loop.run(policy=WATCH) == "b.png"


def test_the_first_batch_leaves_out_growing_files(loop: Loop) -> None:
    loop.add("a.png")
    loop.grow("b.png")
    loop.host.grows = str(loop.input / "b.png")
    assert loop.run_all(policy=WATCH) == ["a.png"]


@pytest.mark.parametrize("seconds", [-3600, -3, 3, 3600])
def test_the_file_server_may_have_a_different_clock(loop: Loop, seconds: float) -> None:
    loop.add("a.png")
    loop.host.set_by = seconds
    loop.host.grows = str(loop.input / "b.png")
    loop.grow("b.png")
    assert loop.run_all(policy=WATCH) == ["a.png"]
    for _ in range(3):
        loop.host.wait(STILL_SECONDS)
        assert loop.look() == (0, 1)
    loop.host.grows = ""
    assert loop.seen() == (1, 0)
    assert loop.run_all(policy=WATCH) == ["b.png"]


@pytest.mark.parametrize("seconds", [-3600, 3600])
def test_the_clock_may_be_set_while_a_folder_is_watched(loop: Loop, seconds: float) -> None:
    loop.add("a.png")
    loop.run_all(policy=WATCH)
    loop.grow("b.png")
    assert loop.look() == (0, 1)
    loop.host.set_by = seconds
    loop.later(STILL_SECONDS)
    assert loop.look() == (1, 0)
    assert loop.run_all(policy=WATCH) == ["b.png"]
    loop.later(2 * TICK_SECONDS)
    loop.host.set_by = 0.0
    loop.grow("c.png")
    assert loop.seen() == (1, 0)


def test_without_watch_a_run_takes_all_files(loop: Loop) -> None:
    loop.add("a.png")
    loop.run_all()
    loop.grow("b.png")
    assert loop.run_all() == ["b.png"]


def test_an_empty_folder_can_be_watched(loop: Loop) -> None:
    with pytest.raises(NoImages):
        loop.acquire()
    iteration = loop.acquire(policy=WATCH)
    assert iteration.complete
    assert handed_out(iteration) == "Complete: no images yet"
    loop.add("a.png")
    assert loop.seen() == (1, 0)
    assert loop.run_all(policy=WATCH) == ["a.png"]


def test_a_result_in_the_watched_folder_is_not_a_new_file(loop: Loop) -> None:
    loop.add("a.png")
    loop.add("result.png")
    loop.input.joinpath("result.png").unlink()
    iteration = loop.acquire(policy=WATCH)
    loop.registry.end(iteration)
    loop.add("result.png")
    assert loop.look() == (0, 0), "its prompt has yet to say what it saved"
    loop.host.finish(iteration.prompt, Ending.SUCCESS, str(loop.input.resolve() / "result.png"))
    assert [loop.look(), loop.look(), loop.look()] == [(0, 0)] * 3
    assert loop.run(policy=WATCH) == ""


def test_a_failed_prompt_s_result_is_not_a_new_file(loop: Loop) -> None:
    loop.add("a.png", "b.png")
    loop.run(str(loop.input.resolve() / "a_up.png"), policy=WATCH)
    iteration = loop.acquire(policy=replace(WATCH, error_handling=ErrorHandling.SKIP))
    loop.add("a_up.png", "b_up.png")
    # ComfyUI repeats the reports of nodes that did not run this time.
    saved = [str(loop.input.resolve() / name) for name in ("a_up.png", "b_up.png")]
    loop.host.finish(iteration.prompt, Ending.ERROR, *saved)
    assert loop.look() == (0, 0)
    _, items = loop.registry.report(loop.key.id)
    outputs = {item.path: files for item, files in items}
    assert outputs == {"a.png": (saved[0],), "b.png": (saved[1],)}


@pytest.mark.parametrize("mode", [IterationMode.RESET, IterationMode.RETRY_FAILED])
def test_a_new_file_does_not_bring_finished_ones_back(loop: Loop, mode: IterationMode) -> None:
    loop.add("a.png", "b.png")
    skip = replace(WATCH, error_handling=ErrorHandling.SKIP)
    iteration = loop.acquire(policy=skip, mode=mode)
    loop.host.finish(iteration.prompt, Ending.ERROR)
    assert loop.run_all(policy=skip, mode=mode) == ["b.png"]
    loop.add("c.png")
    assert loop.seen() == (1, 0)
    assert loop.run_all(policy=skip, mode=mode) == ["c.png"]


def test_remaining_images_are_ready(loop: Loop) -> None:
    loop.add("a.png", "b.png")
    iteration = loop.acquire(policy=WATCH)
    assert loop.look() == (0, 0), "a run is under way"
    loop.host.finish(iteration.prompt, Ending.STOPPED)
    assert loop.look() == (2, 0), "none of them done"


def test_only_images_without_a_result_are_ready(loop: Loop) -> None:
    loop.add("a.png")
    loop.run_all(policy=WATCH, selection=loop.skipping)
    loop.add("b.png", "c.png")
    loop.add("c.png", folder=loop.output)
    assert loop.seen() == (1, 0)
    assert loop.run_all(policy=WATCH, selection=loop.skipping) == ["b.png"]


def test_a_range_cannot_be_watched(loop: Loop) -> None:
    loop.add("a.png", "b.png")
    loop.run_all(selection=Selection(limit=1))
    loop.add("0.png")
    assert [loop.look(), loop.look()] == [(0, 0), (0, 0)]


def test_a_folder_that_has_not_changed_is_not_read(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop.add("a.png")
    loop.run_all(policy=WATCH)
    loop.look()
    loop.later(TICK_SECONDS)
    loop.look()
    read: list[object] = []
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: read.append(path) or scandir(path))
    for _ in range(5):
        loop.later(2)
        assert loop.look() == (0, 0)
    assert read == []
    loop.add("b.png")
    loop.look()
    assert len(read) == 1


def test_an_unknown_loop_cannot_be_watched(loop: Loop) -> None:
    with pytest.raises(UnknownLoop):
        loop.registry.watch("none")
