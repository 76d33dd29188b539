"""Images of 12 megapixels: what one of them takes, with a model that waits or one that computes.

As many prompts by ComfyUI's Load Image and its savers, which is what a person could script. It
has no saver of JPEG; ours is held against its PNG.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Any

from .. import graphs
from ..client import ComfyClient
from ..errors import ToolError
from ..graphs import filled_in, node
from ..server import ComfyServer
from .folders import large_images
from .process import cpu_seconds
from .prompts import run_all, seconds_after_first, seconds_each
from .rows import Measured, Row, Target
from .setting import Setting

FOLDER = "photos"
QUALITY = 95
MODEL_SECONDS = 0.2
PRODUCTS = 100
"""Of matrices, to begin with when it is found out how many take as long as the model."""
CALIBRATIONS, TRIES = 2, 5
WAITS, COMPUTES = "a model that waits 200 ms", "a model that computes for 200 ms on all cores"
PNG, JPEG, WEBP = FORMATS = "PNG", "JPEG", "WebP"
TARGETS = {(WAITS, PNG): Target(0.22), (WAITS, JPEG): Target(0.21)}
MOST_OF_CPU = 0.25
ROUNDS = 5
"""Runs, of which the median counts, where there is a target. ComfyUI collects Python's garbage
every ten seconds, which takes longer than an image: one run in four has that in it."""

SAVERS: Mapping[str, tuple[str, dict[str, Any]]] = {
    PNG: ("SaveImage", {}),
    WEBP: (
        "SaveAnimatedWEBP",
        {"fps": 6.0, "lossless": False, "quality": QUALITY, "method": "default"},
    ),
}
"""ComfyUI's own nodes that write a format."""

Work = Mapping[str, Any]
"""A node that stands for a model; it still has to be given its image."""


@dataclass(frozen=True)
class Cost:
    """What one image has taken."""

    seconds: float
    cpu: float
    between: float
    """Seconds in the middle of a batch, where all that can be done at a time is."""


@dataclass(frozen=True)
class Costs:
    """The same images through a model into a format, with our nodes and with ComfyUI's."""

    model: str
    format: str
    ours: Cost
    own: Cost


def measure(setting: Setting) -> Measured:
    """Run the same images through each model into each format."""
    server = setting.server("large")
    names = large_images(server.input / FOLDER, setting.of(12, 3))
    with server, server.client() as client:
        products, alone = _calibrated(client)
        setting.say(f"large: {products} products of matrices take {alone:.3f} s")
        works = {
            WAITS: node("BenchSleep", seconds=MODEL_SECONDS),
            COMPUTES: node("BenchCompute", products=products),
        }
        runner = _Runner(server, client, names)
        # Have each side's code loaded, and each file read, before anything is measured.
        for format_ in FORMATS:
            runner.ours(node("BenchPass"), format_, "to-begin-with")
            if format_ in SAVERS:
                _Runner(server, client, names[:1]).own(node("BenchPass"), format_)
        found = []
        for model, work in works.items():
            own: dict[str, Cost] = {}
            for format_ in FORMATS:
                setting.say(f"large: {format_}, {model}")
                rounds = setting.of(ROUNDS, 1) if (model, format_) in TARGETS else 1
                runs = [runner.ours(work, format_, f"{model} {n}") for n in range(rounds)]
                if format_ in SAVERS:
                    own[format_] = runner.own(work, format_)
                found.append(Costs(model, format_, _median(runs), own.get(format_, own[PNG])))
    unloaded = Row("for comparison: the model that computes, without any image", "s", alone)
    series = [
        {
            "model": each.model,
            "format": each.format,
            "ours_s": each.ours.seconds,
            "own_s": each.own.seconds,
        }
        for each in found
    ]
    return Measured([*_rows(found), unloaded], {"large": series})


