"""The savers of a graph, and how their results' names are kept apart.

They are its Save Image (Batch), Save Text (Batch) and Save Video (Batch) nodes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..common.names import node_id
from ..common.natural_order import name_key
from .iterators import is_iterator
from .links import Graph, is_link, linked

SAVE_IMAGE, SAVE_TEXT = node_id("SaveImage"), node_id("SaveText")
SAVE_VIDEO = node_id("SaveVideo")

NAMING_INPUTS = {
    SAVE_IMAGE: ("folder", "prefix", "suffix", "format", "keep_subfolders"),
    SAVE_VIDEO: ("folder", "prefix", "suffix", "container", "keep_subfolders"),
    SAVE_TEXT: ("save_to", "folder", "prefix", "suffix", "extension", "keep_subfolders"),
}
"""The inputs of each kind of saver that determine a result's name."""

BESIDE_THE_SOURCE = "beside the source"
"""The value of `save_to` with which a text goes to the folder of its image."""

_ONLY_IN_A_FOLDER = ("folder", "keep_subfolders")
"""Inputs of Save Text (Batch) without a meaning beside the source."""


def savers_of(graph: Graph, iterator: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Ids and inputs of the savers whose `loop` leads back to the node `iterator`."""
    for saver, inputs in _savers(graph):
        if iterator in _iterators_of(graph, inputs):
            yield saver, inputs


def saves_text(graph: Graph, saver: str) -> bool:
    """Whether a saver is a Save Text (Batch)."""
    return graph.get(saver, {}).get("class_type") == SAVE_TEXT


def saves_video(graph: Graph, saver: str) -> bool:
    """Whether a saver is a Save Video (Batch)."""
    return graph.get(saver, {}).get("class_type") == SAVE_VIDEO


def rank_of(graph: Graph, saver: str) -> int:
    """The number of savers before this one that save the same images under the same names.

    They are ordered by id, so that names depend on the graph alone, and not on which saver happens
    to run first. 0 for a node that is not in the graph.
    """
    if saver not in graph:
        return 0
    names, iterators = _names(graph, saver), _iterators_of(graph, graph[saver].get("inputs", {}))
    return sum(
        _names(graph, other) == names and _iterators_of(graph, inputs) == iterators
        for other, inputs in _savers(graph)
        if (name_key(other), other) < (name_key(saver), saver)
    )


def iterators_behind(graph: Graph, saver: str) -> list[str]:
    """The Directory Iterators whose images a saver's results are made from, the main one first.

    The main one is that to which the `loop` of a saver leads, or else the first to which the node's
    links lead, in their order. Outputs of Batch Complete do not count. If no link leads to any, the
    nodes exchange images in some other way, and every iterator is returned.
    """
    without = {
        each: node
        for each, node in graph.items()
        if node.get("class_type") != node_id("BatchComplete")
    }
    inputs = graph.get(saver, {}).get("inputs", {})
    starts = [*_loop_of(inputs), saver] if is_saver(graph, saver) else [saver]
    behind = (each for start in starts for each in linked(without, start))
    found = [each for each in behind if is_iterator(graph, each)]
    return list(dict.fromkeys(found)) or [each for each in graph if is_iterator(graph, each)]


def is_saver(graph: Graph, node: str) -> bool:
    """Whether a node is a Save Image (Batch), Save Text (Batch) or Save Video (Batch)."""
    return graph.get(node, {}).get("class_type") in NAMING_INPUTS


def _savers(graph: Graph) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for saver, node in graph.items():
        if is_saver(graph, saver):
            yield saver, node.get("inputs", {})


def _names(graph: Graph, saver: str) -> list[Any]:
    """The inputs that determine a saver's names, as written: links are not followed."""
    kind, inputs = str(graph[saver].get("class_type")), graph[saver].get("inputs", {})
    named = {name: inputs.get(name) for name in NAMING_INPUTS.get(kind, ())}
    if named.get("save_to") == BESIDE_THE_SOURCE:
        named |= dict.fromkeys(_ONLY_IN_A_FOLDER)
    folder = named.get("folder")
    if isinstance(folder, str):
        named["folder"] = folder.strip().replace("\\", "/").strip("/")
    return [kind, named]


def _iterators_of(graph: Graph, inputs: Mapping[str, Any]) -> set[str]:
    """The Directory Iterators that a saver's `loop` leads back to."""
    return {
        each
        for loop in _loop_of(inputs)
        for each in linked(graph, loop)
        if is_iterator(graph, each)
    }


def _loop_of(inputs: Mapping[str, Any]) -> list[str]:
    """The node that a saver's `loop` comes from; empty if it is not linked."""
    loop = inputs.get("loop")
    return [] if loop is None or not is_link(loop) else [loop[0]]
