"""How a prompt ended, and whether its item is done, as ComfyUI's history tells it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..common.errors import NoRoom
from ..common.names import MAKERS_OF_A_WHOLE, node_id
from ..graph.links import Graph
from ..model.prompt import Ending, Failure, Outcome

_ENDED_BADLY = {"execution_error", "execution_interrupted"}

_OF_THE_BATCH = MAKERS_OF_A_WHOLE | {node_id("BatchComplete"), node_id("EndQueue")}
"""The nodes that do nothing with an item: whether they have run says nothing about it."""

_NO_ROOM = f"{NoRoom.__module__}.{NoRoom.__qualname__}"
"""How ComfyUI writes down this error's type."""


def outcome_of(entry: Mapping[str, Any]) -> Outcome:
    """A prompt's outcome, from its entry in the history."""
    status = entry.get("status") or {}
    ended_at = None
    # Other messages may follow, but never a second one of these.
    for event, data in status.get("messages", ()):
        if event in _ENDED_BADLY and _was_done(entry, data):
            return Outcome(Ending.SUCCESS, ended_at=_time_of(data))
        if event == "execution_interrupted":
            return Outcome(Ending.STOPPED, ended_at=_time_of(data))
        if event == "execution_error":
            return Outcome(Ending.ERROR, _failure(data), _time_of(data))
        if event == "execution_success":
            ended_at = _time_of(data)
    if status.get("status_str") == "success":
        return Outcome(Ending.SUCCESS, ended_at=ended_at)
    return Outcome(Ending.STOPPED)


def type_of(entry: Mapping[str, Any], node: str) -> object:
    """The class of a node of a prompt in the history; None if it is not in its graph."""
    graph: Graph = entry["prompt"][2]
    return graph.get(node, {}).get("class_type")


def _was_done(entry: Mapping[str, Any], ended: Mapping[str, Any]) -> bool:
    """Whether a prompt that failed, or was interrupted, had done all that concerns its item.

    Assemble Video and Contact Sheet begin when the batch is complete. They cannot tell ComfyUI that
    the last item is not to blame.
    """
    if type_of(entry, str(ended.get("node_id"))) not in MAKERS_OF_A_WHOLE:
        return False
    done = set(map(str, ended.get("executed") or ()))
    for event, data in entry["status"].get("messages", ()):
        if event == "execution_cached":
            done.update(map(str, data.get("nodes") or ()))
    outputs = map(str, entry["prompt"][4])
    return all(each in done or type_of(entry, each) in _OF_THE_BATCH for each in outputs)


def _time_of(message: Mapping[str, Any]) -> float | None:
    """When a message was sent, in seconds; ComfyUI notes milliseconds."""
    noted = message.get("timestamp")
    return noted / 1000 if isinstance(noted, (int, float)) else None


def _failure(data: Mapping[str, Any]) -> Failure:
    message = str(data.get("exception_message") or "").strip()
    return Failure(
        reason=message or str(data.get("exception_type") or "no reason given"),
        node_id=str(data.get("node_id")),
        node_type=str(data.get("node_type")),
        blames_image=data.get("exception_type") != _NO_ROOM,
    )
