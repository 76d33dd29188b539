"""Nodes of the benchmark: models that wait or compute, and nodes that do nothing.

Loaded only into the benchmark's servers.
"""

from __future__ import annotations

import threading
import time
from typing import Any

import torch

SIDE = 512
"""Of the matrices that `BenchCompute` multiplies: large enough for every core to have a part of it,
small enough to tell 200 ms from 210."""


class BenchPass:
    """Passes an image on, and does nothing with it."""

    CATEGORY = "batch loop bench"
    FUNCTION = "run"
    RETURN_TYPES = ("IMAGE",)
    SETTINGS: dict[str, Any] = {}  # noqa: RUF012 - as ComfyUI has them
    """What `run` is given beside the image."""

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        """The image, and the settings."""
        return {"required": {"image": ("IMAGE",), **cls.SETTINGS}}

    def run(self, image: torch.Tensor, **settings: Any) -> tuple[torch.Tensor]:
        """Pass it on, after the work."""
        self.work(**settings)
        return (image,)

    def work(self) -> None:
        """Do nothing."""


class BenchEnd(BenchPass):
    """The same at the end of a workflow: ComfyUI runs what leads to it."""

    OUTPUT_NODE = True


class BenchModel(BenchPass):
    """What runs in each prompt, also on an image that it was given before."""

    @classmethod
    def IS_CHANGED(cls, **_inputs: Any) -> int:
        """Always."""
        return time.time_ns()


class BenchSleep(BenchModel):
    """A model that leaves the processor free, as one on a graphics card does."""

    SETTINGS = {"seconds": ("FLOAT", {"default": 0.2})}  # noqa: RUF012 - as above

    def work(self, seconds: float = 0.2) -> None:
        """Wait."""
        threading.Event().wait(seconds)


class BenchCompute(BenchModel):
    """A model that computes on every core: so much work, not so much time.

    Whatever else computes meanwhile makes it slower, and that is to show.
    """

    SETTINGS = {"products": ("INT", {"default": 1})}  # noqa: RUF012 - as above

    def work(self, products: int = 1) -> None:
        """Multiply so many matrices."""
        factor = torch.full((SIDE, SIDE), 1 / SIDE)
        product = factor
        for _ in range(products):
            product = product @ factor


NODE_CLASS_MAPPINGS = {
    node.__name__: node for node in (BenchCompute, BenchEnd, BenchPass, BenchSleep)
}
