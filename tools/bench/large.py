"""How long an image of 12 megapixels takes, with a model that waits or one that computes.

It is compared with ComfyUI's Load Image and Save Image, as a script could use them. ComfyUI has no
saver for JPEG, so ours is compared with its PNG. The images are made from noise: `batches.py` has
photographs, and all formats.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from .. import graphs
from ..client import ComfyClient
from ..errors import ToolError
from ..graphs import filled_in, node
from ..server import ComfyServer
from .batch_run import cpu_seconds
from .folders import large_images
from .models import Work, calibrated, computing, waiting
from .prompts import run_all, seconds_each
from .rows import Measured, Row, Target
from .setting import Setting

FOLDER = "photos"
OWN = "LoadImage, SaveImage"
QUALITY = 95
WAITS, COMPUTES = "a model that waits 200 ms", "a model that computes for 200 ms on all cores"
PNG, JPEG = FORMATS = "PNG", "JPEG"
TARGETS = {(WAITS, PNG): Target(0.22), (WAITS, JPEG): Target(0.21)}
MOST_OF_CPU = Target(0.25, "ratio")
ROUNDS = 3
"""Runs where there is a target, whose median counts: ComfyUI collects Python's garbage every ten
seconds, which takes longer than an image, and falls into one run in four."""


class Cost(NamedTuple):
    """What one image takes."""

    seconds: float
    cpu: float
    between: float
    """Seconds in the middle of a batch, where reading, the model and writing overlap."""


def measure(setting: Setting) -> Measured:
    """Run the same images through each model into each format."""
    server = setting.server("large")
    names = large_images(server.input / FOLDER, setting.of(12, 3))
    ours: dict[tuple[str, str], Cost] = {}
    own: dict[tuple[str, str], Cost] = {}
    with server, server.client() as client:
        products, alone = calibrated(client)
        setting.say(f"large: {products} products of matrices take {alone:.3f} s")
        works = {WAITS: waiting(), COMPUTES: computing(products)}
        runner = _Runner(server, client, names)
        # Load all code and read all files before anything is measured.
        nothing = partial(node, "BenchPass")
        for format_ in FORMATS:
            runner.ours(nothing, format_, "to-begin-with")
        _Runner(server, client, names[:1]).own(nothing)
        for (model, work), format_ in itertools.product(works.items(), FORMATS):
            setting.say(f"large: {format_}, {model}")
            rounds = setting.of(ROUNDS, 1) if (model, format_) in TARGETS else 1
            runs = [runner.ours(work, format_, f"{model} {n}") for n in range(rounds)]
            medians = map(statistics.median, zip(*runs, strict=True))
            ours[model, format_] = Cost(*medians)
            own[model, format_] = runner.own(work) if format_ == PNG else own[model, PNG]
    unloaded = Row("for comparison: the model that computes, without any image", "s", alone)
    return Measured([*_rows(ours, own), unloaded])


def _rows(ours: Mapping[tuple[str, str], Cost], own: Mapping[tuple[str, str], Cost]) -> list[Row]:
    rows = []
    for (model, format_), cost in ours.items():
        other, target = own[model, format_], TARGETS.get((model, format_))
        against = OWN if format_ == PNG else f"{OWN} (none of ComfyUI's writes {format_})"
        what = f"one image of 4000x3000, JPEG in, {format_} out, {model}"
        rows.append(Row(what, "s", cost.seconds, other.seconds, against, target))
        if target is not None:
            what = f"the same in the middle of the batch, {format_} out"
            rows.append(Row(what, "s", cost.between, other.between, against))
    what = f"processor time of one image of 4000x3000, {PNG} out, {WAITS}"
    cpu = (ours[WAITS, PNG].cpu, own[WAITS, PNG].cpu)
    return [*rows, Row(what, "s", *cpu, OWN, MOST_OF_CPU)]


@dataclass(frozen=True)
class _Runner:
    """Runs the same images with our nodes and with ComfyUI's."""

    server: ComfyServer
    client: ComfyClient
    names: Sequence[str]

    def ours(self, work: Work, format_: str, name: str) -> Cost:
        """Run them as a batch, in a loop of that name."""
        folder = f"{format_} {name}".replace(" ", "-")
        saving = {"folder": folder, "format": format_, "quality": QUALITY}
        graph = graphs.loop(FOLDER, work(image=graphs.IMAGE), saving, loop_name=folder)
        cost = self._run([filled_in(self.client, graph)] * len(self.names))
        # When the last prompt has ended, every image must be on disk.
        saved = len(list((self.server.output / folder).iterdir()))
        if saved != len(self.names):
            raise ToolError(f"{saved} of {len(self.names)} images were there at the batch's end")
        return cost

    def own(self, work: Work) -> Cost:
        """Run them as a script would, with ComfyUI's own nodes."""
        prompt = filled_in(self.client, graphs.own(graphs.SAVE_IMAGE, work(image=[graphs.LOAD, 0])))
        return self._run(graphs.with_images(prompt, FOLDER, self.names))

    def _run(self, prompts: list[graphs.Graph]) -> Cost:
        before = cpu_seconds(self.server)
        timings = run_all(self.client, prompts)
        cpu = (cpu_seconds(self.server) - before) / len(prompts)
        # Without the last prompt, which waits for all writing.
        ends = [timing.ended for timing in timings[:-1]]
        between = [after - before for before, after in itertools.pairwise(ends)]
        middle = statistics.median(between) if between else math.nan
        return Cost(seconds_each(timings), cpu, middle)
