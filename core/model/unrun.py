"""Output nodes that depend on a Directory Iterator, and do not run in its prompt.

ComfyUI leaves out an output node that fails its validation, and runs the rest; and it can be asked
for some of them alone. In both cases the rest may reach Loop End, and an image is not done by that.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from .graph import Graph, fed, linked, name_of

_NAMED = 3
"""So many nodes a message names; of the rest it says how many they are."""


@dataclass(frozen=True, eq=False)
class Submission:
    """What a client has submitted; another one of the same graph is another one."""

    graph: Graph
    targets: Collection[str] | None = None
    """The only nodes whose outputs it asks for; None for all of them."""

    def asks_for(self, node_id: str) -> bool:
        """Whether the node is to run, by itself or for another one."""
        if self.targets is None or node_id in self.targets:
            return True
        return not fed(self.graph, node_id).isdisjoint(self.targets)


@dataclass(frozen=True)
class Unrun:
    """The ids of output nodes that a node feeds, and that do not run."""

    left_out: tuple[str, ...] = ()
    """These were asked for, and ComfyUI has left them out, as it does what is not valid."""
    not_asked_for: tuple[str, ...] = ()
    """Nobody has asked for these."""


@dataclass(frozen=True)
class Fault:
    """What is wrong with a node."""

    node: str
    """Its name, for a message."""
    reason: str


def unrun(
    submission: Submission,
    node_id: str,
    runs: Collection[str],
    is_output: Callable[[str], bool],
) -> Unrun:
    """The output nodes that `node_id` feeds in a prompt which runs only the outputs `runs`.

    `is_output` tells the types of nodes that are output nodes.
    """
    graph, targets = submission.graph, submission.targets
    missing = [
        each
        for each in sorted(fed(graph, node_id).difference(runs))
        if is_output(str(graph[each].get("class_type")))
    ]
    if missing:
        # What feeds an output that runs, runs with it.
        needed = {each for output in runs for each in linked(graph, output)}
        missing = [each for each in missing if each not in needed]
    left_out = tuple(each for each in missing if targets is None or each in targets)
    return Unrun(left_out, tuple(each for each in missing if each not in left_out))


def faults(graph: Graph, node_errors: Mapping[str, Mapping[str, Any]]) -> tuple[Fault, ...]:
    """ComfyUI's findings, the first one of each node."""
    return tuple(
        Fault(name_of(graph, node_id), _sentence(found))
        for node_id, node in node_errors.items()
        for found in node["errors"][:1]
    )


def names_of(graph: Graph, node_ids: Collection[str]) -> tuple[str, ...]:
    """What to call nodes in a message: the first of them, and how many more there are."""
    names = [name_of(graph, node_id) for node_id in node_ids]
    if len(names) > _NAMED:
        names[_NAMED:] = [f"{len(names) - _NAMED} more"]
    return tuple(names)


def left_out(graph: Graph, node_ids: Collection[str], found: Collection[Fault]) -> str:
    """What to tell somebody of whose workflow ComfyUI has left out output nodes."""
    names = ", ".join(names_of(graph, node_ids))
    reasons = "; ".join(f"{fault.node}: {fault.reason}" for fault in found)
    return (
        f"ComfyUI has left out of this run what needs its image: {names}. "
        f"{reasons or 'Its log says why'}. "
        "So no image was handed out, as it would count as done without that. "
        "Put it right, or take it out of the workflow, and run again."
    )


def _sentence(error: Mapping[str, Any]) -> str:
    parts = (str(error.get("message") or ""), str(error.get("details") or ""))
    return ": ".join(part for part in parts if part).rstrip(".")
