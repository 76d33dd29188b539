"""The set-ups that photographs are run in, and what was found of each."""

from __future__ import annotations

from dataclasses import dataclass

OURS, COMFYUI = "Batch Loop", "Load Image, Save Image"
BARE = "the same work without ComfyUI"
WAITS, COMPUTES, LONG = "waits 200 ms", "computes for 200 ms on all cores", "waits 2 s"
PNG, JPEG, WEBP, LOSSLESS, AVIF = "PNG", "JPEG", "WebP", "WebP, lossless", "AVIF"
ALLOWED, FAST, SMALL = "as the model's time allows", "fast", "small"
HALF, PART = 2, 3
"""Slow set-ups take every second or third photograph."""


@dataclass(frozen=True)
class SetUp:
    """What runs, into which format, with which model."""

    nodes: str
    format: str
    model: str = WAITS
    compression: str = ALLOWED
    step: int = 1
    """Which photographs it takes: all, or every such."""

    def __str__(self) -> str:
        """For a line of the table, where the usual compression goes without saying."""
        if self.nodes == COMFYUI:
            return f"by {COMFYUI}"
        said = f"to {self.format}, a model that {self.model}"
        if self.nodes == BARE:
            return f"{said}, {BARE}"
        return said if self.compression == ALLOWED else f"{said}, compression *{self.compression}*"


@dataclass(frozen=True)
class Found:
    """A set-up's line in the table: per image, medians over its runs."""

    nodes: str
    format: str
    model: str
    compression: str
    photographs: int
    is_part: bool
    """Whether these are not all of them."""
    median: float
    whole: float
    """Seconds of the whole run, per image."""
    first_images: list[float]
    """Seconds of each of the first images."""
    middle: float
    """Seconds of the median image of those that follow."""
    cpu: float
    megabytes: float
    of_comfyui: float | None
    """The size of lossless results, divided by that of ComfyUI's own PNG of the same run."""
    first_seconds: float
    peak_mb: float
