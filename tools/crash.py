"""A real server, killed again and again in the midst of a batch, and what that costs.

The server is killed with SIGKILL at moments that a seed decides, started again on the same folders
each time, and at the end run on until the batch is complete. `python -m tools.crash` does that at
least fifty times and writes its figures to `docs/figures/crash.json`; a test does it a few times.
"""

from __future__ import annotations

import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import trial
from .client import ComfyClient
from .errors import ToolError
from .graphs import END, ITERATOR, WORK, filled_in, node
from .server import ComfyServer
from .trial import (
    HELPERS,
    IMAGE,
    Trial,
    again,
    checked,
    command,
    look_until,
    says_stop,
    wait,
)

WORK_SECONDS = 0.06
TAIL, TAIL_SECONDS = "tail", 0.03
AHEAD = 6
"""Prompts that wait in the queue when the server is killed."""
SIDE = 192

MOMENTS = {
    "anywhere": "any time within 0.2 s of the first prompt",
    "in the work": "while the slow node works on an image",
    "after Loop End": "between Loop End and the end of the prompt",
    "in a write": "as soon as an unfinished file of a result is there",
    "at its name": "as soon as a result has its name",
}
"""When the server is killed: each kill takes one of these by turns."""


@dataclass
class Figures(trial.Figures):
    """What so many kills have cost."""

    seed: int = 0
    kills: int = 0
    batches: int = 0
    images: int = 0
    redone: int = 0
    most_redone_by_one_kill: int = 0
    out_of_order: int = 0
    kills_that_left_an_unfinished_file: int = 0
    kills_by_moment: dict[str, int] = field(default_factory=dict)

    def expected(self) -> dict[str, bool]:
        """Nothing is lost; of what was under way at a kill, one image at most is done again."""
        return super().expected() | {
            "out_of_order": self.out_of_order == 0,
            "redone": self.redone <= self.kills,
            "most_redone_by_one_kill": self.most_redone_by_one_kill <= 1,
        }


class Batch(Trial):
    """One batch on one server that is killed."""

    def __init__(
        self,
        base: Path,
        images: int,
        chance: random.Random,
        figures: Figures,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.server = ComfyServer(base, custom_nodes=[HELPERS], env=env)
        super().__init__(base, [self.server], images, SIDE, chance.randrange(2**32))
        self.chance = chance
        self.figures = figures

    def run(self, kills: int) -> None:
        """Kill the server so often, or until the batch is complete, and then let it end."""
        moments = list(MOMENTS)
        for number in range(kills):
            before = self.recorded
            self._start()
            self._kill_at(moments[number % len(moments)])
            self._look(before)
            if set(self.recorded) == set(self.names):
                break
        self._start()
        try:
            self._finish()
        finally:
            self.server.stop()
        self._check()

    def _prompt(self, client: ComfyClient) -> dict[str, Any]:
        """A slow workflow, which is slow behind Loop End as well."""
        graph = self.workflow(node("TestSlow", value=IMAGE, seconds=WORK_SECONDS))
        graph[TAIL] = node("TestSlow", value=[END, 0], seconds=TAIL_SECONDS)
        return filled_in(client, graph)

    def _start(self) -> None:
        """Start the server, which deletes what the one before it has left unfinished."""
        self.server.start()
        look_until(lambda: not self.unfinished())
        self.figures.stray_files += self.unfinished()

    def _kill_at(self, moment: str) -> None:
        try:
            with self.server.client() as client:
                prompt = self._prompt(client)
                prompts = [client.submit(prompt) for _ in range(AHEAD)]
                self._wait_for(moment, client, prompts)
                self.server.kill()
        finally:
            self.server.kill()
        self.figures.kills += 1
        by_moment = self.figures.kills_by_moment
        by_moment[moment] = by_moment.get(moment, 0) + 1

    def _wait_for(self, moment: str, client: ComfyClient, prompts: Sequence[str]) -> None:
        chosen = prompts[self.chance.choice([0, 0, 0, 1])]
        if moment == "anywhere":
            client.wait_until_executing(prompts[0], ITERATOR)
            wait(self.chance.uniform(0, 0.2))
        elif moment == "in the work":
            client.wait_until_executing(chosen, WORK)
            wait(self.chance.uniform(0, WORK_SECONDS))
        elif moment == "after Loop End":
            client.wait_until_executing(chosen, TAIL)
            wait(self.chance.uniform(0, TAIL_SECONDS))
        elif moment == "in a write":
            client.wait_until_executing(prompts[0], WORK)
            look_until(lambda: self.unfinished() > 0)
        else:
            # What is not whole under its name is so from the first moment on.
            client.wait_until_executing(prompts[0], WORK)
            before = self._made()
            look_until(lambda: self._made() != before)

    def _made(self) -> set[tuple[str, int]]:
        """The results by name and inode: a result that is made again is another one."""
        return {(entry.name, entry.inode()) for entry in self.results()}

    def _look(self, before: Sequence[str]) -> None:
        """Look at what a start and its kill have left; `before` it, these results were recorded."""
        figures = self.figures
        figures.kills_that_left_an_unfinished_file += self.unfinished() > 0
        figures.half_files += self.half_files()
        redone = again(self.recorded) - again(before)
        figures.most_redone_by_one_kill = max(figures.most_redone_by_one_kill, redone)

    def _finish(self) -> None:
        with self.server.client() as client:
            prompt = self._prompt(client)
            for _ in range(2 * len(self.names)):
                result = client.run(prompt)
                if result.status != "success":
                    raise ToolError(f"a prompt ended with {result.status}: {result.error}")
                if says_stop(result):
                    client.wait_until_idle()
                    break
            loops = client.get_json("/batch_loop/loops")["loops"]
        written = [(loop["done"] - loop["finishing"], loop["total"]) for loop in loops]
        if written != [(len(self.names),) * 2]:
            raise ToolError(f"the batch is not done: {loops}")

    def _check(self) -> None:
        figures = self.figures
        figures.batches += 1
        figures.images += len(self.names)
        figures.redone += again(self.recorded)
        figures.out_of_order += list(dict.fromkeys(self.recorded)) != self.names
        self.count(figures)


def run(
    base: Path, images: int, kills: int, seed: int, env: Mapping[str, str] | None = None
) -> Figures:
    """Kill a server, in that environment, at least `kills` times over batches of so many images."""
    chance = random.Random(seed)  # noqa: S311 for chance that can be repeated
    figures = Figures(seed=seed)
    began = time.monotonic()
    while figures.kills < kills:
        batch = Batch(base / f"batch-{figures.batches + 1}", images, chance, figures, env)
        batch.run(kills - figures.kills)
    figures.seconds = round(time.monotonic() - began, 1)
    return figures


def measure(base: Path, kills: int, images: int, seed: int) -> dict[str, Any]:
    """The figures of the command."""
    return checked(run(base, images, kills, seed))


if __name__ == "__main__":
    command("crash", measure, kills=50, images=60, seed=1)
