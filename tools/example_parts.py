"""What example workflows are made of."""

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
    native_loops: bool = False
    """Whether it holds ComfyUI's own Start Loop and End Loop, which not every release has."""


NARROWEST = 225
"""Nodes 2.0 draws no node narrower: what is narrower here covers its neighbour there."""

FRAME_HEIGHT = 880
"""So that Directory Iterator stays in its frame with a card that has all that cards can have."""

BELOW_CARD = 520
"""Where the room begins that Batch Complete's card leaves free when it names a failure."""

END_HEIGHT = BELOW_CARD - 50
"""Of the frame around the ending, where nothing else is in it."""

READ, WORK, END = "#3f789e", "#88a", "#b58b2a"
"""Colours of the three frames: where images come from, what happens to them, how it ends."""


def ours(name: str) -> str:
    """The node id of a node of this pack."""
    return PREFIX + name


def iterator(loop_name: str, **values: object) -> Node:
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
    return Node(ours("DirectoryIterator"), (40, 80), (300, 780), values=values)


def start(left: int) -> Node:
    """Loop Start."""
    return Node(ours("LoopStart"), (left, 80), (NARROWEST, 106))


def saver(left: int, folder: str, **values: object) -> Node:
    """Save Image (Batch), with room for the result."""
    return Node(ours("SaveImage"), (left, 170), (300, 470), values={"folder": folder, **values})


def ending(left: int) -> dict[str, Node]:
    """The three nodes that end a batch, side by side."""
    return {
        "end": Node(ours("LoopEnd"), (left, 80), (NARROWEST, 66)),
        "complete": Node(ours("BatchComplete"), (left + 265, 80), (NARROWEST, 126)),
        "stop": Node(ours("EndQueue"), (left + 530, 80), (NARROWEST, 26)),
    }


SAVED_LOOP = (
    "start.loop -> save.loop",
    "start.loop -> end.loop",
    "end.loop -> complete.loop",
    "complete.complete -> stop.stop",
)
"""The way of the loop where Save Image (Batch) saves; what goes to Loop End beside it differs."""


def shown(left: int, top: int, height: int, title: str) -> Node:
    """A node that shows a text below End Queue, where the ending begins at `left`."""
    return Node("PreviewAny", (left + 530, top), (NARROWEST, height), title=title)


def note(at: tuple[int, int], size: tuple[int, int], *lines: str) -> Node:
    """How to run the workflow, and what is special about it."""
    steps = ("### 1. Beside Run, choose Run (Instant)", "### 2. Press Run once", "")
    return Node(NOTE, at, size, title="How to run it", values={"text": "\n".join(steps + lines)})


def note_beside(left: int, *lines: str) -> Node:
    """`note` beside what is `shown`, where the ending begins at `left`."""
    return note((left, BELOW_CARD), (490, FRAME_HEIGHT - 20 - BELOW_CARD), *lines)


def note_below(left: int, *lines: str) -> Node:
    """`note` below the whole ending, which begins at `left`."""
    return note((left, BELOW_CARD), (755, FRAME_HEIGHT - 20 - BELOW_CARD), *lines)


def frames(work: str, work_width: int, end_height: int) -> tuple[Group, ...]:
    """The three frames; the ending begins 460 behind the width of the work."""
    return (
        Group("1 · The folder", (20, 0, 340, FRAME_HEIGHT), READ),
        Group(work, (400, 0, work_width, FRAME_HEIGHT), WORK),
        Group("3 · The end", (440 + work_width, 0, 795, end_height), END),
    )


ON_EACH = "2 · The work on each image"
"""Title of the frame in the middle."""
