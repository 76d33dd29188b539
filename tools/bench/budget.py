"""Whether what is read ahead and what is still to be written stay within their memory."""

from __future__ import annotations

from ..defaults import filled_in
from . import graphs
from .folders import large_images
from .process import highest_memory
from .prompts import run_all
from .rows import Measured, Row, Target
from .setting import Setting

VARIABLE = "BATCH_LOOP_MEMORY_MB"
FOLDER = "photos"
BUDGET = 600
"""Megabytes: room for some images of 12 megapixels, 144 MB each."""


def measure(setting: Setting) -> Measured:
    """Run large images as fast as they go, with so much memory and with none, on new servers."""
    held = {}
    for budget in (0, BUDGET):
        server = setting.server(f"budget-{budget}", {VARIABLE: str(budget)})
        names = large_images(server.input / FOLDER, setting.of(12, 4))
        with server, server.client() as client:
            setting.say(f"budget: {VARIABLE}={budget}")
            prompt = filled_in(client, graphs.loop(FOLDER, saving={"folder": "ours"}))
            with highest_memory(server) as most:
                run_all(client, [prompt] * len(names))
            held[budget] = most[0]
    row = Row(
        f"most memory with {VARIABLE}={BUDGET}, images of 4000x3000 without a model",
        "MB",
        held[BUDGET],
        held[0],
        f"with {VARIABLE}=0",
        Target(BUDGET, "difference"),
    )
    return Measured([row])
