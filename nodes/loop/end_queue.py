"""End Queue: the verdict that ends Auto Queue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from comfy_api.v0_0_2 import io as comfy_io

from ...core.comfy.schema import built_once, schema
from ...core.common.names import UI_KEY, node_id
from ...core.graph.links import Graph, is_link
from ...core.model.go_or_stop import Next

_COMPLETE_OUTPUT = 0


class EndQueue(comfy_io.ComfyNode):
    """Reports whether Auto Queue is to stop; the web extension, or a script, acts on it."""

    @classmethod
    @built_once
    def define_schema(cls) -> comfy_io.Schema:
        return schema(
            node_id=node_id(cls.__name__),
            display_name="End Queue",
            description=(
                "Switches off Run (Instant) when stop is true. Runs that are already in the queue "
                "are left alone."
            ),
            search_aliases=["stop queue", "stop auto queue", "end loop", "run instant", "halt"],
            is_output_node=True,
            hidden=[comfy_io.Hidden.unique_id, comfy_io.Hidden.prompt],
            inputs=[
                comfy_io.Boolean.Input(
                    "stop",
                    force_input=True,
                    tooltip="Connect Batch Complete's complete.",
                )
            ],
        )

    @classmethod
    def execute(cls, stop: bool) -> comfy_io.NodeOutput:  # noqa: FBT001 ComfyUI passes inputs by name
        """Report the verdict; ComfyUI sends it on, even if this node is cached."""
        graph: Graph = cls.hidden.prompt or {}
        inputs: Mapping[str, Any] = graph.get(str(cls.hidden.unique_id), {}).get("inputs", {})
        of_batch = _is_of_batch(graph, inputs.get("stop"))
        following = Next.STOP if stop else Next.GO
        said = {
            "kind": "end_queue",
            "next": following.value,
            "of_batch": of_batch,
        }
        return comfy_io.NodeOutput(ui={UI_KEY: [said]})


def _is_of_batch(graph: Graph, stop: object) -> bool:
    """Whether `stop` comes from a Batch Complete, so that the verdict is about one batch.

    With several batches in one workflow, the first to be complete must not end the others.
    """
    if not (isinstance(stop, list) and is_link(stop) and stop[1] == _COMPLETE_OUTPUT):
        return False
    return graph.get(stop[0], {}).get("class_type") == node_id("BatchComplete")
