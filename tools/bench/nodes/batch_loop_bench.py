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

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        """The image, and a number that it waits for."""
        after = ("INT", {"forceInput": True})
        return {"required": {"image": ("IMAGE",)}, "optional": {"after": after}}

    def run(
        self,
        image: torch.Tensor,
        after: int = 0,  # noqa: ARG002 - only for order
    ) -> tuple[torch.Tensor]:
        """Pass it on."""
        return (image,)


class BenchEnd(BenchPass):
    """The same at the end of a workflow: ComfyUI runs what leads to it."""

    OUTPUT_NODE = True


class BenchTick:
    """Gives a number that is never the same, so that what follows runs in each prompt."""

    CATEGORY = "batch loop bench"
    FUNCTION = "run"
    RETURN_TYPES = ("INT",)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        """Nothing."""
        return {"required": {}}

    @classmethod
    def IS_CHANGED(cls) -> int:
        """Always."""
        return time.time_ns()

    def run(self) -> tuple[int]:
        """The time."""
        return (time.time_ns(),)


class BenchSleep:
    """A model that leaves the processor free, as one on a graphics card does."""

    CATEGORY = "batch loop bench"
    FUNCTION = "run"
    RETURN_TYPES = ("IMAGE",)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        """The image, and how long it takes."""
        return {"required": {"image": ("IMAGE",), "seconds": ("FLOAT", {"default": 0.2})}}

    def run(self, image: torch.Tensor, seconds: float) -> tuple[torch.Tensor]:
        """Wait."""
        threading.Event().wait(seconds)
        return (image,)


class BenchCompute:
    """A model that computes on every core: so much work, not so much time.

    Whatever else computes meanwhile makes it slower, and that is to show.
    """

    CATEGORY = "batch loop bench"
    FUNCTION = "run"
    RETURN_TYPES = ("IMAGE",)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        """The image, and how many products of two matrices it takes."""
        return {"required": {"image": ("IMAGE",), "products": ("INT", {"default": 1})}}

    def run(self, image: torch.Tensor, products: int) -> tuple[torch.Tensor]:
        """Compute."""
        factor = torch.full((SIDE, SIDE), 1 / SIDE)
        product = factor
        for _ in range(products):
            product = product @ factor
        return (image,)


NODE_CLASS_MAPPINGS = {
    "BenchCompute": BenchCompute,
    "BenchEnd": BenchEnd,
    "BenchPass": BenchPass,
    "BenchSleep": BenchSleep,
    "BenchTick": BenchTick,
}
