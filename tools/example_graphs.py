"""What the example workflows hold, and where each node stands on the canvas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

IMAGES = "batch-loop/examples/images"
"""The pack's own example images: Directory Iterator knows the folder by this name."""

PREFIX = "BatchLoop"
NOTE = "MarkdownNote"


@dataclass(frozen=True)
class Node:
    """A node of the canvas; `at` and `size` are in the canvas's units, as the page counts them."""

    type: str
    at: tuple[int, int]
    size: tuple[int, int]
    title: str = ""
    """Empty for the node's own."""
    values: Mapping[str, object] = field(default_factory=dict)
    """The widgets that do not keep their default."""


@dataclass(frozen=True)
class Group:
    """A coloured frame with a title around some nodes: x, y, width, height."""

    title: str
    box: tuple[int, int, int, int]
    color: str


@dataclass(frozen=True)
class Example:
    """One example workflow."""

    name: str
    nodes: Mapping[str, Node]
    """By a name that `links` uses; a node's id is its place in this order, from 1."""
    links: Sequence[str]
    """`node.output -> node.input`, by name."""
    groups: Sequence[Group] = ()


NARROWEST = 225
"""Nodes 2.0 draws no node narrower: what is narrower here covers its neighbour there."""

READ, WORK, END = "#3f789e", "#88a", "#b58b2a"
"""Colours of the three frames: where images come from, what happens to them, how it ends."""


def ours(name: str) -> str:
    """The node id of a node of this pack."""
    return PREFIX + name


def _iterator(loop_name: str, **values: object) -> Node:
    """Directory Iterator at the left edge, reading the pack's own images.

    The examples read one folder: without loop names of their own, the second that a person tries
    would find every image done by the first.
    """
    values = {
        "directory": IMAGES,
        "error_handling": "Skip on error",
        "loop_name": loop_name,
        **values,
    }
    return Node(ours("DirectoryIterator"), (40, 80), (300, 560), values=values)


def _start(left: int) -> Node:
    return Node(ours("LoopStart"), (left, 80), (NARROWEST, 106))


def _ending(left: int) -> dict[str, Node]:
    """The three nodes that end a batch, side by side."""
    return {
        "end": Node(ours("LoopEnd"), (left, 80), (NARROWEST, 66)),
        "complete": Node(ours("BatchComplete"), (left + 265, 80), (NARROWEST, 126)),
        "stop": Node(ours("EndQueue"), (left + 530, 80), (NARROWEST, 26)),
    }


def _note(at: tuple[int, int], size: tuple[int, int], *lines: str) -> Node:
    steps = ("### 1. Beside Run, choose Run (Instant)", "### 2. Press Run once", "")
    return Node(NOTE, at, size, title="How to run it", values={"text": "\n".join(steps + lines)})


def _frames(work: str, work_width: int, end_height: int) -> tuple[Group, ...]:
    return (
        Group("1 · The folder", (20, 0, 340, 670), READ),
        Group(work, (400, 0, work_width, 670), WORK),
        Group("3 · The end", (440 + work_width, 0, 795, end_height), END),
    )


SMALLEST_LOOP = Example(
    name="smallest_loop",
    nodes={
        "iterator": _iterator("smallest_loop"),
        "start": _start(420),
        "invert": Node("ImageInvert", (420, 300), (NARROWEST, 26)),
        "save": Node(
            "SaveImage", (700, 360), (300, 280), values={"filename_prefix": "smallest_loop/image"}
        ),
        **_ending(1080),
        "note": _note(
            (1080, 350),
            (755, 290),
            "Every image of the folder goes through, one in each run. At the end, End Queue "
            "switches Run (Instant) off. The results are in ComfyUI's output folder, in "
            "*smallest_loop*.",
            "",
            "- **Directory Iterator** hands out the next image",
            "- **Loop Start** and **Loop End** stand around the work on it",
            "- **Batch Complete** knows whether an image is left, and tells **End Queue**",
            "",
            "Put your own nodes in the place of Invert Image. For your own images, put a folder "
            "into ComfyUI's input folder, and write its name into *directory*.",
        ),
    },
    links=(
        "iterator.loop -> start.loop",
        "iterator.image -> invert.image",
        "invert.IMAGE -> save.images",
        "start.loop -> end.loop",
        "invert.IMAGE -> end.after",
        "end.loop -> complete.loop",
        "complete.complete -> stop.stop",
    ),
    groups=_frames("2 · The work on each image", 620, 270),
)

SAVE_BATCH = Example(
    name="save_batch",
    nodes={
        "iterator": _iterator("save_batch", recursive=True),
        "start": _start(420),
        "comic": Node(
            "ImageSharpen",
            (420, 300),
            (NARROWEST, 106),
            title="Comic look",
            values={"sharpen_radius": 8, "sigma": 4.0, "alpha": 3.0},
        ),
        "save": Node(
            ours("SaveImage"),
            (700, 170),
            (300, 470),
            values={"folder": "save_batch", "suffix": "_comic"},
        ),
        **_ending(1080),
        "status": Node("PreviewAny", (1610, 190), (NARROWEST, 130), title="Progress"),
        "report": Node("PreviewAny", (1610, 390), (NARROWEST, 250), title="What failed"),
        "note": _note(
            (1080, 320),
            (490, 320),
            "The results are in ComfyUI's output folder, in *save_batch*, under the names and in "
            "the subfolders of their sources.",
            "",
            "One of the images is broken. **Skip on error** passes it over, and Batch Complete "
            "reports it.",
            "",
            "Put your own nodes in the place of Comic look.",
        ),
    },
    links=(
        "iterator.loop -> start.loop",
        "iterator.image -> comic.image",
        "comic.IMAGE -> save.image",
        "start.loop -> save.loop",
        "start.loop -> end.loop",
        "save.image -> end.after",
        "end.loop -> complete.loop",
        "complete.complete -> stop.stop",
        "complete.status -> status.source",
        "complete.report -> report.source",
    ),
    groups=_frames("2 · The work on each image", 620, 670),
)

FEEDBACK_LOOP = Example(
    name="feedback_loop",
    nodes={
        "iterator": _iterator("feedback_loop"),
        "start": _start(480),
        "blend": Node(
            "ImageBlend",
            (760, 400),
            (NARROWEST, 102),
            title="Blend",
            values={"blend_factor": 0.5},
        ),
        "save": Node(
            ours("SaveImage"), (1040, 170), (300, 470), values={"folder": "feedback_loop"}
        ),
        **_ending(1420),
        "note": _note(
            (1420, 350),
            (755, 290),
            "Each image is blended with the result of the image before it:",
            "",
            "- **Loop End** keeps what it is given as *value*",
            "- **Loop Start** gives it out as *value* in the next run; in the first run, which "
            "has none before it, it gives *initial_value*",
            "",
            "The results are in ComfyUI's output folder, in *feedback_loop*.",
        ),
    },
    links=(
        "iterator.loop -> start.loop",
        "iterator.image -> start.initial_value",
        "iterator.image -> blend.image1",
        "start.value -> blend.image2",
        "blend.IMAGE -> save.image",
        "start.loop -> save.loop",
        "start.loop -> end.loop",
        "save.image -> end.value",
        "end.loop -> complete.loop",
        "complete.complete -> stop.stop",
    ),
    groups=_frames("2 · The work on each image, with the result before", 960, 270),
)

EXAMPLES = (SMALLEST_LOOP, SAVE_BATCH, FEEDBACK_LOOP)
