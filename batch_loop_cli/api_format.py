"""A workflow in ComfyUI's API format, and the pack's nodes that the command looks for in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Prompt = Mapping[str, Mapping[str, Any]]
"""A workflow in API format, by node id."""

ITERATOR = "BatchLoopDirectoryIterator"


def nodes_of(prompt: Prompt, class_type: str) -> list[Mapping[str, Any]]:
    """Return the nodes of one type."""
    return [node for node in prompt.values() if node["class_type"] == class_type]
