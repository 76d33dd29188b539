"""A film, one frame a run, with a model that leaves the processor free, and without one."""

from __future__ import annotations

import shutil
import statistics
import uuid
from collections.abc import Callable
from functools import partial

from .. import graphs
from ..client import ComfyClient
from ..graphs import Graph, filled_in, node
from .models import waiting
from .prompts import run_all, seconds_after_first
from .real_film import HEIGHT, real_film
from .rows import Measured, Row, Target
from .setting import Setting

MODEL_SECONDS = 0.05
WAITING = 2
"""Prompts that wait, as many as the page keeps in the queue."""
FRAMES = 240
"""Of a round: a batch of its own, which begins at the film's start and is not run to its end.

So many that a round with a model, or to PNG, lasts longer than the ten seconds after which ComfyUI
collects garbage, for some 0.3 s: in shorter rounds it is a matter of luck in how many of them it
does. To JPEG without a model, which has no target, a round lasts some six seconds.
"""
ROUNDS = 5
MOST_SECONDS = Target(0.06)
FORMATS = ("PNG", "JPEG")
ALONE = "alone"


def measure(setting: Setting) -> Measured:
    """Run a real film through a model that waits, beside that model alone."""
    server = setting.server("films")
    film = server.input / "film.mp4"
    film.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(real_film(), film)
    frames = setting.of(FRAMES, 10)
    with server, server.client() as client:
        model, none = waiting(MODEL_SECONDS), partial(node, "BenchPass")
        alone = filled_in(client, graphs.work_alone(model(image=[graphs.LOAD, 0])))
        contenders: dict[tuple[str, bool] | str, Callable[[], float]] = {
            ALONE: partial(_seconds, client, frames, lambda: alone)
        }
        for format_ in FORMATS:
            for has_model in (True, False):
                work = (model if has_model else none)(image=graphs.IMAGE)
                graph = filled_in(client, _workflow(film.name, work, format_))
                contenders[format_, has_model] = partial(
                    _seconds, client, frames, partial(_anew, graph)
                )
        found = setting.by_turns("films", contenders, setting.of(ROUNDS, 1))
    seconds = {name: statistics.median(each) for name, each in found.items()}
    return Measured([row for format_ in FORMATS for row in _rows(format_, seconds)])


def _rows(format_: str, seconds: dict[tuple[str, bool] | str, float]) -> list[Row]:
    what = f"one frame of a film of {HEIGHT}p to {format_}"
    against = "that model alone, in ComfyUI"
    waits = f"a model that waits {1000 * MODEL_SECONDS:.0f} ms"
    with_model = seconds[format_, True]
    return [
        Row(f"{what}, {waits}", "s", with_model, seconds[ALONE], against, MOST_SECONDS),
        Row(f"{what}, without a model", "s", seconds[format_, False]),
    ]


def _workflow(film: str, work: graphs.Node, format_: str) -> Graph:
    return {
        graphs.ITERATOR: node("BatchLoopFrameIterator", film=film),
        graphs.WORK: work,
        graphs.SAVE: node(
            "BatchLoopSaveImage",
            image=[graphs.WORK, 0],
            loop=[graphs.ITERATOR, 0],
            format=format_,
            folder=format_,
        ),
    }


def _anew(graph: Graph) -> Graph:
    """The same as a batch of its own, whose results have a folder of their own."""
    name = uuid.uuid4().hex
    iterator, save = graph[graphs.ITERATOR], graph[graphs.SAVE]
    return {
        **graph,
        graphs.ITERATOR: {**iterator, "inputs": {**iterator["inputs"], "loop_name": name}},
        graphs.SAVE: {**save, "inputs": {**save["inputs"], "folder": name}},
    }


def _seconds(client: ComfyClient, frames: int, graph: Callable[[], Graph]) -> float:
    """Seconds per prompt of a round, without the first, which opens the film."""
    return seconds_after_first(run_all(client, [graph()] * frames, waiting=WAITING))
