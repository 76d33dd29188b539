"""What ends the turn of a Directory Iterator's image: a Loop End, or else a saver.

Savers are Save Image (Batch), Save Text (Batch) and Save Video (Batch).
"""

from __future__ import annotations

from ..common.errors import LoopEndMissing
from ..common.names import node_id as type_of
from .links import Graph, reaches
from .pairs import meeting
from .savers import savers_of


def ends_with_saver(graph: Graph, iterator: str) -> bool:
    """Whether no Loop End follows a Directory Iterator, so that savers end its image's turn."""
    return not reaches(graph, iterator, type_of("LoopEnd"), "loop")


def decides_itself(graph: Graph, iterator: str) -> bool:
    """Whether what a loop says is next decides about Auto Queue, as no End Queue does.

    In a graph with End Queues, a loop with a Loop End leaves that to them.
    """
    ends_queue = any(node.get("class_type") == type_of("EndQueue") for node in graph.values())
    return not ends_queue or ends_with_saver(graph, iterator)


def check_end(graph: Graph, iterator: str) -> None:
    """Raise LoopEndMissing unless a Loop End or a saver ends its image's turn.

    A saver ends the turns of all iterators whose images go through the workflow together.
    """
    if not graph or not ends_with_saver(graph, iterator):
        return
    together = meeting(graph, iterator)
    if not any(True for each in together for _ in savers_of(graph, each)):
        raise LoopEndMissing(_NEXT_NODE)


_NEXT_NODE = (
    "None of Save Image (Batch), Save Text (Batch) and Save Video (Batch) follows this iterator, "
    "so nothing would ever count as done. Add a Save Image (Batch), and connect its `loop` to this "
    "node's `loop`, and its `image` to the image to save. For a text, add a Save Text (Batch) in "
    "its place, and for a video a Save Video (Batch). If another node does the saving, add a Loop "
    "End instead, and connect its `loop` to this node's `loop`, and its `after` to the last node "
    "of the work."
)
