"""End Queue: the verdict that ends Auto Queue."""

from __future__ import annotations

from comfy_api.v0_0_2 import io as comfy_io

from ..names import UI_KEY, node_id
from ..schema import built_once, schema


class EndQueue(comfy_io.ComfyNode):
    """Reports whether Auto Queue is to stop; the web extension, or a script, acts on it."""

    @classmethod
    @built_once
    def define_schema(cls) -> comfy_io.Schema:
        return schema(
            node_id=node_id(cls.__name__),
            display_name="End Queue",
            description=(
                "Switches Auto Queue, such as Run (Instant), off when stop is true. What runs or "
                "waits in the queue is left alone."
            ),
            search_aliases=["stop queue", "stop auto queue", "end loop", "run instant", "halt"],
            is_output_node=True,
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
        """Report the verdict; ComfyUI sends it on, also when this node is cached."""
        return comfy_io.NodeOutput(ui={UI_KEY: [{"kind": "end_queue", "stop": bool(stop)}]})
