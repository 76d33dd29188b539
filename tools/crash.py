"""Kills a real server again and again in the middle of a batch, and counts what that costs.

A seed decides the moments. Each time the server is started again on the same folders, and at the
end it completes the batch. `python -m tools.crash` kills it at least fifty times and writes its
figures to `docs/figures/crash.json`; a test does it a few times.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from . import trial
from .client import ComfyClient
from .errors import ToolError
from .graphs import END, IMAGE, ITERATOR, SAVE, WORK, Graph, filled_in, loop, node
from .layout import HELPERS
from .server import ComfyServer
from .trial import Trial, again, checked, command, look_until, says_stop, wait

WORK_SECONDS = 0.06
TAIL, TAIL_SECONDS = "tail", 0.03
AHEAD = 6
"""Prompts in the queue when the server is killed."""
SIDE = 192

IN_A_WRITE, AT_ITS_NAME = "in a write", "at its name"
MOMENTS = {
    "anywhere": (ITERATOR, 0.2),
    "in the work": (WORK, WORK_SECONDS),
    "after Loop End": (TAIL, TAIL_SECONDS),
    # As soon as there is an unfinished file, or a result under its final name.
    IN_A_WRITE: (WORK, 0.0),
    AT_ITS_NAME: (WORK, 0.0),
}
"""When the server is killed, in turn: within so many seconds of the start of a node. Without Loop
End, what would come after it comes after the saver."""


@dataclass
class Figures(trial.Figures):
    """What the kills have cost."""

    batches: int = 0
    redone: int = 0
    most_redone_by_one_kill: int = 0
    out_of_order: int = 0
    kills_that_left_an_unfinished_file: int = 0

    @property
    def kills(self) -> int:
        """How often the server was killed."""
        return sum(self.events.values())

    def most(self) -> dict[str, float]:
        """Nothing is lost, and each kill has at most one image done again."""
        again = {"redone": self.kills, "most_redone_by_one_kill": 1}
        return super().most() | again | {"out_of_order": 0}


class Batch(Trial):
    """One batch on one server that is killed."""

    def __init__(  # noqa: PLR0913 - each is one knob of the trial
        self,
        base: Path,
        images: int,
        chance: random.Random,
        figures: Figures,
        env: Mapping[str, str] | None = None,
        *,
        side: int = SIDE,
    ) -> None:
        self.server = ComfyServer(base, custom_nodes=[HELPERS], env=env)
        super().__init__(base, [self.server], images, side, chance.randrange(2**32))
        self.chance = chance
        self.figures = figures

    def run(self, kills: int) -> None:
        """Kill the server so many times, or until the batch is complete; then let it finish."""
        figures = self.figures
        for moment in itertools.islice(itertools.cycle(MOMENTS), kills):
            before = self.recorded
            self._start()
            self._kill_at(moment)
            figures.kills_that_left_an_unfinished_file += self.unfinished() > 0
            figures.half_files += self.half_files()
            redone = again(self.recorded) - again(before)
            figures.most_redone_by_one_kill = max(figures.most_redone_by_one_kill, redone)
            if set(self.recorded) == set(self.names):
                break
        self._start()
        try:
            self._finish()
        finally:
            self.server.stop()
        figures.batches += 1
        figures.images += len(self.names)
        figures.redone += again(self.recorded)
        figures.out_of_order += list(dict.fromkeys(self.recorded)) != self.names
        self.count(figures)

    def _prompt(self, client: ComfyClient) -> dict[str, Any]:
        """A workflow that is slow, also after the image's turn has ended."""
        graph = self.workflow(node("TestSlow", value=IMAGE, seconds=WORK_SECONDS))
        end = END if END in graph else SAVE
        graph[TAIL] = node("TestSlow", value=[end, 0], seconds=TAIL_SECONDS)
        return filled_in(client, graph)

    def _start(self) -> None:
        """Start the server, which deletes the unfinished files of the one before."""
        self.server.start()
        look_until(lambda: not self.unfinished())
        self.figures.stray_files += self.unfinished()

    def _kill_at(self, moment: str) -> None:
        try:
            with self.server.client() as client:
                prompt = self._prompt(client)
                prompts = [client.submit(prompt) for _ in range(AHEAD)]
                node_id, seconds = MOMENTS[moment]
                client.wait_until_executing(prompts[self.chance.choice([0, 0, 0, 1])], node_id)
                before = self._made()
                if moment == IN_A_WRITE:
                    look_until(lambda: self.unfinished() > 0)
                elif moment == AT_ITS_NAME:
                    # If a result can be half written under its final name, it is so at first.
                    look_until(lambda: self._made() != before)
                else:
                    wait(self.chance.uniform(0, seconds))
                self.server.kill()
        finally:
            self.server.kill()
        self.figures.note(moment)

    def _made(self) -> set[tuple[str, int]]:
        """The results by name and inode, which is another one when a result is made again."""
        return {(entry.name, entry.inode()) for entry in self.results()}

    def _finish(self) -> None:
        with self.server.client() as client:
            prompt = self._prompt(client)
            for _ in range(2 * len(self.names)):
                result = client.run(prompt)
                if result.status != "success":
                    raise ToolError(f"a prompt ended with {result.status}: {result.error}")
                if says_stop(result):
                    break
            if not self.is_complete(client):
                raise ToolError("the batch is not done")


def run(  # noqa: PLR0913 - each is one knob of the trial
    base: Path,
    images: int,
    kills: int,
    seed: int,
    env: Mapping[str, str] | None = None,
    *,
    build: Callable[..., Graph] = loop,
    saving: Mapping[str, Any] = Trial.saving,
    side: int = SIDE,
) -> Figures:
    """Kill a server in that environment at least `kills` times, over batches of `images` each.

    `build`, `saving` and `side` are as in `Trial`.
    """
    chance = random.Random(seed)  # noqa: S311 for chance that can be repeated
    figures = Figures(seed=seed)
    while figures.kills < kills:
        folder = base / f"batch-{figures.batches + 1}"
        batch = Batch(folder, images, chance, figures, env, side=side)
        batch.build, batch.saving = build, saving
        batch.run(kills - figures.kills)
    return figures


if __name__ == "__main__":
    command(
        "crash", lambda base, **how: checked(partial(run, base, **how)), kills=50, images=60, seed=1
    )
