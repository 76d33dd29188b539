"""Which iterators of a workflow are paired: those whose items meet in a node."""

from __future__ import annotations

from ..common.names import node_id
from .iterators import is_iterator
from .links import Graph, feeds_by_node, reached_by

_ENDS = node_id("BatchComplete")


def meeting(graph: Graph, start: str) -> list[str]:
    """Ids of the iterators that meet the iterator `start`, which comes first.

    Two of them meet if both feed some node, directly or not, and those that meet the same one meet
    each other. Links through a Batch Complete do not count: the loop's work is over there.
    """
    of_class = [node for node in graph if is_iterator(graph, node)]
    if len(of_class) < 2 or start not in of_class:  # noqa: PLR2004 two can meet
        return [start]
    without = {node: graph[node] for node in graph if graph[node].get("class_type") != _ENDS}
    # Computed once for all nodes: there may be hundreds.
    direct = feeds_by_node(without)
    feeds = {node: {node, *reached_by(direct, node)} for node in of_class}
    found = [start]
    for node in found:
        found += [other for other in of_class if other not in found and feeds[node] & feeds[other]]
    return found
