"""A workflow in ComfyUI's API format, and the pack's nodes that the command looks for in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Prompt = Mapping[str, Mapping[str, Any]]
"""A workflow in API format, by node id."""


@dataclass(frozen=True)
class IteratorType:
    """A type of the nodes that hand out the items of a batch."""

    name: str
    """As users read it."""
    named: str
    """The input that names what the items are taken from."""
    route: str
    """The pack's route that says which batch a node with given inputs works on."""
    typed: str = ""
    """The input with items that are typed into the node, which counts if `named` is empty."""


ITERATORS: Mapping[str, IteratorType] = {
    "BatchLoopDirectoryIterator": IteratorType(
        "Directory Iterator", named="directory", route="/batch_loop/folder"
    ),
    "BatchLoopRowIterator": IteratorType(
        "Row Iterator", named="file", route="/batch_loop/table", typed="text"
    ),
    "BatchLoopFrameIterator": IteratorType(
        "Frame Iterator", named="film", route="/batch_loop/folder"
    ),
    "BatchLoopVideoIterator": IteratorType(
        "Video Iterator", named="directory", route="/batch_loop/folder"
    ),
    "BatchLoopAudioIterator": IteratorType(
        "Audio Iterator", named="directory", route="/batch_loop/folder"
    ),
}
"""By the node's type."""

ITERATOR_NAMES = ", ".join(each.name for each in ITERATORS.values())


def iterators_of(prompt: Prompt) -> Iterator[tuple[IteratorType, Mapping[str, Any]]]:
    """Yield each node that hands out items, with its type."""
    for node in prompt.values():
        if node["class_type"] in ITERATORS:
            yield ITERATORS[node["class_type"]], node
