"""The names that ComfyUI, saved workflows and the web extension know the pack by.

They are part of what users have saved: changing one breaks their workflows.
"""

from __future__ import annotations

NODE_PREFIX = "BatchLoop"
"""First part of every node id; a bare `LoopStart` or `EndQueue` belongs to other packs."""

CATEGORY = "batch loop"
"""Where ComfyUI's node library shows the nodes."""

SOCKET_TYPE = "BATCH_LOOP"
"""Type of the `loop` sockets; the value is a `core.model.state.Iteration`."""

UI_KEY = "batch_loop"
"""Key of the pack's entry in a node's `ui` result (ComfyUI's `executed` event and history)."""

ROUTE_PREFIX = "/batch_loop"
"""First part of every HTTP route."""

ENV_PREFIX = "BATCH_LOOP_"
"""First part of every environment variable."""


GATHER = "Gather"
"""Class of the node that Directory Iterator and Loop End expand into: no node file imports one."""


def node_id(class_name: str) -> str:
    """The node id of a node class, `BatchLoopLoopStart` for `LoopStart`."""
    return NODE_PREFIX + class_name
