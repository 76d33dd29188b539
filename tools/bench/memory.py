"""The server's memory: whether it grows over hundreds of iterations, and its peak.

What is read ahead or not yet written must stay within a budget.
"""

from __future__ import annotations

import statistics
from functools import partial

import psutil

from .. import graphs
from ..graphs import filled_in
from ..server import ComfyServer
from .folders import large_images, small_images
from .prompts import run_all
from .rows import Chart, Measured, Row, Target
from .setting import Setting, meanwhile

FOLDER = "images"
SIDE = 512
EARLY = 20
WINDOW = 10
"""Iterations whose median is taken, as the next prompt already runs at each look, and holds images
of its own."""
MOST_MB = 10.0
OURS, OWN = "Batch Loop", "ComfyUI's nodes"

BUDGET_VARIABLE = "BATCH_LOOP_MEMORY_MB"
BUDGET = 600
"""Megabytes: room for some images of 12 megapixels, 144 MB each."""
LOOK_SECONDS = 0.02


def measure_growth(setting: Setting) -> Measured:
    """Run equally many prompts with our nodes and with ComfyUI's own, on new servers."""
    count = setting.of(300, 60)
    rows, more = [], {}
    for name, nodes, limit in (
        (OURS, "Batch Loop, PNG", Target(MOST_MB, "difference")),
        (OWN, "Load Image and Save Image (for comparison), PNG", None),
    ):
        server = setting.server(f"memory-{name}")
        names = small_images(server.input / FOLDER, count, side=SIDE)
        with server:
            setting.say(f"memory: {count} iterations, {name}")
            held = _run(server, names, is_ours=name == OURS)
        late, early = (statistics.median(held[at - WINDOW : at]) for at in (count, EARLY))
        what = f"memory at iteration {count}: {nodes} of {SIDE}x{SIDE}"
        rows.append(Row(what, "MB", late, early, f"at iteration {EARLY}", limit))
        more[name] = [round(each - held[EARLY - 1], 1) for each in held[EARLY - 1 :]]
    title = f"Memory of the server since iteration {EARLY}"
    return Measured(rows, Chart(title, "iterations", "MB", list(range(EARLY, count + 1)), more))


def _run(server: ComfyServer, names: list[str], *, is_ours: bool) -> list[float]:
    """The megabytes that the server holds after each image."""
    held: list[float] = []
    with server.client() as client:
        if is_ours:
            prompt = filled_in(client, graphs.loop(FOLDER, saving={"folder": "ours"}))
            prompts = [prompt] * len(names)
        else:
            prompt = filled_in(client, graphs.own(graphs.SAVE_IMAGE))
            prompts = graphs.with_images(prompt, FOLDER, names)
        run_all(client, prompts, lambda: held.append(megabytes(server)))
    return held


def measure_budget(setting: Setting) -> Measured:
    """Run large images as fast as possible, with and without a budget, on new servers."""
    most = {}
    for budget in (0, BUDGET):
        server = setting.server(f"budget-{budget}", {BUDGET_VARIABLE: str(budget)})
        names = large_images(server.input / FOLDER, setting.of(12, 4))
        with server, server.client() as client:
            setting.say(f"budget: {BUDGET_VARIABLE}={budget}")
            prompt = filled_in(client, graphs.loop(FOLDER, saving={"folder": "ours"}))
            with meanwhile(partial(megabytes, server), LOOK_SECONDS) as held:
                run_all(client, [prompt] * len(names))
            most[budget] = max(held)
    what = f"most memory with {BUDGET_VARIABLE}={BUDGET}, images of 4000x3000 without a model"
    limit = Target(BUDGET, "difference")
    return Measured([Row(what, "MB", most[BUDGET], most[0], f"with {BUDGET_VARIABLE}=0", limit)])


def megabytes(server: ComfyServer) -> float:
    """The memory of the server's process (RSS)."""
    return float(psutil.Process(server.pid).memory_info().rss / 1e6)
