"""A real server, killed again and again in the midst of a batch, and what that costs.

The server is killed with SIGKILL at moments that a seed decides, started again on the same folders
each time, and at the end run on until the batch is complete. `python -m tools.crash` does that at
least fifty times and writes its figures to `docs/figures/crash.json`; a test does it a few times.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from .client import ComfyClient
from .defaults import filled_in, node
from .errors import ToolError, run_command
from .figures import write_figures
from .layout import ROOT
from .server import ComfyServer

HELPERS = ROOT / "tests" / "nodes" / "batch_loop_helpers.py"
TEMPORARY = ".batch-loop.tmp"
FOLDER = "batch"
WORK_SECONDS = 0.06
TAIL_SECONDS = 0.03
WORK, SAVE, TAIL = "work", "save", "tail"
AHEAD = 6
"""Prompts that wait in the queue when the server is killed."""
MOST_SECONDS = 60.0

MOMENTS = {
    "anywhere": "any time within 0.2 s of the first prompt",
    "in the work": "while the slow node works on an image",
    "after Loop End": "between Loop End and the end of the prompt",
    "in a write": "as soon as an unfinished file of a result is there",
    "at its name": "as soon as a result has its name",
}
"""When the server is killed: each kill takes one of these by turns."""


@dataclass
class Figures:
    """What so many kills have cost."""

    seed: int = 0
    kills: int = 0
    batches: int = 0
    images: int = 0
    lost: int = 0
    redone: int = 0
    most_redone_by_one_kill: int = 0
    half_files: int = 0
    stray_files: int = 0
    out_of_order: int = 0
    kills_that_left_an_unfinished_file: int = 0
    kills_by_moment: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0


def graph(record: Path) -> dict[str, Any]:
    """A slow workflow that records each image that it has saved, and is slow behind Loop End."""
    saving = {"folder": FOLDER, "prefix": "", "suffix": "", "format": "PNG"}
    return {
        "iterator": node("BatchLoopDirectoryIterator", directory=FOLDER),
        "start": node("BatchLoopLoopStart", loop=["iterator", 0]),
        WORK: node("TestSlow", value=["iterator", 1], seconds=WORK_SECONDS),
        SAVE: node("BatchLoopSaveImage", image=[WORK, 0], loop=["start", 0], **saving),
        "record": node("TestRecord", image=[SAVE, 0], text=["iterator", 3], path=str(record)),
        "end": node("BatchLoopLoopEnd", loop=["start", 0], after=[SAVE, 0]),
        TAIL: node("TestSlow", value=["end", 0], seconds=TAIL_SECONDS),
        "complete": node("BatchLoopBatchComplete", loop=["end", 0]),
        "stop": node("BatchLoopEndQueue", stop=["complete", 0]),
    }


class Batch:
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
        self.record = base / "record"
        self.chance = chance
        self.figures = figures
        self.names = [f"img{number}.png" for number in range(1, images + 1)]
        self._named = set(self.names)
        self.graph = graph(self.record)
        folder = self.server.input / FOLDER
        folder.mkdir(parents=True)
        pixels = np.random.default_rng(chance.randrange(2**32))
        for name in self.names:
            noise = pixels.integers(0, 256, (192, 192, 3), dtype=np.uint8)
            Image.fromarray(noise).save(folder / name)

    def run(self, kills: int) -> None:
        """Kill the server so often, or until the batch is complete, and then let it end."""
        moments = list(MOMENTS)
        for number in range(kills):
            before = len(self.recorded)
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

    def _start(self) -> None:
        """Start the server, which deletes what the one before it has left unfinished."""
        self.server.start()
        _look_until(lambda: not self._unfinished())
        self.figures.stray_files += len(self._unfinished())

    @property
    def recorded(self) -> list[str]:
        """The images that were saved, in the order in which they were."""
        return self.record.read_text(encoding="utf-8").split() if self.record.exists() else []

    def _kill_at(self, moment: str) -> None:
        try:
            with self.server.client() as client:
                graph = filled_in(client, self.graph)
                prompts = [client.submit(graph) for _ in range(AHEAD)]
                self._wait_for(moment, client, prompts)
                self.server.kill()
        finally:
            self.server.kill()
        self.figures.kills += 1
        by_moment = self.figures.kills_by_moment
        by_moment[moment] = by_moment.get(moment, 0) + 1

    def _wait_for(self, moment: str, client: ComfyClient, prompts: Sequence[str]) -> None:
        chosen = prompts[self.chance.choice([0, 0, 0, 1])]
        pause = threading.Event()
        if moment == "anywhere":
            client.wait_until_executing(prompts[0], "iterator")
            pause.wait(self.chance.uniform(0, 0.2))
        elif moment == "in the work":
            client.wait_until_executing(chosen, WORK)
            pause.wait(self.chance.uniform(0, WORK_SECONDS))
        elif moment == "after Loop End":
            client.wait_until_executing(chosen, TAIL)
            pause.wait(self.chance.uniform(0, TAIL_SECONDS))
        elif moment == "in a write":
            client.wait_until_executing(prompts[0], WORK)
            _look_until(lambda: bool(self._unfinished()))
        else:
            # What is not whole under its name is so from the first moment on.
            client.wait_until_executing(prompts[0], WORK)
            before = self._results()
            _look_until(lambda: self._results() != before)

    def _results(self) -> set[tuple[str, int]]:
        """The results by name and inode: a result that is made again is another one."""
        folder = self.server.output / FOLDER
        with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
            return {(found.name, found.inode()) for found in entries if found.name in self._named}
        return set()

    def _unfinished(self) -> list[Path]:
        return [*(self.server.output / FOLDER).glob(f".*{TEMPORARY}")]

    def _look(self, before: int) -> None:
        """Look at what a kill has left."""
        self.figures.kills_that_left_an_unfinished_file += bool(self._unfinished())
        self.figures.half_files += len(self._half())
        recorded = self.recorded
        again = Counter(recorded)
        # By this start: images that were there already when it began, or came twice in it.
        redone = sum(
            again[name] > 1 and (name in recorded[:before] or recorded[before:].count(name) > 1)
            for name in set(recorded[before:])
        )
        self.figures.most_redone_by_one_kill = max(self.figures.most_redone_by_one_kill, redone)

    def _half(self) -> list[str]:
        """Results that are there and not whole."""
        folder = self.server.output / FOLDER
        return [
            name for name in self.names if (folder / name).exists() and not self._is_saved(name)
        ]

    def _is_saved(self, name: str) -> bool:
        try:
            with (
                Image.open(self.server.output / FOLDER / name) as saved,
                Image.open(self.server.input / FOLDER / name) as source,
            ):
                return bool(np.array_equal(np.asarray(saved), np.asarray(source)))
        except (OSError, UnidentifiedImageError, SyntaxError, ValueError):
            return False

    def _finish(self) -> None:
        with self.server.client() as client:
            graph = filled_in(client, self.graph)
            for _ in range(2 * len(self.names)):
                result = client.run(graph)
                if result.status != "success":
                    raise ToolError(f"a prompt ended with {result.status}: {result.error}")
                if result.outputs["stop"]["batch_loop"][0]["stop"]:
                    client.wait_until_idle()
                    break
            loops = client.get_json("/batch_loop/loops")["loops"]
        written = [(loop["done"] - loop["finishing"], loop["total"]) for loop in loops]
        if written != [(len(self.names),) * 2]:
            raise ToolError(f"the batch is not done: {loops}")

    def _check(self) -> None:
        recorded, figures = self.recorded, self.figures
        figures.batches += 1
        figures.images += len(self.names)
        figures.lost += sum(not self._is_saved(name) for name in self.names)
        figures.half_files += len(self._half())
        figures.redone += len(recorded) - len(set(recorded))
        firsts = list(dict.fromkeys(recorded))
        figures.out_of_order += firsts != self.names
        stray = [*self.server.base.rglob(f"*{TEMPORARY}")]
        figures.stray_files += len(stray)


def _look_until(seen: Callable[[], bool]) -> None:
    """Look again and again, without a pause: the moment is short."""
    give_up = time.monotonic() + MOST_SECONDS
    while not seen() and time.monotonic() < give_up:
        pass


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


def main() -> int:
    """Run it at the scale of the figures that the project shows."""
    parser = argparse.ArgumentParser(prog="python -m tools.crash")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--images", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="batch-loop-crash-") as folder:
        figures = run(Path(folder), chosen.images, chosen.kills, chosen.seed)
    sys.stdout.write(f"{json.dumps(asdict(figures), indent=2)}\n")
    wrong = figures.lost + figures.half_files + figures.stray_files + figures.out_of_order
    if wrong or figures.redone > figures.kills or figures.most_redone_by_one_kill > 1:
        return 1
    write_figures("crash", asdict(figures))
    return 0


if __name__ == "__main__":
    run_command(main)
