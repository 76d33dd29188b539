"""The nodes of a graph that give the companions of a Directory Iterator's images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..common.names import COMPANION_IMAGE, COMPANION_TEXT, node_id
from .iterators import is_iterator
from .links import Graph, feeds_by_node, is_link, linked

PATTERN_INPUT, MISSING_INPUT = "pattern", "when_missing"
"""The inputs that say which file it is, and what becomes of an image without it."""

_PASSES_ON = frozenset({node_id("LoopStart"), node_id("LoopEnd")})
"""Nodes that give out the `loop` that they are given."""


def companions_of(graph: Graph, iterator: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Ids and inputs of the nodes that give companions of an iterator's images.

    Only those that another node uses: ComfyUI does not run the others. Where one has a pattern, or
    a `when_missing`, that comes from another node, that input is a link.
    """
    found = [
        (each, node.get("inputs", {}))
        for each, node in graph.items()
        if node.get("class_type") in {COMPANION_IMAGE, COMPANION_TEXT}
    ]
    if not found:
        return
    feeds = feeds_by_node(graph)
    for each, inputs in found:
        if feeds.get(each) and iterator in iterators_of(graph, each):
            yield each, inputs


def is_image(graph: Graph, node: str) -> bool:
    """Whether such a node gives an image, and not a text."""
    return graph.get(node, {}).get("class_type") == COMPANION_IMAGE


def iterators_of(graph: Graph, node: str) -> set[str]:
    """The iterators that the `loop` of such a node comes from: usually one.

    Loop Start's `initial_value` may come from another one, which is not meant. A node of another
    pack may pass any of its inputs on.
    """
    seen: set[str] = set()
    loop = _loop_of(graph, node)
    while loop is not None and loop not in seen and loop in graph:
        seen.add(loop)
        if is_iterator(graph, loop):
            return {loop}
        if graph[loop].get("class_type") not in _PASSES_ON:
            return {each for each in linked(graph, loop) if is_iterator(graph, each)}
        loop = _loop_of(graph, loop)
    return set()


def _loop_of(graph: Graph, node: str) -> str | None:
    """The node that the `loop` of a node comes from; None if it is not linked."""
    loop = graph.get(node, {}).get("inputs", {}).get("loop")
    return str(loop[0]) if is_link(loop) else None
