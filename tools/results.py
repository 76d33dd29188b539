"""How a prompt ended: what ran, what was cached, what it returned, and any error."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from .events import Event

Status = Literal["success", "error", "interrupted", "deleted"]


@dataclass(frozen=True)
class Failure:
    """The error that ended a prompt, and the node that raised it."""

    node_id: str
    node_type: str
    exception_type: str
    message: str


@dataclass(frozen=True)
class RunResult:
    """A prompt that has ended.

    `status` "deleted" means that it was taken off the queue. `outputs` is each node's `ui` result
    by node id, cached ones included; the result of a node made by expansion is also that of the
    node it was made from. `started` are the nodes that the executor started, in order, including
    those that turned out to be blocked.
    """

    prompt_id: str
    status: Status
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    started: tuple[str, ...] = ()
    cached: frozenset[str] = frozenset()
    error: Failure | None = None

    def did_run(self, node_id: str) -> bool:
        """Whether the executor started that node.

        A node behind an `ExecutionBlocker` counts as started, though its function is not called.
        """
        return node_id in self.started

    def was_cached(self, node_id: str) -> bool:
        """Whether that node's outputs came from the cache."""
        return node_id in self.cached


def result_of(
    prompt_id: str, entry: Mapping[str, Any] | None, events: Iterable[Event]
) -> RunResult:
    """The result of a prompt, from its entry in the history and its client's events."""
    if entry is None:
        return RunResult(prompt_id, "deleted")
    own = [event for event in events if event.data.get("prompt_id") == prompt_id]
    executing = [event.data["node"] for event in own if event.type == "executing"]
    messages = dict(entry["status"]["messages"])
    status: Status = "success"
    if entry["status"]["status_str"] != "success":
        status = "interrupted" if "execution_interrupted" in messages else "error"
    return RunResult(
        prompt_id=prompt_id,
        status=status,
        outputs=_outputs(entry),
        started=tuple(node for node in executing if node is not None),
        cached=frozenset(messages.get("execution_cached", {}).get("nodes", ())),
        error=_failure(messages.get("execution_error")),
    )


def _outputs(entry: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The nodes' `ui` results, by their ids and by those of the nodes that show them in a page."""
    outputs = dict(entry["outputs"])
    for node_id, about in entry.get("meta", {}).items():
        if node_id in outputs:
            outputs.setdefault(about["display_node"], outputs[node_id])
    return outputs


def _failure(message: Mapping[str, Any] | None) -> Failure | None:
    if message is None:
        return None
    node_id, text = str(message["node_id"]), str(message["exception_message"]).strip()
    return Failure(node_id, message["node_type"], message["exception_type"], text)
