"""What `crash`, `soak` and `machines` share: a batch on real servers, and what became of it."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from PIL import Image

from .client import ComfyClient
from .errors import ToolError, run_command, say
from .graphs import FILENAME, SAVE, Graph, Node, loop, node
from .layout import FIGURES
from .pack import pack
from .results import RunResult
from .server import ComfyServer

TEMPORARY = ".batch-loop.tmp"
"""The end of the name of an unfinished file."""
FOLDER = "batch"
MOST_SECONDS = 120.0


@dataclass
class Limited:
    """Figures of which some have limits."""

    def most(self) -> dict[str, float]:
        """The limits, by the figures' names."""
        return {}

    @property
    def faults(self) -> dict[str, float]:
        """The figures above their limits."""
        found = {name: getattr(self, name) for name in self.most()}
        return {name: value for name, value in found.items() if value > self.most()[name]}


@dataclass
class Figures(Limited):
    """What a trial has found."""

    seed: int = 1
    images: int = 0
    events: dict[str, int] = field(default_factory=dict)
    """What was done to the servers, and how often."""
    lost: int = 0
    half_files: int = 0
    """Results that are damaged, or of no image."""
    stray_files: int = 0
    """Unfinished files that were never deleted."""

    def note(self, event: str) -> None:
        """Count something that was done to a server."""
        self.events[event] = self.events.get(event, 0) + 1

    def most(self) -> dict[str, float]:
        """The limits of the figures that count faults."""
        return {"lost": 0, "half_files": 0, "stray_files": 0}


class Trial:
    """A folder of different images that servers work on; a record notes each result.

    The servers may share their input and output folders, or have their own.
    """

    build: Callable[..., Graph] = staticmethod(loop)
    """Makes the workflow: `graphs.loop` or `graphs.two_nodes`."""
    saving: Mapping[str, Any] = MappingProxyType({"format": "PNG"})
    """Settings of Save Image (Batch); the format must be lossless."""

    def __init__(
        self, base: Path, servers: Sequence[ComfyServer], images: int, side: int, seed: int
    ) -> None:
        """Make images of `side` x `side` pixels; the seed decides what they show."""
        self.base = base
        self.servers = servers
        self.record = base / "record"
        self.names = [f"img{number}.png" for number in range(1, images + 1)]
        self.outputs = list(dict.fromkeys(server.output / FOLDER for server in servers))
        inputs = list(dict.fromkeys(server.input / FOLDER for server in servers))
        self._sources = inputs[0]
        pixels = np.random.default_rng(seed)
        for folder in inputs:
            folder.mkdir(parents=True)
        for name in self.names:
            noise = Image.fromarray(pixels.integers(0, 256, (side, side, 3), dtype=np.uint8))
            for folder in inputs:
                noise.save(folder / name)

    def workflow(self, work: Node, before: Graph | None = None, **settings: Any) -> Graph:
        """A loop that takes each image through `work`, saves it, and then records its name.

        `before` has nodes that come between the image and `work`.
        """
        saving = {"folder": FOLDER, "prefix": "", "suffix": "", **self.saving}
        graph = self.build(FOLDER, work, saving, **settings) | (before or {})
        record = {"image": [SAVE, 0], "text": FILENAME, "path": str(self.record)}
        return {**graph, "record": node("TestRecord", **record)}

    @property
    def recorded(self) -> list[str]:
        """The images whose results were saved, in that order."""
        return self.record.read_text(encoding="utf-8").split() if self.record.exists() else []

    def count(self, figures: Figures) -> None:
        """Add the faults to be seen once nothing runs any more."""
        figures.lost += sum(
            not any(self._is_whole(folder / self._result_of(name)) for folder in self.outputs)
            for name in self.names
        )
        figures.half_files += self.half_files()
        figures.stray_files += self.stray_files()

    def is_complete(self, client: ComfyClient) -> bool:
        """Whether a server, once idle, counts all images as done."""
        client.wait_until_idle()
        (loop,) = client.get_json("/batch_loop/loops")["loops"]
        return bool(loop["complete"]) and loop["done"] - loop["finishing"] == len(self.names)

    def half_files(self) -> int:
        """How many results are damaged, or of no image."""
        return sum(not self._is_whole(Path(entry)) for entry in self.results())

    def results(self) -> list[os.DirEntry[str]]:
        """All files with the name of a result, whatever is in them."""
        return [entry for entry in self._saved() if not entry.name.endswith(TEMPORARY)]

    def unfinished(self) -> int:
        """How many results are half written, now or for good."""
        return sum(entry.name.endswith(TEMPORARY) for entry in self._saved())

    def stray_files(self) -> int:
        """How many unfinished files there are anywhere, once nothing is being written."""
        return sum(1 for _ in self.base.rglob(f"*{TEMPORARY}"))

    def _saved(self) -> Iterator[os.DirEntry[str]]:
        for folder in self.outputs:
            with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
                yield from entries

    def _result_of(self, name: str) -> str:
        """The name of a source's result."""
        return str(Path(name).with_suffix(f".{self.saving['format'].lower()}"))

    def _is_whole(self, result: Path) -> bool:
        """Whether it exists and equals its source, pixel by pixel."""
        source_path = self._sources / f"{result.stem}.png"
        if result.name != self._result_of(source_path.name):
            return False
        try:
            with Image.open(result) as saved, Image.open(source_path) as source:
                return np.array_equal(np.asarray(saved), np.asarray(source))
        except (OSError, SyntaxError, ValueError):
            return False


