"""Which Directory Iterators of a workflow are paired: those whose images meet in a node."""

from __future__ import annotations

from .links import Graph, feeds_by_node, reached_by


def meeting(graph: Graph, start: str, class_type: str, ends: str) -> list[str]:
    """Ids of the nodes of class `class_type` that meet `start`, which comes first.

    Two nodes meet if both feed some node, directly or not, and nodes that meet the same node meet
    each other. Links through a node of class `ends` do not count: the loop's work is over there.
    """
    of_class = [node for node in graph if graph[node].get("class_type") == class_type]
    if len(of_class) < 2 or start not in of_class:  # noqa: PLR2004 two can meet
        return [start]
    without = {node: graph[node] for node in graph if graph[node].get("class_type") != ends}
    # Computed once for all nodes: there may be hundreds.
    direct = feeds_by_node(without)
    feeds = {node: {node, *reached_by(direct, node)} for node in of_class}
    found = [start]
    for node in found:
        found += [other for other in of_class if other not in found and feeds[node] & feeds[other]]
    return found
