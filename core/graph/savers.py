"""The Save Image (Batch) nodes of a graph, and how their results' names are kept apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..common.names import node_id
from ..common.natural_order import name_key
from .links import Graph, is_link, linked

NAMING_INPUTS = ("folder", "prefix", "suffix", "format", "keep_subfolders")
"""The inputs of Save Image (Batch) that determine a result's name."""


def savers_of(graph: Graph, iterator: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Ids and inputs of the savers whose `loop` leads back to the node `iterator`."""
    for saver, inputs in _savers(graph):
        if iterator in _iterators_of(graph, inputs):
            yield saver, inputs


def rank_of(graph: Graph, saver: str) -> int:
    """The number of savers before this one that save the same images under the same names.

    They are ordered by id, so that names depend on the graph alone, and not on which saver happens
    to run first. 0 for a node that is not in the graph.
    """
    own = graph.get(saver, {}).get("inputs", {})
    names, iterators = _names(own), _iterators_of(graph, own)
    return (
        sum(
            _names(inputs) == names and _iterators_of(graph, inputs) == iterators
            for other, inputs in _savers(graph)
            if (name_key(other), other) < (name_key(saver), saver)
        )
        if saver in graph
        else 0
    )


def _savers(graph: Graph) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for saver, node in graph.items():
        if node.get("class_type") == node_id("SaveImage"):
            yield saver, node.get("inputs", {})


def _names(inputs: Mapping[str, Any]) -> list[Any]:
    """The inputs that determine a saver's names, as written: links are not followed."""
    folder, *others = (inputs.get(name) for name in NAMING_INPUTS)
    if isinstance(folder, str):
        folder = folder.strip().replace("\\", "/").strip("/")
    return [folder, *others]


def _iterators_of(graph: Graph, inputs: Mapping[str, Any]) -> set[str]:
    """The Directory Iterators that a saver's `loop` leads back to."""
    loop = inputs.get("loop")
    if loop is None or not is_link(loop):
        return set()
    return {
        each
        for each in linked(graph, loop[0])
        if graph[each].get("class_type") == node_id("DirectoryIterator")
    }
