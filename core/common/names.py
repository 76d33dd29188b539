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

ROW_SOCKET_TYPE = "BATCH_LOOP_ROW"
"""Type of the `row` sockets; the value is a `core.sources.rows.TableRow`."""

VARIANTS_SOCKET_TYPE = "BATCH_LOOP_VARIANTS"
"""Type of the `variants` sockets; the value is a `core.sources.variants.VariantLists`."""

UI_KEY = "batch_loop"
"""Key of the pack's entry in a node's `ui` result (ComfyUI's `executed` event and history)."""

ROUTE_PREFIX = "/batch_loop"
"""Prefix of every HTTP route."""

ENV_PREFIX = "BATCH_LOOP_"
"""Prefix of every environment variable."""


AFTER_LEARNING, GATHER = "AfterLearning", "Gather"
"""Classes of the nodes that iterators and Loop End expand into.

They are here because node files do not import each other."""


def node_id(class_name: str) -> str:
    """The node id of a node class, `BatchLoopLoopStart` for `LoopStart`."""
    return NODE_PREFIX + class_name


DIRECTORY_ITERATOR, ROW_ITERATOR = node_id("DirectoryIterator"), node_id("RowIterator")
VIDEO_ITERATOR, AUDIO_ITERATOR = node_id("VideoIterator"), node_id("AudioIterator")
FRAME_ITERATOR = node_id("FrameIterator")

ASSEMBLE_VIDEO = node_id("AssembleVideo")
"""The node that makes a film of a batch's results."""

CONTACT_SHEET = node_id("ContactSheet")
"""The node that draws a batch's results on one image."""

COMPANION_IMAGE, COMPANION_TEXT = node_id("CompanionImage"), node_id("CompanionText")
"""The nodes that give the file beside a batch's image."""

MAKERS_OF_A_WHOLE = frozenset({ASSEMBLE_VIDEO, CONTACT_SHEET})
"""The nodes that make one thing of all results of a batch: what they save is no item's result."""

ITERATORS_OF_FILES = frozenset({DIRECTORY_ITERATOR, VIDEO_ITERATOR, AUDIO_ITERATOR})
"""The classes of the nodes whose items are files, and can have others beside them."""

ITERATORS = ITERATORS_OF_FILES | {ROW_ITERATOR, FRAME_ITERATOR}
"""The classes of the nodes that hand out the items of a batch."""
