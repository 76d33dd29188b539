"""Nodes of the benchmark: models that wait or compute, and nodes that do nothing.

Loaded only into the benchmark's servers.
"""

from __future__ import annotations

import threading
import time
from typing import Any

import torch

SIDE = 512
"""The size of the matrices of `BenchCompute`: large enough to use every core, small enough to tell
200 ms from 210."""


class BenchPass:
    """Passes an image on and does nothing with it."""

    CATEGORY = "batch loop bench"
    FUNCTION = "run"
    RETURN_TYPES = ("IMAGE",)
    SETTINGS: dict[str, Any] = {}  # noqa: RUF012 - as ComfyUI has them
    """The inputs other than the image."""

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        """The image, and the settings."""
        return {"required": {"image": ("IMAGE",), **cls.SETTINGS}}

    def run(self, image: torch.Tensor, **settings: Any) -> tuple[torch.Tensor]:
        """Work, and pass the image on."""
        self.work(**settings)
        return (image,)

    def work(self) -> None:
        """Do nothing."""


class BenchEnd(BenchPass):
    """The same as the end of a workflow."""

    OUTPUT_NODE = True


class BenchModel(BenchPass):
    """A node that runs in every prompt, even on an image that it has had before."""

    @classmethod
    def IS_CHANGED(cls, **_inputs: Any) -> int:
        """Something new each time."""
        return time.time_ns()


class BenchSleep(BenchModel):
    """A model that leaves the processor free, like one on a graphics card."""

    SETTINGS = {"seconds": ("FLOAT", {"default": 0.2})}  # noqa: RUF012 - as above

    def work(self, seconds: float = 0.2) -> None:
        """Wait."""
        threading.Event().wait(seconds)


class BenchCompute(BenchModel):
    """A model that does a fixed amount of work on every core.

    Whatever else computes at the same time makes it slower, which is to be seen.
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
