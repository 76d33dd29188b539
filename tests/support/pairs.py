"""A workflow in which the images of two Directory Iterators meet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from batch_loop.tests.support.graphs import (
    COMPLETE,
    END,
    ITERATOR,
    START,
    STOP,
    WORK,
    Graph,
    iterator,
    node,
)
from batch_loop.tests.support.images import colour_of, write_images

OTHER, OTHER_END, OTHER_COMPLETE = "11", "15", "16"
NAMES = ["1.png", "2.png", "3.png", "4.png"]


def pairs(name: str, *, turned: bool = False, **settings: Any) -> Graph:
    """Blends images of `name`/left and `name`/right, so that a result shows which two met.

    `turned` swaps the order in which ComfyUI runs the iterators.
    """
    blend = {"blend_factor": 0.5, "blend_mode": "normal"}
    images = {"image1": [ITERATOR, 1], "image2": [OTHER, 1]}
    if turned:
        images = dict(reversed(images.items()))
    graph = {
        ITERATOR: iterator(f"{name}/left", **settings),
        OTHER: iterator(f"{name}/right", **settings),
        START: node("BatchLoopLoopStart", loop=[ITERATOR, 0]),
        WORK: node("ImageBlend", **images, **blend),
        "4": node("SaveImage", images=[WORK, 0], filename_prefix=f"{name}/pair"),
        END: node("BatchLoopLoopEnd", loop=[START, 0], after=[WORK, 0]),
        OTHER_END: node("BatchLoopLoopEnd", loop=[OTHER, 0], after=[WORK, 0]),
        COMPLETE: node("BatchLoopBatchComplete", loop=[END, 0]),
        OTHER_COMPLETE: node("BatchLoopBatchComplete", loop=[OTHER_END, 0]),
        STOP: node("BatchLoopEndQueue", stop=[COMPLETE, 0]),
    }
    return dict(reversed(graph.items())) if turned else graph


def met(output: Path) -> list[tuple[str, str]]:
    """The images of left and right in each result, in the order of the results."""
    mixes = {
        tuple((np.add(colour_of(left), colour_of(f"r{right}")) / 2).round().astype(int)): (
            left,
            right,
        )
        for left in NAMES
        for right in NAMES
    }
    results = [Image.open(path).getpixel((0, 0)) for path in sorted(output.glob("*.png"))]
    return [
        min(mixes.items(), key=lambda mix: np.abs(np.subtract(mix[0], result)).sum())[1]
        for result in results
    ]


def write_both(folder: Path, left: list[str], right: list[str]) -> None:
    """Write images of these names, with different colours in each folder."""
    write_images(folder / "left", left)
    for name in right:
        path = folder / "right" / name
        path.parent.mkdir(exist_ok=True)
        Image.new("RGB", (64, 64), colour_of(f"r{name}")).save(path)
