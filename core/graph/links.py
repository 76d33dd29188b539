"""Questions about a prompt's graph, answered before anything runs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

Graph = Mapping[str, Mapping[str, Any]]
"""A prompt in API format: node id to `class_type` and `inputs`."""


def is_link(value: object) -> bool:
    """Whether an input's value in an API-format graph links to another node's output."""
    # [node id, index of the output]
    return isinstance(value, list) and len(value) == 2 and isinstance(value[0], str)  # noqa: PLR2004


def linked(graph: Graph, node_id: str) -> Iterator[str]:
    """Ids of all nodes that feed `node_id`, directly or not, including itself.

    Depth first: back along its first link as far as that leads, then along its second, and so on.
    """
    seen: set[str] = set()
    waiting = [node_id]
    while waiting:
        current = waiting.pop()
        if current in seen or current not in graph:
            continue
        seen.add(current)
        yield current
        inputs = graph[current].get("inputs", {})
        waiting += reversed([value[0] for value in inputs.values() if is_link(value)])


def feeds_by_node(graph: Graph) -> Mapping[str, list[str]]:
    """For each node, the nodes that it feeds directly."""
    feeds = defaultdict(list)
    for each, node in graph.items():
        for value in node.get("inputs", {}).values():
            if is_link(value):
                feeds[value[0]].append(each)
    return feeds


def reached_by(feeds: Mapping[str, list[str]], node_id: str) -> set[str]:
    """All nodes that a node feeds, directly or not; including itself in a cycle."""
    found: set[str] = set()
    waiting = [node_id]
    while waiting:
        new = [each for each in feeds.get(waiting.pop(), ()) if each not in found]
        found.update(new)
        waiting += new
    return found


def name_of(graph: Graph, node_id: str) -> str:
    """A node's name for messages: its title, or else its type, and its id."""
    node = graph.get(node_id, {})
    meta = node.get("_meta")
    # A script may have put anything here.
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


def is_asked_for(graph: Graph, node_id: str, output: int) -> bool:
    """Whether any node's input is linked to that output of `node_id`."""
    return any(
        is_link(value) and value == [node_id, output]
        for node in graph.values()
        for value in node.get("inputs", {}).values()
    )
