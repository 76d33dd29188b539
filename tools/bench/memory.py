"""Whether the server's memory grows over some hundred iterations."""

from __future__ import annotations

import statistics

from ..defaults import filled_in, node
from ..server import ComfyServer
from . import graphs
from .folders import small_images
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


def measure(setting: Setting) -> Measured:
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
