"""A server's error response in JSON, as one of the command's errors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .api_format import ITERATORS
from .errors import CommandError, DatabaseAway, NoDatabase, RefusedByServer, SettingsRefused

UNAVAILABLE = 503
"""The status of the pack's routes while the database is out of reach."""


def refusal(
    path: str, status: int, body: Mapping[str, Any], *, for_now: bool = False
) -> CommandError:
    """Return the error that a response of the route `path` stands for; its message is one line.

    `for_now` says whether the server asks to try again later.

    It is SettingsRefused if an iterator is among the nodes that fail ComfyUI's validation,
    NoDatabase or DatabaseAway for a route of the pack without its database, else RefusedByServer.
    """
    at_fault = (body.get("node_errors") or {}).items()
    message = _message(at_fault, body.get("error"))
    if any(node["class_type"] in ITERATORS for _, node in at_fault):
        return SettingsRefused(message)
    if status == UNAVAILABLE and path.startswith("/batch_loop/"):
        return DatabaseAway(message) if for_now else NoDatabase(message)
    return RefusedByServer(message, status)


def _message(at_fault: Iterable[tuple[str, Mapping[str, Any]]], error: object) -> str:
    """Return the first error of each node at fault; without any, the error of the whole."""
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
