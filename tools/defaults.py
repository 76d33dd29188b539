"""A prompt with what a person would leave as it is filled in, as the page does it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .client import ComfyClient


def filled_in(client: ComfyClient, graph: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """`graph` with the defaults of all widgets that it does not name, by the server's own word."""
    types = {part["class_type"] for part in graph.values()}
    widgets = {name: _defaults(client, name) for name in types}
    return {
        key: {**part, "inputs": {**widgets[part["class_type"]], **part["inputs"]}}
        for key, part in graph.items()
    }


def node(class_type: str, **inputs: Any) -> dict[str, Any]:
    """A node of a prompt."""
    return {"class_type": class_type, "inputs": inputs}


def _defaults(client: ComfyClient, class_type: str) -> dict[str, Any]:
    described = client.get_json(f"/object_info/{class_type}")[class_type]["input"]
    found = {}
    for kind in ("required", "optional"):
        for name, (_, *details) in described.get(kind, {}).items():
            if details and "default" in details[0]:
                found[name] = details[0]["default"]
    return found
