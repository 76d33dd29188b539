"""What a server's refusal says, and which of the command's errors it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .errors import CommandError, DatabaseAway, NoDatabase, RefusedByServer, SettingsRefused
from .workflow import ITERATOR

UNAVAILABLE = 503
"""The status of the pack's routes while the database is out of reach."""


def refusal(
    path: str, status: int, said: Mapping[str, Any], *, for_now: bool = False
) -> CommandError:
    """The error that an answer in JSON is, with a message of one line.

    `for_now` says whether the server asks for another try, later.

    SettingsRefused if Directory Iterator is among the nodes that ComfyUI's check finds fault with,
    NoDatabase for a route of the pack without its database, else RefusedByServer.
    """
    at_fault = (said.get("node_errors") or {}).items()
    message = _message(at_fault, said.get("error"))
    if any(node["class_type"] == ITERATOR for _, node in at_fault):
        return SettingsRefused(message)
    if status == UNAVAILABLE and path.startswith("/batch_loop/"):
        return DatabaseAway(message) if for_now else NoDatabase(message)
    return RefusedByServer(message, status)


def _message(at_fault: Iterable[tuple[str, Mapping[str, Any]]], error: object) -> str:
    """Of ComfyUI's checks the first of each node."""
    lines = [
        f"node {node_id} ({node['class_type']}): {_sentence(found)}"
        for node_id, node in at_fault
        for found in node["errors"][:1]
    ]
    if not lines and isinstance(error, dict):
        lines = [_sentence(error)]
    return "; ".join(lines) or str(error)


def _sentence(error: Mapping[str, Any]) -> str:
    parts = (str(error.get("message") or ""), str(error.get("details") or ""))
    return ": ".join(part for part in parts if part)
