"""What a prompt's graph says about a loop before anything runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def is_link(value: object) -> bool:
    """Whether an input's value in an API-format graph is a link to another node's output."""
    # [node id, number of the output]
    return isinstance(value, list) and len(value) == 2 and isinstance(value[0], str)  # noqa: PLR2004


def linked(graph: Mapping[str, Mapping[str, Any]], node_id: str) -> Iterator[str]:
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


def reaches(
    graph: Mapping[str, Mapping[str, Any]], start: str, class_type: str, input_name: str
) -> bool:
    """Whether `start` feeds the input `input_name` of a node of class `class_type`."""
    sources = (
        node.get("inputs", {}).get(input_name)
        for node in graph.values()
        if node.get("class_type") == class_type
    )
    return any(is_link(source) and start in linked(graph, source[0]) for source in sources)


def is_asked_for(graph: Mapping[str, Mapping[str, Any]], node_id: str, output: int) -> bool:
    """Whether any node has an input linked to that output of `node_id`."""
    return any(
        is_link(value) and value == [node_id, output]
        for node in graph.values()
        for value in node.get("inputs", {}).values()
    )
