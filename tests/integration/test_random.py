"""Two hundred things that people do to a queue, in random order: all is well after each step."""

from __future__ import annotations

import contextlib
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from batch_loop.core.files.leftovers import TEMPORARY_SUFFIX
from batch_loop.tests.integration.conftest import Workspace
from batch_loop.tests.support.batches import (
    RECORD,
    recorded,
    records,
    run_until_stop,
    written,
)
from batch_loop.tests.support.graphs import END, ITERATOR, WORK, Graph, batch_graph, node
from batch_loop.tests.support.images import colour_of, write_images
from batch_loop.tests.support.waiting import wait_for
from batch_loop.tools.client import ComfyClient
from batch_loop.tools.server import ComfyServer

SEED = 20
OPERATIONS = 200
NAMES = [f"img{number}.png" for number in range(1, 81)]
MOST_WAITING = 8
TAIL = "tail"
LONG = 30.0
"""Seconds that no prompt waits out, as it is interrupted first."""


@dataclass
class Allowed:
    """How often an image may come again, by reason."""

    interrupts: int = 0
    cleared_histories: int = 0


class Desk:
    """Two people at one server, and a gate that holds up their work while it is shut."""

    def __init__(self, server: ComfyServer, workspace: Workspace) -> None:
        self.chance = random.Random(SEED)  # noqa: S311 for chance that can be repeated
        self.server = server
        self.workspace = workspace
        self.record = workspace.scratch / "record"
        self.gate = workspace.scratch / "gate"
        self.gate.touch()
        write_images(workspace.input, NAMES)
        self.tabs = [server.client(), server.client()]
        self.allowed = Allowed()
        self.loop = ""
        self.done: set[str] = set()
        self.journal: list[str] = []
        self.kinds: Counter[str] = Counter()

    def close(self) -> None:
        self.gate.touch()
        for tab in self.tabs:
            tab.close()

    @property
    def tab(self) -> ComfyClient:
        return self.tabs[0]

    @property
    def graph(self) -> Graph:
        work = node("TestWait", image=[ITERATOR, 1], until=str(self.gate))
        # The work waits only in every second prompt, so that prompts are stopped anywhere.
        if self.chance.random() < 0.5:
            work = node("TestSlow", value=[ITERATOR, 1], seconds=self.chance.uniform(0, 0.03))
        return self._graph(work, self.chance.uniform(0, 0.02))

    def _graph(self, work: dict[str, Any], tail_seconds: float) -> Graph:
        """A batch that records an image after Loop End, as proof that its prompt got there."""
        name = self.workspace.name
        graph = recorded(batch_graph(name, name, work), self.record)
        graph[TAIL] = node("TestSlow", value=[END, 0], seconds=tail_seconds)
        graph[RECORD]["inputs"]["after"] = [TAIL, 0]
        return graph

    # The operations, each of which is followed by `look`.

    def submit(self) -> None:
        self._submit(front=False)

    def submit_in_front(self) -> None:
        self._submit(front=True)

    def _submit(self, *, front: bool) -> None:
        if len(self.tab.queue().pending) < MOST_WAITING:
            self.chance.choice(self.tabs).submit(self.graph, front=front)

    def submit_many(self) -> None:
        for _ in range(3):
            self.submit()

    def run_one_to_its_end(self) -> None:
        self.gate.touch()
        self.chance.choice(self.tabs).run(self.graph)

    def interrupt(self) -> None:
        self.allowed.interrupts += 1
        self.chance.choice(self.tabs).interrupt()

    def interrupt_at_work(self) -> None:
        """While the work waits, so that there is certainly something to interrupt."""
        work = node("TestWait", image=[ITERATOR, 1], until=str(self.gate))
        self._interrupt_at(WORK, self._graph(work, 0.0))

    def interrupt_after_loop_end(self) -> None:
        work = node("TestSlow", value=[ITERATOR, 1], seconds=0.0)
        self._interrupt_at(TAIL, self._graph(work, LONG))

    def _interrupt_at(self, held_at: str, graph: Graph) -> None:
        self.gate.unlink(missing_ok=True)
        self.tab.clear_queue()
        prompt = self.tab.submit(graph, front=True)
        running = set(self.tab.queue().running) - {prompt}
        if running:
            self.allowed.interrupts += 1
            self.tab.interrupt()
        if self.state["complete"]:
            self.gate.touch()
            return
        self._wait_until_held_up(prompt, held_at)
        self.allowed.interrupts += 1
        self.tab.interrupt()
        assert self.tab.wait(prompt).status in {"interrupted", "success"}
        self.gate.touch()

    def _wait_until_held_up(self, prompt: str, held_at: str) -> None:
        def is_there() -> bool:
            held = any(
                event.type == "executing"
                and event.data["node"] == held_at
                and event.data.get("prompt_id") == prompt
                for event in self.tab.events
            )
            return held or self.tab.history(prompt) is not None

        wait_for(is_there, f"prompt {prompt} to be held up")

    def delete(self) -> None:
        pending = self.tab.queue().pending
        if pending:
            self.tab.delete(self.chance.choice(pending))

    def clear_queue(self) -> None:
        self.tab.clear_queue()

    def clear_history(self) -> None:
        self.allowed.cleared_histories += 1
        self.tab.post("/history", {"clear": True})

    def forget_one(self) -> None:
        """Delete one prompt from the history."""
        history = self.tab.get_json("/history")
        if history:
            self.allowed.cleared_histories += 1
            chosen = self.chance.choice(sorted(history))
            self.tab.post("/history", {"delete": [chosen]})

    def close_a_tab(self) -> None:
        at = self.chance.randrange(2)
        self.tabs[at].close()
        self.tabs[at] = self.server.client()

    def shut_the_gate(self) -> None:
        self.gate.unlink(missing_ok=True)

    def open_the_gate(self) -> None:
        self.gate.touch()

    def wait_for_the_queue(self) -> None:
        self.gate.touch()
        self.tab.wait_until_idle()

    def operations(self) -> list[Callable[[], None]]:
        often = [self.submit, self.submit_many, self.submit_in_front, self.run_one_to_its_end]
        return [
            *often,
            *often,
            self.interrupt,
            self.interrupt_at_work,
            self.interrupt_after_loop_end,
            self.delete,
            self.clear_queue,
            self.clear_history,
            self.forget_one,
            self.close_a_tab,
            self.shut_the_gate,
            self.open_the_gate,
            self.open_the_gate,
            self.wait_for_the_queue,
        ]

    def do(self, operation: Callable[[], None]) -> None:
        self.kinds[operation.__name__] += 1
        self.journal.append(operation.__name__)
        operation()

    # What must be so at any time.

    @property
    def state(self) -> dict[str, Any]:
        if not self.loop:
            loops = self.tab.get_json("/batch_loop/loops")["loops"]
            folder = str(self.workspace.input)
            self.loop = next((one["id"] for one in loops if one["directory"] == folder), "")
        if not self.loop:
            return {"complete": False}
        state: dict[str, Any] = self.tab.get_json(f"/batch_loop/loops/{self.loop}")
        return state

    def look(self) -> None:
        state = self.state
        if not self.loop:
            return
        report = self.tab.get_json(f"/batch_loop/loops/{self.loop}/report.json")
        items = report["items"]
        # Every image is there once, in order; the counts are those of the items.
        assert [item["path"] for item in items] == NAMES
        counted = Counter(item["state"] for item in items)
        names = ("pending", "running", "finishing", "failed")
        assert written(report) == counted["done"]
        assert {name: report[name] for name in names} == {name: counted[name] for name in names}
        assert state["total"] == len(NAMES)
        assert counted["failed"] == 0
        # The one running prompt has one image, and one more may be waiting to be written after the
        # end of its prompt.
        assert counted["running"] <= 1
        assert counted["running"] + counted["finishing"] <= 2
        # What is done stays done, and its result is whole.
        done = {item["path"] for item in items if item["state"] == "done"}
        assert done >= self.done
        came = records(self.record)
        for name in sorted(done - self.done):
            assert name in came
            self.check_saved(name)
        self.done = done
        # In order, and again only after an interruption or a cleared history.
        assert list(dict.fromkeys(came)) == NAMES[: len(set(came))]
        again = len(came) - len(set(came))
        assert again <= self.allowed.interrupts + self.allowed.cleared_histories
        assert all(came.index(name) + came.count(name) > last_of(came, name) for name in set(came))

    def check_saved(self, name: str) -> None:
        with Image.open(self.workspace.output / name) as image:
            pixels = np.asarray(image.convert("RGB"))
        assert (pixels == colour_of(name)).all()

    def check_the_end(self) -> None:
        self.gate.touch()
        self.tab.wait_until_idle()
        run_until_stop(self.tab, self.graph, most=len(NAMES) + 1)
        self.tab.wait_until_idle()
        wait_for(lambda: written(self.state) == len(NAMES), "the last image to be settled")
        self.look()
        assert self.done == set(NAMES)
        assert {path.name for path in self.workspace.output.iterdir()} == set(NAMES)
        assert not list(Path(self.server.base).rglob(f"*{TEMPORARY_SUFFIX}"))


def last_of(names: list[str], name: str) -> int:
    return len(names) - 1 - names[::-1].index(name)


@pytest.mark.both_settings
def test_two_hundred_operations_in_random_order_break_nothing(
    server: ComfyServer, workspace: Workspace
) -> None:
    with contextlib.closing(Desk(server, workspace)) as desk:
        try:
            for _ in range(OPERATIONS):
                desk.do(desk.chance.choice(desk.operations()))
                desk.look()
            desk.check_the_end()
        except BaseException as error:
            error.args = (f"seed {SEED}, after {desk.journal}: {error}",)
            raise
        assert set(desk.kinds) == {operation.__name__ for operation in desk.operations()}
