"""Nodes that a Directory Iterator requires: all output nodes that depend on it.

ComfyUI drops output nodes that fail validation and runs the rest; a client can also ask for only
some outputs. Either way the rest may reach Loop End, but the image is not done.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .links import Graph, feeds_by_node, linked, name_of, reached_by

_NAMED = 3
"""Most nodes that a message names; the others are only counted."""


@dataclass(frozen=True, eq=False)
class Submission:
    """A prompt as a client submitted it; each is distinct, even with the same graph."""

    graph: Graph
    targets: Collection[str] | None = None
    """Ids of the output nodes to run; None for all of them."""
    workflow: str = ""
    """The workflow's id; empty for a prompt without one."""
    title: str = ""
    """The workflow's name; empty if not known."""

    def asks_for(self, node_id: str) -> bool:
        """Whether the node was asked for, itself or because a requested node needs it."""
        if self.targets is None or node_id in self.targets:
            return True
        return not self.fed_by(node_id).isdisjoint(self.targets)

    def fed_by(self, node_id: str) -> set[str]:
        """Ids of all nodes that `node_id` feeds, directly or not, excluding itself.

        The graph is gone through once for all who ask.
        """
        return reached_by(self._feeds, node_id) - {node_id}

    @cached_property
    def _feeds(self) -> Mapping[str, list[str]]:
        return feeds_by_node(self.graph)


@dataclass(frozen=True)
class Unrun:
    """Ids of the output nodes that a node feeds and that do not run."""

    left_out: tuple[str, ...] = ()
    """Requested, but dropped by ComfyUI because they are not valid."""
    not_asked_for: tuple[str, ...] = ()
    """Not requested."""


@dataclass(frozen=True)
class Fault:
    """A validation error of a node."""

    node: str
    """Its name, for messages."""
    reason: str


def unrun(
    submission: Submission,
    node_id: str,
    runs: Collection[str],
    is_output: Callable[[str], bool],
) -> Unrun:
    """The output nodes that `node_id` feeds but that are not among those that run (`runs`).

    `is_output` tells whether a node type is an output node.
    """
    graph, targets = submission.graph, submission.targets
    missing = [
        each
        for each in sorted(submission.fed_by(node_id).difference(runs))
        if is_output(str(graph[each].get("class_type")))
    ]
    if missing:
        # A node that feeds a running output runs too.
        needed = {each for output in runs for each in linked(graph, output)}
        missing = [each for each in missing if each not in needed]
    left_out = tuple(each for each in missing if targets is None or each in targets)
    return Unrun(left_out, tuple(each for each in missing if each not in left_out))


def faults(graph: Graph, node_errors: Mapping[str, Mapping[str, Any]]) -> tuple[Fault, ...]:
    """The first of ComfyUI's validation errors for each node."""
    return tuple(
        Fault(name_of(graph, node_id), _sentence(found))
        for node_id, node in node_errors.items()
        for found in node["errors"][:1]
    )


def names_of(graph: Graph, node_ids: Collection[str]) -> tuple[str, ...]:
    """The nodes' names for a message: the first few, then how many more there are."""
    names = [name_of(graph, node_id) for node_id in node_ids]
    if len(names) > _NAMED:
        names[_NAMED:] = [f"{len(names) - _NAMED} more"]
    return tuple(names)


def left_out(graph: Graph, node_ids: Collection[str], found: Collection[Fault]) -> str:
    """The message for a workflow from which ComfyUI has dropped output nodes."""
    names = ", ".join(names_of(graph, node_ids))
    reasons = "; ".join(f"{fault.node}: {fault.reason}" for fault in found)
    return (
        f"ComfyUI has dropped outputs that need the image from this run: {names}. "
        f"{reasons or 'Its log says why'}. "
        "So no image was handed out, as it would count as done without them. "
        "Correct them, or remove them from the workflow, and run again."
    )


def _sentence(error: Mapping[str, Any]) -> str:
    parts = (str(error.get("message") or ""), str(error.get("details") or ""))
    return ": ".join(part for part in parts if part).rstrip(".")
