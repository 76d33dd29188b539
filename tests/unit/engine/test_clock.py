"""The clock is set during a batch: nothing that a person does depends on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from batch_loop.core.engine.batches import Request
from batch_loop.core.engine.registry import LoopRegistry
from batch_loop.core.model.loop_key import LoopKey
from batch_loop.core.model.policy import IterationMode, Policy, WhenComplete
from batch_loop.core.model.prompt import Ending, Prompt
from batch_loop.core.model.records import Snapshot
from batch_loop.core.model.selection import Selection
from batch_loop.core.sources.image_folder import ImageFolder
from batch_loop.core.store.databases.sqlite_store import open_store
from batch_loop.core.store.interface import Store
from batch_loop.tests.support.fake_host import FakeHost

HOUR = 3600.0
SET = pytest.mark.parametrize("hours", [-1, 0, 1])
START_OVER = {"policy": Policy(when_complete=WhenComplete.START_OVER)}
RESET = {"mode": IterationMode.RESET}


class Loop:
    """A loop over made-up files."""

    def __init__(self, store: Store) -> None:
        self.files = ["a.png", "b.png"]
        self.host = FakeHost()
        self.registry = LoopRegistry(store, self.host, ImageFolder(self._list, lambda _path: 0.0))
        self.request = Request(LoopKey("", "/folder"), Selection())

    def _list(self, _directory: str, _selection: Selection, **_: object) -> list[str]:
        return list(self.files)

    def run(self, prompt: Prompt | None = None, **changes: object) -> str:
        """Run a prompt, by default one submitted now, to success; the path of its image."""
        prompt = prompt or self.host.submit("tab")
        iteration = self.registry.acquire(replace(self.request, **changes), prompt)
        self.registry.end(iteration)
        self.host.finish(prompt)
        return "" if iteration.item is None else iteration.item.path

    def run_both(self, **changes: object) -> list[str]:
        return [self.run(**changes) for _ in range(2)]

    def set_clock(self, hours: float) -> None:
        self.host.set_by += hours * HOUR

    @property
    def snapshot(self) -> Snapshot:
        return self.registry.snapshot(self.request.key.id)


@pytest.fixture
def new(tmp_path: Path) -> Iterator[Callable[[], Loop]]:
    """Another server on the same store."""
    stores: list[Store] = []

    def another() -> Loop:
        stores.append(open_store(str(tmp_path)))
        return Loop(stores[-1])

    yield another
    for store in stores:
        store.close()


@pytest.fixture
def loop(new: Callable[[], Loop]) -> Loop:
    return new()


@SET
@pytest.mark.parametrize("changes", [RESET, START_OVER], ids=["Reset", "Start over"])
def test_a_run_after_the_end_starts_over(
    loop: Loop, changes: dict[str, object], hours: float
) -> None:
    assert loop.run_both(**changes) == ["a.png", "b.png"]
    loop.set_clock(hours)
    assert loop.run_both(**changes) == ["a.png", "b.png"]


@SET
@pytest.mark.parametrize("changes", [RESET, START_OVER], ids=["Reset", "Start over"])
def test_a_run_that_waited_when_the_batch_ended_does_nothing(
    loop: Loop, changes: dict[str, object], hours: float
) -> None:
    first = [loop.host.submit("tab") for _ in range(2)]
    waiting = loop.host.submit("tab")
    assert [loop.run(prompt, **changes) for prompt in first] == ["a.png", "b.png"]
    loop.set_clock(hours)
    assert loop.run(waiting, **changes) == ""


@SET
def test_a_new_run_takes_new_files(loop: Loop, hours: float) -> None:
    loop.run_both()
    loop.set_clock(hours)
    loop.files.append("c.png")
    assert loop.run_both() == ["c.png", ""]


@pytest.mark.parametrize("hours", [-1, 0])
@pytest.mark.parametrize("changes", [RESET, START_OVER], ids=["Reset", "Start over"])
def test_a_run_on_another_server_starts_over(
    loop: Loop, new: Callable[[], Loop], changes: dict[str, object], hours: float
) -> None:
    loop.run_both(**changes)
    other = new()
    for _ in range(1000):  # its clock starts at 1 too
        other.host.now()
    other.set_clock(hours)
    assert other.run_both(**changes) == ["a.png", "b.png"]


@SET
def test_an_image_s_time_is_what_has_really_passed(loop: Loop, hours: float) -> None:
    prompt = loop.host.submit("tab")
    iteration = loop.registry.acquire(loop.request, prompt)
    loop.set_clock(hours)
    loop.registry.end(iteration)
    loop.host.finish(prompt, Ending.SUCCESS)
    snapshot = loop.snapshot
    assert 0 < snapshot.took.seconds < 100
    assert snapshot.ran_at is not None
    assert abs(snapshot.ran_at - loop.host.now()) < 100
