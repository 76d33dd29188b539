"""Images of 12 megapixels: what one of them takes, with a model that waits or one that computes.

As many prompts by ComfyUI's Load Image and its savers, which is what a person could script. It
has no saver of JPEG; ours is held against its PNG.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from typing import Any

from ..client import ComfyClient
from ..defaults import filled_in, node
from ..errors import ToolError
from ..server import ComfyServer
from . import graphs
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
PNG, JPEG, WEBP = "PNG", "JPEG", "WebP"
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


@dataclass(frozen=True)
class Cost:
    """What one image has taken."""

    seconds: float
    cpu: float
    between: float
    """Seconds in the middle of a batch, where all that can be done at a time is."""


def measure(setting: Setting) -> Measured:
    """Run the same images through each model into each format, with our nodes and without."""
    server = setting.server("large")
    names = large_images(server.input / FOLDER, setting.of(12, 3))
    ours: dict[tuple[str, str], Cost] = {}
    own: dict[tuple[str, str], Cost] = {}
    with server, server.client() as client:
        products, alone = _calibrated(client)
        setting.say(f"large: {products} products of matrices take {alone:.3f} s")
        works = {
            WAITS: node("BenchSleep", seconds=MODEL_SECONDS),
            COMPUTES: node("BenchCompute", products=products),
        }
        _warm_up(server, client, names)
        for model, work in works.items():
            for format_ in (PNG, JPEG, WEBP):
                setting.say(f"large: {format_}, {model}")
                rounds = setting.of(ROUNDS, 1) if (model, format_) in TARGETS else 1
                runs = [
                    _ours(server, client, names, work, f"{format_} {model} {number}")
                    for number in range(rounds)
                ]
                ours[model, format_] = _median(runs)
                if format_ in SAVERS:
                    own[model, format_] = _own(server, client, names, work, format_)
    unloaded = Row("for comparison: the model that computes, without any image", "s", alone)
    return Measured([*_rows(ours, own), unloaded], {"large": _series(ours, own)})


def _rows(ours: Mapping[tuple[str, str], Cost], own: Mapping[tuple[str, str], Cost]) -> list[Row]:
    rows = []
    for (model, format_), cost in ours.items():
        has_own = format_ in SAVERS
        other = own[model, format_ if has_own else PNG]
        saver = SAVERS[format_ if has_own else PNG][0]
        against = f"LoadImage, {saver}" + ("" if has_own else " (none of ComfyUI's writes JPEG)")
        what = f"one image of 4000x3000, JPEG in, {format_} out, {model}"
        target = TARGETS.get((model, format_))
        rows.append(Row(what, "s", cost.seconds, other.seconds, against, target))
        if target is not None:
            what = f"the same in the middle of the batch, {format_} out"
            rows.append(Row(what, "s", cost.between, other.between, against))
    rows.append(
        Row(
            f"processor time of one image of 4000x3000, PNG out, {WAITS}",
            "s",
            ours[WAITS, PNG].cpu,
            own[WAITS, PNG].cpu,
            "LoadImage, SaveImage",
            Target(MOST_OF_CPU, "ratio"),
        )
    )
    return rows


def _series(
    ours: Mapping[tuple[str, str], Cost], own: Mapping[tuple[str, str], Cost]
) -> list[dict[str, Any]]:
    return [
        {
            "model": model,
            "format": format_,
            "ours_s": cost.seconds,
            "own_s": own[model, format_ if format_ in SAVERS else PNG].seconds,
        }
        for (model, format_), cost in ours.items()
    ]


def _ours(
    server: ComfyServer, client: ComfyClient, names: list[str], work: dict[str, Any], name: str
) -> Cost:
    format_ = name.split(" ", 1)[0]
    folder = name.replace(" ", "-")
    saving = {"folder": folder, "format": format_, "quality": QUALITY}
    fed = {**work, "inputs": {**work["inputs"], "image": [graphs.ITERATOR, 1]}}
    graph = graphs.loop(FOLDER, fed, saving, loop_name=name)
    cost = _run(server, client, [filled_in(client, graph)] * len(names))
    # Not a promise to write: when the last prompt has ended, every image is there.
    saved = len(list((server.output / folder).iterdir()))
    if saved != len(names):
        raise ToolError(f"{saved} of {len(names)} images were there when the batch had ended")
    return cost


def _own(
    server: ComfyServer, client: ComfyClient, names: list[str], work: dict[str, Any], format_: str
) -> Cost:
    class_type, settings = SAVERS[format_]
    saver = node(class_type, images=[graphs.WORK, 0], filename_prefix="own/result", **settings)
    fed = {**work, "inputs": {**work["inputs"], "image": [graphs.LOAD, 0]}}
    prompt = filled_in(client, graphs.own("", saver, fed))
    prompts = [graphs.with_image(prompt, f"{FOLDER}/{name}") for name in names]
    return _run(server, client, prompts)


def _run(server: ComfyServer, client: ComfyClient, prompts: list[graphs.Graph]) -> Cost:
    before = cpu_seconds(server)
    timings = run_all(client, prompts)
    ends = [timing.ended for timing in timings]
    return Cost(
        seconds_each(timings),
        (cpu_seconds(server) - before) / len(prompts),
        _between(ends),
    )


def _between(ends: list[float]) -> float:
    """The median time from end to end, without the last one: it waits for all to be written."""
    gaps = [after - before for before, after in itertools.pairwise(ends[:-1])]
    return statistics.median(gaps) if gaps else math.nan


def _median(runs: list[Cost]) -> Cost:
    columns = zip(*(astuple(run) for run in runs), strict=True)
    return Cost(*(statistics.median(column) for column in columns))


def _warm_up(server: ComfyServer, client: ComfyClient, names: list[str]) -> None:
    """Have each side's code loaded, and each of its files read, before anything is measured."""
    work = node("BenchPass")
    for format_ in (PNG, JPEG, WEBP):
        _ours(server, client, names, work, f"{format_} to-begin-with")
        if format_ in SAVERS:
            _own(server, client, names[:1], work, format_)


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
    pair = [_without_work(client), filled_in(client, graph)]
    return min(seconds_after_first(run_all(client, pair)) for _ in range(TRIES))


def _without_work(client: ComfyClient) -> graphs.Graph:
    """A prompt that leaves nothing of the model in the cache."""
    return filled_in(
        client,
        {
            graphs.LOAD: node("EmptyImage", width=32, height=32),
            graphs.END: node("BenchEnd", image=[graphs.LOAD, 0]),
        },
    )
