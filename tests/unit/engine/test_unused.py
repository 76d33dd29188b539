"""Loops in which nothing was ever done go by themselves; all others stay."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from batch_loop.core.engine.changes.unused import UNUSED_SECONDS
from batch_loop.core.engine.registry import LoopRegistry
from batch_loop.core.model.prompt import Ending
from batch_loop.core.model.selection import Selection
from batch_loop.core.sources.image_folder import ImageFolder
from batch_loop.tests.support.fake_host import ByHand
from batch_loop.tests.support.stores import HERE, new_store
from batch_loop.tests.unit.engine.test_registry import SKIP, Loop


@pytest.fixture(params=HERE)
def loop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Loop]:
    loop = Loop("a", "b", "c")
    store = new_store(request.param, tmp_path, request)
    loop.registry = LoopRegistry(
        store, loop.host, ImageFolder(loop._list, loop._sight), poll_outcomes=ByHand
    )
    yield loop
    loop.registry.close()


def nothing_done(loop: Loop) -> None:
    loop.run(Ending.STOPPED)


def is_known_after(loop: Loop, seconds: float) -> bool:
    loop.registry.recover()
    assert [each.id for each in loop.registry.overviews()] == [loop.request.key.id]
    loop.host.set_by += seconds
    loop.registry.recover()
    return bool(loop.registry.overviews())


def test_one_in_which_nothing_was_done_goes_a_long_time_after_its_last_run(loop: Loop) -> None:
    nothing_done(loop)
    loop.host.set_by += UNUSED_SECONDS - 100
    nothing_done(loop)
    assert is_known_after(loop, UNUSED_SECONDS - 100)
    assert not is_known_after(loop, 200)
    assert loop.run_all() == ["a", "b", "c"]


def done(loop: Loop) -> None:
    loop.run()


def failed(loop: Loop) -> None:
    loop.run(Ending.ERROR, policy=SKIP)


def stopped_on_an_error(loop: Loop) -> None:
    loop.run(Ending.ERROR)


def being_worked_on(loop: Loop) -> None:
    loop.acquire()


def done_before_it_was_started_over(loop: Loop) -> None:
    loop.run()
    loop.registry.start_over(loop.request.key.id)


def done_and_gone_from_the_folder(loop: Loop) -> None:
    loop.run()
    loop.names.remove("a")
    loop.run(Ending.STOPPED, selection=Selection(limit=2))
    assert loop.snapshot().counts.handled == 0


@pytest.mark.parametrize(
    "use",
    [
        done,
        failed,
        stopped_on_an_error,
        being_worked_on,
        done_before_it_was_started_over,
        done_and_gone_from_the_folder,
    ],
)
def test_one_in_which_anything_was_done_stays(loop: Loop, use: Callable[[Loop], None]) -> None:
    use(loop)
    assert is_known_after(loop, 9 * UNUSED_SECONDS)


def test_one_that_has_written_a_file_stays(loop: Loop, tmp_path: Path) -> None:
    iteration = loop.acquire()
    result = tmp_path / "a.png"
    loop.registry.claim_outputs(iteration, [str(result)])
    loop.registry.note_written(iteration, str(result))
    result.touch()
    loop.host.crash()
    assert is_known_after(loop, 9 * UNUSED_SECONDS)
    assert loop.snapshot().counts.handled == 0
