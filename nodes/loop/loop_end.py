"""Loop End: where the workflow for one image ends."""

from __future__ import annotations

from typing import Any

from comfy_api.v0_0_2 import io as comfy_io
from comfy_execution.graph_utils import GraphBuilder

from .. import runtime
from ..names import node_id
from ..schema import LoopSocket, built_once, internal_schema, raw_link, schema
from .state import Iteration


class LoopEnd(comfy_io.ComfyNode):
    """Ends the iteration, and carries a value over to the next one."""

    @classmethod
    @built_once
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
            enable_expand=True,
            inputs=[
                LoopSocket.Input(
                    "loop", tooltip="Connect Loop Start's loop, or Directory Iterator's."
                ),
                raw_link(
                    comfy_io.AnyType.Input(
                        "value",
                        optional=True,
                        lazy=True,
                        tooltip="Carried over: Loop Start gives it as value in the next iteration.",
                    )
                ),
                raw_link(
                    comfy_io.AnyType.Input(
                        "after",
                        optional=True,
                        lazy=True,
                        tooltip=(
                            "Only for order: connect an output of the last node, such as Save "
                            "Image (Batch)'s, and Loop End waits for it."
                        ),
                    )
                ),
            ],
            outputs=[
                LoopSocket.Output(
                    "loop_ended", display_name="loop", tooltip="Connect Batch Complete's loop."
                )
            ],
        )

    @classmethod
    def execute(cls, loop: Iteration, **links: list[Any]) -> comfy_io.NodeOutput:
        """Have the iteration ended once what is connected is there.

        On a complete batch nothing is waited for: the outputs of Directory Iterator are blocked,
        a node that is given a blocked value is not run, and End Queue has to be.
        """
        if loop.complete:
            return comfy_io.NodeOutput(loop)
        graph = GraphBuilder()
        end = graph.node(node_id(EndIteration.__name__), loop=loop, **links)
        return comfy_io.NodeOutput(end.out(0), expand=graph.finalize())


class EndIteration(comfy_io.ComfyNode):
    """What Loop End expands into: waits for what is connected there, and ends the iteration."""

    @classmethod
    @built_once
    def define_schema(cls) -> comfy_io.Schema:
        return internal_schema(
            node_id=node_id(cls.__name__),
            display_name="Loop End (internal)",
            description="Part of Loop End, which makes it while it runs. Use Loop End.",
            inputs=[
                LoopSocket.Input("loop"),
                comfy_io.AnyType.Input("value", optional=True),
                # A node before it may have been blocked on purpose, to save only some images.
                raw_link(comfy_io.AnyType.Input("after", optional=True)),
            ],
            outputs=[LoopSocket.Output("loop_ended", display_name="loop")],
        )

    @classmethod
    def execute(
        cls,
        loop: Iteration,
        value: Any = None,
        after: list[Any] | None = None,  # noqa: ARG003 `after` only makes ComfyUI wait
    ) -> comfy_io.NodeOutput:
        """Note the end of the iteration."""
        runtime.registry().end(loop, value)
        return comfy_io.NodeOutput(loop)
