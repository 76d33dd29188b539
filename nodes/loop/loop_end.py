"""Loop End: where the workflow for one image ends."""

from __future__ import annotations

from typing import Any

from comfy_api.v0_0_2 import io as comfy_io

from .. import runtime
from ..names import node_id
from ..schema import LoopSocket, schema
from .state import Iteration


class LoopEnd(comfy_io.ComfyNode):
    """Notes that the prompt has got to the end of the loop, and carries a value over."""

    @classmethod
    def define_schema(cls) -> comfy_io.Schema:
        return schema(
            node_id=node_id(cls.__name__),
            display_name="Loop End",
            description=(
                "The end of the workflow for one image. The image counts as done when the whole "
                "run has ended without an error."
            ),
            search_aliases=["for loop", "batch loop", "loop close", "feedback", "carry over"],
            is_output_node=True,
            inputs=[
                LoopSocket.Input(
                    "loop", tooltip="Connect Loop Start's loop, or Directory Iterator's."
                ),
                comfy_io.AnyType.Input(
                    "value",
                    optional=True,
                    lazy=True,
                    tooltip="Carried over: Loop Start gives it as value in the next iteration.",
                ),
                comfy_io.AnyType.Input(
                    "after",
                    optional=True,
                    lazy=True,
                    tooltip=(
                        "Only for order: connect an output of the last node, such as Save Image "
                        "(Batch)'s, and Loop End waits for it."
                    ),
                ),
            ],
            outputs=[
                LoopSocket.Output(
                    "loop_ended", display_name="loop", tooltip="Connect Batch Complete's loop."
                )
            ],
        )

    @classmethod
    def check_lazy_status(cls, loop: Iteration, **optional: Any) -> list[str]:
        """Ask for what is connected, but for nothing once the batch is complete.

        On a complete batch the outputs of Directory Iterator are blocked, and a node with a
        blocked input is not run: Loop End would be blocked too, and End Queue with it.
        """
        return [] if loop.complete else list(optional)

    @classmethod
    def execute(cls, loop: Iteration, value: Any = None, after: Any = None) -> comfy_io.NodeOutput:  # noqa: ARG003 `after` only makes ComfyUI wait
        """Note the end of the iteration."""
        runtime.registry().end(loop, value)
        return comfy_io.NodeOutput(loop)