def _rows(found: Sequence[Costs]) -> list[Row]:
    rows = []
    for each in found:
        saver, _ = SAVERS.get(each.format, SAVERS[PNG])
        against = f"LoadImage, {saver}"
        if each.format not in SAVERS:
            against += f" (none of ComfyUI's writes {each.format})"
        ours, own = each.ours, each.own
        target = TARGETS.get((each.model, each.format))
        what = f"one image of 4000x3000, JPEG in, {each.format} out, {each.model}"
        rows.append(Row(what, "s", ours.seconds, own.seconds, against, target))
        if target is not None:
            what = f"the same in the middle of the batch, {each.format} out"
            rows.append(Row(what, "s", ours.between, own.between, against))
    (first, *_) = found
    what = f"processor time of one image of 4000x3000, {first.format} out, {first.model}"
    limit = Target(MOST_OF_CPU, "ratio")
    rows.append(Row(what, "s", first.ours.cpu, first.own.cpu, "LoadImage, SaveImage", limit))
    return rows


@dataclass(frozen=True)
class _Runner:
    """Runs the same images with our nodes and with ComfyUI's."""

    server: ComfyServer
    client: ComfyClient
    names: Sequence[str]

    def ours(self, work: Work, format_: str, name: str) -> Cost:
        """As a batch of that name, in a loop of its own."""
        folder = f"{format_} {name}".replace(" ", "-")
        saving = {"folder": folder, "format": format_, "quality": QUALITY}
        graph = graphs.loop(FOLDER, _fed(work, graphs.ITERATOR, 1), saving, loop_name=folder)
        cost = self._run([filled_in(self.client, graph)] * len(self.names))
        # Not a promise to write: when the last prompt has ended, every image is there.
        saved = len(list((self.server.output / folder).iterdir()))
        if saved != len(self.names):
            raise ToolError(f"{saved} of {len(self.names)} images were there at the batch's end")
        return cost

    def own(self, work: Work, format_: str) -> Cost:
        """As a script would, with ComfyUI's node for that format."""
        class_type, settings = SAVERS[format_]
        saver = node(class_type, images=[graphs.WORK, 0], filename_prefix="own/result", **settings)
        prompt = filled_in(self.client, graphs.own("", saver, _fed(work, graphs.LOAD, 0)))
        return self._run([graphs.with_image(prompt, f"{FOLDER}/{name}") for name in self.names])

    def _run(self, prompts: list[graphs.Graph]) -> Cost:
        before = cpu_seconds(self.server)
        timings = run_all(self.client, prompts)
        cpu = (cpu_seconds(self.server) - before) / len(prompts)
        # Without the last one: it waits for all to be written.
        ends = [timing.ended for timing in timings[:-1]]
        between = [after - before for before, after in itertools.pairwise(ends)]
        middle = statistics.median(between) if between else math.nan
        return Cost(seconds_each(timings), cpu, middle)


def _fed(work: Work, *source: object) -> dict[str, Any]:
    return {**work, "inputs": {**work["inputs"], "image": list(source)}}


def _median(runs: Sequence[Cost]) -> Cost:
    columns = zip(*(astuple(run) for run in runs), strict=True)
    return Cost(*(statistics.median(column) for column in columns))


def _calibrated(client: ComfyClient) -> tuple[int, float]:
    """How many products of matrices take as long as the model, and how long they do take alone.

    Whatever else the machine does meanwhile makes them fewer: so the second figure is shown.
    """
    products = PRODUCTS
    for _ in range(CALIBRATIONS):
        products = max(1, round(products * MODEL_SECONDS / _model_seconds(client, products)))
    return products, _model_seconds(client, products)


def _model_seconds(client: ComfyClient, products: int) -> float:
    """The least time that the model has taken in some tries, without an image to load or save."""
    work = node("BenchCompute", image=[graphs.LOAD, 0], products=products)
    graph = {
        graphs.LOAD: node("EmptyImage", width=16, height=16),
        graphs.WORK: work,
        graphs.END: node("BenchEnd", image=[graphs.WORK, 0]),
    }
    # It leaves nothing of the model in the cache.
    without = {
        graphs.LOAD: node("EmptyImage", width=32, height=32),
        graphs.END: node("BenchEnd", image=[graphs.LOAD, 0]),
    }
    pair = [filled_in(client, each) for each in (without, graph)]
    return min(seconds_after_first(run_all(client, pair)) for _ in range(TRIES))
