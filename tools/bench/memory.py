"""The server's memory: whether it grows over some hundred iterations, and the most it ever holds.

What is read ahead and what is still to be written has to stay within a budget.
"""

from __future__ import annotations

import statistics
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from .. import graphs
from ..graphs import filled_in, node
from ..server import ComfyServer
from .folders import large_images, small_images
from .process import memory_mb
from .prompts import run_all
from .rows import Measured, Row, Target
from .setting import Setting

FOLDER = "images"
SIDE = 512
EARLY = 20
WINDOW = 10
"""Iterations whose median is taken: the next prompt runs already when one is looked at, so single
looks stray by the size of its images."""
MOST_MB = 10.0

BUDGET_VARIABLE = "BATCH_LOOP_MEMORY_MB"
BUDGET = 600
"""Megabytes: room for some images of 12 megapixels, 144 MB each."""
LOOK_SECONDS = 0.02


def measure_growth(setting: Setting) -> Measured:
    """Run as many prompts with our nodes, and with ComfyUI's own, each on a new server."""
    count = setting.of(300, 60)
    series, rows = {}, []
    for name, nodes, limit in (
        ("ours", "Batch Loop, PNG", Target(MOST_MB, "difference")),
        ("own", "Load Image and Save Image (for comparison), PNG", None),
    ):
        server = setting.server(f"memory-{name}")
        names = small_images(server.input / FOLDER, count, side=SIDE)
        with server:
            setting.say(f"memory: {count} iterations, {name}")
            series[name] = held = _run(server, names, is_ours=name == "ours")
        late, early = (statistics.median(held[at - WINDOW : at]) for at in (count, EARLY))
        what = f"memory at iteration {count}: {nodes} of {SIDE}x{SIDE}"
        rows.append(Row(what, "MB", late, early, f"at iteration {EARLY}", limit))
    return Measured(rows, {"memory": series})


def _run(server: ComfyServer, names: list[str], *, is_ours: bool) -> list[float]:
    """The megabytes that the server held after each image."""
    held: list[float] = []
    with server.client() as client:
        if is_ours:
            prompt = filled_in(client, graphs.loop(FOLDER, saving={"folder": "ours"}))
            prompts = [prompt] * len(names)
        else:
            saver = node("SaveImage", images=[graphs.WORK, 0], filename_prefix="own/result")
            prompt = filled_in(client, graphs.own("", saver))
            prompts = [graphs.with_image(prompt, f"{FOLDER}/{name}") for name in names]
        run_all(client, prompts, lambda: held.append(round(memory_mb(server), 1)))
    return held


def measure_budget(setting: Setting) -> Measured:
    """Run large images as fast as they go, with so much memory and with none, on new servers."""
    most = {}
    for budget in (0, BUDGET):
        server = setting.server(f"budget-{budget}", {BUDGET_VARIABLE: str(budget)})
        names = large_images(server.input / FOLDER, setting.of(12, 4))
        with server, server.client() as client:
            setting.say(f"budget: {BUDGET_VARIABLE}={budget}")
            prompt = filled_in(client, graphs.loop(FOLDER, saving={"folder": "ours"}))
            with _watched(server) as held:
                run_all(client, [prompt] * len(names))
            most[budget] = max(held)
    what = f"most memory with {BUDGET_VARIABLE}={BUDGET}, images of 4000x3000 without a model"
    limit = Target(BUDGET, "difference")
    return Measured([Row(what, "MB", most[BUDGET], most[0], f"with {BUDGET_VARIABLE}=0", limit)])


@contextmanager
def _watched(server: ComfyServer) -> Iterator[list[float]]:
    """Looks at the memory all the time during the block; what was held at each look."""
    held = [memory_mb(server)]
    is_over = threading.Event()

    def look() -> None:
        while not is_over.wait(LOOK_SECONDS):
            held.append(memory_mb(server))

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    try:
        yield held
    finally:
        is_over.set()
        looking.join()
