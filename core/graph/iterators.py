"""The iterators of a graph: the nodes that hand out the items of a batch."""

from __future__ import annotations

from ..common.names import ITERATORS
from .links import Graph


def is_iterator(graph: Graph, node: str) -> bool:
    """Whether a node is an iterator."""
    return graph.get(node, {}).get("class_type") in ITERATORS
