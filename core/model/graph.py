"""What a prompt's graph says about a loop before anything runs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

Graph = Mapping[str, Mapping[str, Any]]
"""A prompt in API format: node id to `class_type` and `inputs`."""


def is_link(value: object) -> bool:
    """Whether an input's value in an API-format graph is a link to another node's output."""
    # [node id, number of the output]
    return isinstance(value, list) and len(value) == 2 and isinstance(value[0], str)  # noqa: PLR2004


def linked(graph: Graph, node_id: str) -> Iterator[str]:
    """Ids of the nodes that feed `node_id`, at any distance, itself included."""
    seen: set[str] = set()
    waiting = [node_id]
    while waiting:
        current = waiting.pop()
        if current in seen or current not in graph:
            continue
        seen.add(current)
        yield current
        inputs = graph[current].get("inputs", {})
        waiting.extend(value[0] for value in inputs.values() if is_link(value))


def fed(graph: Graph, node_id: str) -> set[str]:
    """Ids of the nodes that `node_id` feeds, at any distance, without itself."""
    return _reached(_feeds(graph), node_id) - {node_id}


def _feeds(graph: Graph) -> Mapping[str, list[str]]:
    """Of each node, those that it feeds directly."""
    feeds = defaultdict(list)
    for each, node in graph.items():
        for value in node.get("inputs", {}).values():
            if is_link(value):
                feeds[value[0]].append(each)
    return feeds


def _reached(feeds: Mapping[str, list[str]], node_id: str) -> set[str]:
    """What a node feeds, at any distance; in a circle, itself too."""
    found: set[str] = set()
    waiting = [node_id]
    while waiting:
        new = [each for each in feeds.get(waiting.pop(), ()) if each not in found]
        found.update(new)
        waiting += new
    return found


def name_of(graph: Graph, node_id: str) -> str:
    """What to call a node in a message: its title or else its type, and its id."""
    node = graph.get(node_id, {})
    meta = node.get("_meta")
    # A script may have written anything there.
    title = (isinstance(meta, dict) and meta.get("title")) or node.get("class_type")
    return f"{title} #{node_id}"


def reaches(graph: Graph, start: str, class_type: str, input_name: str) -> bool:
    """Whether `start` feeds the input `input_name` of a node of class `class_type`."""
    sources = (
        node.get("inputs", {}).get(input_name)
        for node in graph.values()
        if node.get("class_type") == class_type
    )
    return any(is_link(source) and start in linked(graph, source[0]) for source in sources)


def meeting(graph: Graph, start: str, class_type: str, ends: str) -> list[str]:
    """Ids of the nodes of class `class_type` whose work meets that of `start`, itself first.

    Two meet in a node that both feed, at any distance; and with two that meet, whatever meets one
    of them. What a node of class `ends` says of one of them is no work of it any more.
    """
    of_class = [node for node in graph if graph[node].get("class_type") == class_type]
    if len(of_class) < 2 or start not in of_class:  # noqa: PLR2004 two can meet
        return [start]
    without = {node: graph[node] for node in graph if graph[node].get("class_type") != ends}
    # Once for all of them: somebody may have hundreds.
    direct = _feeds(without)
    feeds = {node: {node, *_reached(direct, node)} for node in of_class}
    found = [start]
    for node in found:
        found += [other for other in of_class if other not in found and feeds[node] & feeds[other]]
    return found


def is_asked_for(graph: Graph, node_id: str, output: int) -> bool:
    """Whether any node has an input linked to that output of `node_id`."""
    return any(
        is_link(value) and value == [node_id, output]
        for node in graph.values()
        for value in node.get("inputs", {}).values()
    )
