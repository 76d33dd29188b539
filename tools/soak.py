"""Twenty-four hours in small: thousands of images on one server, with errors and interrupts.

A folder of small images is taken through again and again, by Start over, until there were as many
iterations as asked for. The work fails on one image of fifty; one of five hundred is interrupted at
work, and comes again. `python -m tools.soak` writes its figures to `docs/figures/soak.json`.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psutil
from PIL import Image
from tqdm import tqdm

from .client import ComfyClient
from .defaults import filled_in, node
from .errors import ToolError, run_command
from .figures import write_figures
from .layout import ROOT
from .results import RunResult
from .server import ComfyServer

HELPERS = ROOT / "tests" / "nodes" / "batch_loop_helpers.py"
FOLDER = "batch"
WORK, HOLD, SAVE = "work", "hold", "save"
BATCH = 500
ERROR_EVERY, INTERRUPT_EVERY = 50, 500
WINDOW = 1000
"""Iterations at the beginning and at the end that are compared."""
SAMPLE_EVERY = 100
MOST_GROWTH = 1.25
"""By which factor the last iterations may be slower, or the memory larger, than the first: what a
machine that does other things besides makes of equal figures."""


@dataclass
class Figures:
    """What so many iterations came to."""

    iterations: int = 0
    batches: int = 0
    done: int = 0
    failed: int = 0
    errors: int = 0
    interrupts: int = 0
    lost: int = 0
    twice: int = 0
    stray_files: int = 0
    first_ms: float = 0.0
    last_ms: float = 0.0
    first_mib: float = 0.0
    last_mib: float = 0.0
    state_mib: float = 0.0
    seconds: float = 0.0
    window: int = WINDOW
    sampled_every: int = SAMPLE_EVERY
    ms: list[float] = field(default_factory=list)
    """Median of the time of one iteration, in each sample."""
    mib: list[float] = field(default_factory=list)
    """Memory of the server process, after each sample."""

    @property
    def is_flat(self) -> bool:
        """Whether the end is like the beginning."""
        slower = self.last_ms > self.first_ms * MOST_GROWTH
        return not slower and self.last_mib <= self.first_mib * MOST_GROWTH

    @property
    def is_well(self) -> bool:
        """Whether each image was worked on as it should be, and nothing was left behind."""
        return not (self.lost or self.twice or self.stray_files)


class Soak:
    """A server, a folder of `BATCH` small images, and what was counted so far."""

    def __init__(self, base: Path, iterations: int, batch: int = BATCH) -> None:
        self.server = ComfyServer(base, custom_nodes=[HELPERS])
        self.wanted = iterations
        self.names = [f"img{number}.png" for number in range(1, batch + 1)]
        self.failing = set(self.names[ERROR_EVERY - 1 :: ERROR_EVERY])
        self.held = self.names[INTERRUPT_EVERY // 2 :: INTERRUPT_EVERY]
        self.record = base / "record"
        self.gate = base / "gate"
        self.fail_list = base / "fail"
        self.figures = Figures()
        self._times: list[float] = []
        folder = self.server.input / FOLDER
        folder.mkdir(parents=True)
        for number, name in enumerate(self.names):
            Image.new("RGB", (16, 16), (number % 256, number // 256, 128)).save(folder / name)
        self.fail_list.write_text("\n".join(self.failing), encoding="utf-8")

    def run(self) -> Figures:
        """Run all iterations."""
        began = time.monotonic()
        with self.server, tqdm(total=self.wanted, unit="image", disable=None) as bar:
            while self.figures.iterations < self.wanted:
                # A client of its own for each batch: it keeps every event that it was sent.
                with self.server.client() as client:
                    self._run_batch(client, bar)
            self._measure_state()
        figures, window = self.figures, min(WINDOW, len(self._times) // 2)
        figures.seconds = round(time.monotonic() - began, 1)
        figures.window = window
        figures.first_ms = _median_ms(self._times[:window])
        figures.last_ms = _median_ms(self._times[-window:])
        samples = max(1, window // SAMPLE_EVERY)
        figures.first_mib = round(statistics.median(figures.mib[:samples]), 1)
        figures.last_mib = round(statistics.median(figures.mib[-samples:]), 1)
        return figures

    def _graph(self) -> dict[str, Any]:
        saving = {"folder": FOLDER, "prefix": "", "suffix": "", "format": "PNG"}
        filename = ["iterator", 3]
        return {
            "iterator": node(
                "BatchLoopDirectoryIterator", directory=FOLDER, error_handling="Skip on error"
            ),
            "start": node("BatchLoopLoopStart", loop=["iterator", 0]),
            WORK: node(
                "TestRaise",
                image=["iterator", 1],
                filename=filename,
                fail_list=str(self.fail_list),
            ),
            SAVE: node("BatchLoopSaveImage", image=[WORK, 0], loop=["start", 0], **saving),
            "record": node("TestRecord", image=[SAVE, 0], text=filename, path=str(self.record)),
            "end": node("BatchLoopLoopEnd", loop=["start", 0], after=[SAVE, 0]),
            "complete": node("BatchLoopBatchComplete", loop=["end", 0]),
            "stop": node("BatchLoopEndQueue", stop=["complete", 0]),
        }

    def _held_up(self, graph: dict[str, Any]) -> dict[str, Any]:
        """`graph` with work that waits for the gate before it begins."""
        held = {HOLD: node("TestWait", image=["iterator", 1], until=str(self.gate))}
        work = {**graph[WORK], "inputs": {**graph[WORK]["inputs"], "image": [HOLD, 0]}}
        return {**graph, **held, WORK: work}

    def _run_batch(self, client: ComfyClient, bar: tqdm[Any]) -> None:
        figures = self.figures
        self.record.unlink(missing_ok=True)
        if figures.batches:
            client.post_json("/batch_loop/loops/reset", {"directory": FOLDER, "loop_name": ""})
        graph = filled_in(client, self._graph())
        turns = 0
        held = {self.names.index(name) for name in self.held}
        stop = False
        while not stop:
            if turns in held:
                self._interrupt(client, self._held_up(graph))
                held.discard(turns)
            began = time.monotonic()
            result = client.run(graph)
            self._note(time.monotonic() - began)
            bar.update()
            turns += 1
            figures.errors += result.status == "error"
            stop = _says_stop(result) or turns > 2 * len(self.names)
        figures.batches += 1
        self._check_batch(client)
        # ComfyUI keeps the last 10,000 prompts; a person who clears them keeps the memory flat.
        client.post("/history", {"clear": True})

    def _interrupt(self, client: ComfyClient, graph: dict[str, Any]) -> None:
        self.gate.unlink(missing_ok=True)
        prompt = client.submit(graph)
        client.wait_until_executing(prompt, HOLD)
        client.interrupt()
        if client.wait(prompt).status != "interrupted":
            raise ToolError("a prompt that waits for its gate was not interrupted")
        self.figures.interrupts += 1

    def _note(self, seconds: float) -> None:
        figures = self.figures
        figures.iterations += 1
        self._times.append(seconds)
        if figures.iterations % SAMPLE_EVERY == 0:
            process = psutil.Process(self.server.pid)
            figures.mib.append(round(process.memory_info().rss / 2**20, 1))
            figures.ms.append(_median_ms(self._times[-SAMPLE_EVERY:]))

    def _check_batch(self, client: ComfyClient) -> None:
        figures = self.figures
        (loop,) = client.get_json("/batch_loop/loops")["loops"]
        report = client.get_json(f"/batch_loop/loops/{loop['id']}/report.json")
        recorded = Counter(self.record.read_text(encoding="utf-8").split())
        for item in report["items"]:
            expected = "failed" if item["path"] in self.failing else "done"
            is_there = bool(recorded[item["path"]]) is (expected == "done")
            # The last one is settled a moment after its prompt.
            settled = item["state"] == expected or (item["state"] == "finishing" == expected)
            figures.lost += not (settled and is_there)
            figures.twice += recorded[item["path"]] > 1
        figures.lost += len(self.names) - len(report["items"])
        figures.done += sum(item["state"] in {"done", "finishing"} for item in report["items"])
        figures.failed += sum(item["state"] == "failed" for item in report["items"])

    def _measure_state(self) -> None:
        folder = self.server.user / "batch_loop"
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        self.figures.state_mib = round(size / 2**20, 2)
        self.figures.stray_files = len(list(self.server.base.rglob("*.batch-loop.tmp")))


def _median_ms(times: list[float]) -> float:
    return round(1000 * statistics.median(times), 2)


def _says_stop(result: RunResult) -> bool:
    (entry,) = result.outputs.get("stop", {}).get("batch_loop", [{}])
    return entry.get("stop") is True


def main() -> int:
    """Run it at the scale of the figures that the project shows."""
    parser = argparse.ArgumentParser(prog="python -m tools.soak")
    parser.add_argument("--iterations", type=int, default=20_000)
    wanted: int = parser.parse_args().iterations
    with tempfile.TemporaryDirectory(prefix="batch-loop-soak-") as folder:
        figures = Soak(Path(folder), wanted).run()
    found = asdict(figures)
    short = {name: value for name, value in found.items() if not isinstance(value, list)}
    sys.stdout.write(f"{json.dumps(short, indent=2)}\n")
    if not figures.is_well or not figures.is_flat:
        return 1
    write_figures("soak", found)
    return 0


if __name__ == "__main__":
    run_command(main)
