"""A day of work in minutes: thousands of images on one server, with errors and interruptions.

A folder of small images is started over until there were enough iterations. The work fails on one
image in fifty; one in each batch is interrupted, and comes again. `python -m tools.soak` writes
its figures to `docs/figures/soak.json`.
"""

from __future__ import annotations

import statistics
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from tqdm import tqdm

from . import trial
from .client import ComfyClient
from .errors import ToolError
from .graphs import FILENAME, IMAGE, filled_in, node
from .layout import HELPERS
from .server import ComfyServer
from .trial import FOLDER, Trial, checked, command, says_stop

HOLD = "hold"
BATCH = 500
SIDE = 16
ERROR_EVERY, INTERRUPT_AT = 50, 250
WINDOW = 1000
"""Iterations at the beginning and at the end, which are compared."""
MOST_GROWTH = 1.25
"""How many times as slow, or as large, the end may be as the beginning: equal figures differ by as
much on a machine that does other things."""


@dataclass
class Figures(trial.Figures):
    """What the iterations have come to."""

    iterations: int = 0
    batches: int = 0
    twice: int = 0
    first_ms: float = 0.0
    last_ms: float = 0.0
    first_mib: float = 0.0
    last_mib: float = 0.0

    def most(self) -> dict[str, float]:
        """Nothing is lost or done twice, and the end is like the beginning."""
        as_before = {"last_ms": self.first_ms, "last_mib": self.first_mib}
        grown = {name: first * MOST_GROWTH for name, first in as_before.items()}
        return super().most() | grown | {"twice": 0}


class Soak(Trial):
    """A server, a folder of `BATCH` small images, and what was counted so far."""

    def __init__(self, base: Path) -> None:
        self.server = ComfyServer(base, custom_nodes=[HELPERS])
        super().__init__(base, [self.server], BATCH, SIDE, seed=1)
        self.failing = set(self.names[ERROR_EVERY - 1 :: ERROR_EVERY])
        self.gate = base / "gate"
        self.fail_list = base / "fail"
        self.fail_list.write_text("\n".join(self.failing), encoding="utf-8")
        self.figures = Figures(images=BATCH)
        self._ms: list[float] = []
        self._mib: list[float] = []

    def run(self, iterations: int) -> Figures:
        """Run at least so many iterations, in whole batches."""
        figures = self.figures
        with self.server, tqdm(total=iterations, unit="image", disable=None) as bar:
            while figures.iterations < iterations:
                # A client for each batch, as clients keep all of their events.
                with self.server.client() as client:
                    self._run_batch(client, bar)
            figures.stray_files = self.stray_files()
        figures.first_ms, figures.last_ms = _first_and_last(self._ms)
        figures.first_mib, figures.last_mib = _first_and_last(self._mib)
        return figures

    def _prompt(self, client: ComfyClient, *, waits: bool = False) -> dict[str, Any]:
        """A workflow that fails on some images, and `waits` for the gate if asked to."""
        hold = {HOLD: node("TestWait", image=IMAGE, until=str(self.gate))} if waits else {}
        image = [HOLD, 0] if waits else IMAGE
        fails = {"filename": FILENAME, "fail_list": str(self.fail_list)}
        work = node("TestRaise", image=image, **fails)
        return filled_in(client, self.workflow(work, hold, error_handling="Skip on error"))

    def _run_batch(self, client: ComfyClient, bar: tqdm[Any]) -> None:
        figures = self.figures
        self.record.unlink(missing_ok=True)
        if figures.batches:
            client.post_json("/batch_loop/loops/reset", {"directory": FOLDER, "loop_name": ""})
        prompt = self._prompt(client)
        # More are not needed; `_check_batch` tells if they were not enough.
        for turn in range(2 * BATCH):
            if turn == INTERRUPT_AT:
                self._interrupt(client)
            began = time.monotonic()
            result = client.run(prompt)
            self._ms.append(1000 * (time.monotonic() - began))
            self._mib.append(psutil.Process(self.server.pid).memory_info().rss / 2**20)
            figures.iterations += 1
            bar.update()
            if result.status == "error":
                figures.note("the work failed")
            if says_stop(result):
                break
        figures.batches += 1
        self._check_batch(client)
        # ComfyUI keeps the last 10,000 prompts, which would take ever more memory.
        client.post("/history", {"clear": True})

    def _interrupt(self, client: ComfyClient) -> None:
        prompt = client.submit(self._prompt(client, waits=True))
        client.wait_until_executing(prompt, HOLD)
        client.interrupt()
        if client.wait(prompt).status != "interrupted":
            raise ToolError("a prompt that waits for its gate was not interrupted")
        self.figures.note("a prompt was interrupted")

    def _check_batch(self, client: ComfyClient) -> None:
        figures = self.figures
        (loop,) = client.get_json("/batch_loop/loops")["loops"]
        items = client.get_json(f"/batch_loop/loops/{loop['id']}/report.json")["items"]
        recorded = Counter(self.recorded)
        for item in items:
            # The last one is reconciled a moment after its prompt has ended.
            state = "done" if item["state"] == "finishing" else item["state"]
            expected = "failed" if item["path"] in self.failing else "done"
            times = recorded[item["path"]]
            figures.lost += state != expected or (times > 0) is (expected == "failed")
            figures.twice += times > 1
        figures.lost += BATCH - len(items)
        figures.half_files += self.half_files()


def _first_and_last(series: list[float]) -> tuple[float, float]:
    """The medians of its beginning and of its end."""
    window = min(WINDOW, len(series) // 2)
    first, last = (statistics.median(part) for part in (series[:window], series[-window:]))
    return round(first, 2), round(last, 2)


if __name__ == "__main__":
    command("soak", lambda base, **how: checked(lambda: Soak(base).run(**how)), iterations=20_000)
