"""The names by which ComfyUI, saved workflows and the web extension know the pack.

Users have saved them in their workflows: changing one breaks those.
"""

from __future__ import annotations

NODE_PREFIX = "BatchLoop"
"""Prefix of every node id: other packs have a plain `LoopStart` or `EndQueue`."""

CATEGORY = "batch loop"
"""The nodes' category in ComfyUI's node library."""

SOCKET_TYPE = "BATCH_LOOP"
"""Type of the `loop` sockets; the value is a `core.model.records.Iteration`."""

UI_KEY = "batch_loop"
"""Key of the pack's entry in a node's `ui` result (ComfyUI's `executed` event and history)."""

ROUTE_PREFIX = "/batch_loop"
"""Prefix of every HTTP route."""

ENV_PREFIX = "BATCH_LOOP_"
"""Prefix of every environment variable."""


GATHER = "Gather"
"""Class of the node that Directory Iterator and Loop End expand into.

It is here because node files do not import each other."""


def node_id(class_name: str) -> str:
    """The node id of a node class, `BatchLoopLoopStart` for `LoopStart`."""
    return NODE_PREFIX + class_name