def again(recorded: Sequence[object]) -> int:
    """How many results were made more than once."""
    return len(recorded) - len(set(recorded))


def says_stop(result: RunResult) -> bool:
    """Whether the batch is complete, by End Queue or, without one, by itself."""
    reports = [
        report for output in result.outputs.values() for report in output.get("batch_loop", ())
    ]
    return bool(pack("batch_loop_cli.progress").says_stop(reports))


def look_until(seen: Callable[[], bool], pause: float = 0.0) -> bool:
    """Look repeatedly, by default without a pause; returns whether it was seen in time."""
    give_up_at = time.monotonic() + MOST_SECONDS
    while not (found := seen()) and time.monotonic() < give_up_at:
        wait(pause)
    return found


def wait(seconds: float) -> None:
    """Let time go by: trials need moments that no event announces."""
    threading.Event().wait(seconds)


def checked(run: Callable[[], Limited]) -> dict[str, Any]:
    """Run a trial, and print and return its figures; `ToolError` if there are faults."""
    began = time.monotonic()
    figures = run()
    found = {**asdict(figures), "seconds": round(time.monotonic() - began, 1)}
    say(f"{json.dumps(found, indent=2)}\n")
    if figures.faults:
        raise ToolError(f"not as it should be: {figures.faults}")
    return found


def command(name: str, measure: Callable[..., dict[str, Any]], **options: int) -> None:
    """Run a tool with numbers for options; writes its figures to `docs/figures/<name>.json`.

    `measure` gets an empty folder, and the options by their names.
    """

    def main() -> None:
        parser = argparse.ArgumentParser(prog=f"python -m tools.{name}")
        for option, default in options.items():
            parser.add_argument(f"--{option}", type=int, default=default)
        chosen = vars(parser.parse_args())
        with tempfile.TemporaryDirectory(prefix=f"batch-loop-{name}-") as folder:
            figures = measure(Path(folder), **chosen)
        write_figures(name, figures)

    run_command(main)


def write_figures(name: str, figures: object) -> None:
    """Write what JSON can hold to `docs/figures/<name>.json`."""
    FIGURES.mkdir(parents=True, exist_ok=True)
    text = json.dumps(figures, indent=2, ensure_ascii=False) + "\n"
    (FIGURES / f"{name}.json").write_text(text, encoding="utf-8")
