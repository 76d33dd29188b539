"""A real server's clock is set back by an hour in mid run, and nothing waits for that hour."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from batch_loop.tests.support.batches import (
    loop_state,
    loops_of,
    recorded,
    records,
    run_until_stop,
    says_stop,
)
from batch_loop.tests.support.clock import HOUR, SetClock
from batch_loop.tests.support.graphs import ITERATOR, Graph, batch_graph, node
from batch_loop.tests.support.images import write_images
from batch_loop.tests.support.waiting import wait_for
from batch_loop.tools.client import ComfyClient
from batch_loop.tools.layout import HELPERS
from batch_loop.tools.server import ComfyServer

NAMES = ["a.png", "b.png"]


@dataclass
class Batch:
    """A test's folder, on a server whose clock can be set."""

    client: ComfyClient
    input: Path
    scratch: Path
    clock: SetClock

    def graph(self, **settings: Any) -> Graph:
        """A batch that waits for the file `go` in each image."""
        work = node("TestWait", image=[ITERATOR, 1], until=str(self.scratch / "go"))
        name = self.input.name
        return recorded(batch_graph(name, name, work, **settings), self.scratch / "record")

    @property
    def done(self) -> list[str]:
        return records(self.scratch / "record")

    @property
    def loop(self) -> dict[str, Any]:
        """The loop as the server describes it; {} before its first run."""
        return next(iter(loops_of(self.client, self.input)), {})

    def set_back_in_the_first_image(self, **settings: Any) -> Graph:
        """Run to the end, setting the clock back on the way; returns the graph."""
        write_images(self.input, NAMES)
        graph = self.graph(**settings)
        held = self.client.submit(graph)
        wait_for(lambda: self.loop.get("running"), "the first image")
        self.clock.set_back()
        (self.scratch / "go").touch()
        assert not says_stop(self.client.wait(held))
        ended = run_until_stop(self.client, graph)
        assert self.done == NAMES
        # This shows that the server's clock was really set.
        behind = time.time() - loop_state(self.client, ended[-1])["ran_at"]
        assert behind == pytest.approx(-self.clock.hours * HOUR, abs=HOUR / 4)
        return graph


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> SetClock:
    return SetClock(tmp_path_factory.mktemp("clock") / "time")


@pytest.fixture(scope="module")
def stepping(clock: SetClock, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComfyServer]:
    base = tmp_path_factory.mktemp("comfyui-clock")
    with ComfyServer(base, env=clock.env, custom_nodes=[HELPERS]) as server:
        yield server


@pytest.fixture
def batch(stepping: ComfyServer, clock: SetClock, tmp_path: Path) -> Iterator[Batch]:
    with stepping.client() as client:
        yield Batch(client, stepping.input / tmp_path.name, tmp_path, clock)


def test_watching_finds_new_files(batch: Batch) -> None:
    graph = batch.set_back_in_the_first_image(when_complete="Watch")
    write_images(batch.input, ["new.png"])
    asked = {"loop": batch.loop["id"]}

    def is_ready() -> bool:
        return bool(batch.client.post_json("/batch_loop/loops/watch", asked)["ready"])

    wait_for(is_ready, "the new image", timeout=20)
    batch.client.run(graph)
    assert batch.done == [*NAMES, "new.png"]


def test_a_run_takes_new_files(batch: Batch) -> None:
    graph = batch.set_back_in_the_first_image()
    write_images(batch.input, ["new.png"])
    run_until_stop(batch.client, graph)
    assert batch.done == [*NAMES, "new.png"]


@pytest.mark.parametrize("ahead", [0, HOUR, -HOUR])
def test_files_that_come_in_mid_batch_join_whatever_their_times(batch: Batch, ahead: int) -> None:
    write_images(batch.input, NAMES)
    (batch.scratch / "go").touch()
    graph = batch.graph()
    batch.client.run(graph)
    batch.clock.set_back()
    (new,) = write_images(batch.input, ["new.png"])
    at = time.time() + batch.clock.hours * HOUR + ahead
    os.utime(new, (at, at))
    # All in one batch, as a new run would be another prompt after its end.
    results = run_until_stop(batch.client, graph)
    assert len(results) == 2
    assert batch.done == [*NAMES, "new.png"]


@pytest.mark.parametrize(
    "again",
    [{"iteration_mode": "Reset"}, {"when_complete": "Start over"}],
    ids=["Reset", "Start over"],
)
def test_a_batch_starts_over_at_the_next_run(batch: Batch, again: dict[str, str]) -> None:
    graph = batch.set_back_in_the_first_image(**again)
    run_until_stop(batch.client, graph)
    assert batch.done == NAMES * 2


def test_start_over_starts_over_at_once(batch: Batch) -> None:
    graph = batch.set_back_in_the_first_image()
    batch.client.post_json("/batch_loop/loops/reset", {"loop": batch.loop["id"]})
    batch.clock.set_back()
    run_until_stop(batch.client, graph)
    assert batch.done == NAMES * 2
