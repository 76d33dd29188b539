"""Loop End: where the workflow for one image ends."""

from __future__ import annotations

from typing import Any

from comfy_api.v0_0_2 import io as comfy_io
from comfy_execution.graph_utils import ExecutionBlocker, GraphBuilder

from ...core.comfy import runtime
from ...core.comfy.schema import LoopSocket, built_once, internal_schema, raw_link, schema
from ...core.common.names import GATHER, node_id
from ...core.model.records import Iteration, Several


class LoopEnd(comfy_io.ComfyNode):
    """Ends the iteration, and carries a value over to the next one."""

    @classmethod
    @built_once
    def define_schema(cls) -> comfy_io.Schema:
        return schema(
            node_id=node_id(cls.__name__),
            display_name="Loop End",
            description=(
                "Marks the end of the work on one item: an image, a row, a video. It counts as "
                "done when the whole run has ended without an error."
            ),
            search_aliases=["for loop", "batch loop", "loop close", "feedback", "carry over"],
            is_output_node=True,
            enable_expand=True,
            inputs=[
                LoopSocket.Input("loop", tooltip="Connect Loop Start's loop, or the iterator's."),
                raw_link(
                    comfy_io.AnyType.Input(
                        "value",
                        optional=True,
                        lazy=True,
                        tooltip="Carried over: it is Loop Start's value in the next iteration.",
                    )
                ),
                raw_link(
                    comfy_io.AnyType.Input(
                        "after",
                        optional=True,
                        lazy=True,
                        tooltip=(
                            "Only for the order: connect an output of the last node, such as Save "
                            "Image (Batch), and Loop End waits for it."
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
    def execute(
        cls, loop: Iteration, value: list[Any] | None = None, after: list[Any] | None = None
    ) -> comfy_io.NodeOutput:
        """End the iteration once what is connected has run; `value` and `after` are links.

        On a complete batch it waits for nothing: the outputs of the iterator are blocked, and
        a node that is given a blocked value does not run, but End Queue has to.
        """
        if loop.complete:
            return comfy_io.NodeOutput(loop)
        graph = GraphBuilder()
        inputs: dict[str, Any] = {"loop": loop}
        if after is not None:
            inputs["after"] = after
        if value is not None:
            values = Values()
            gathered = graph.node(node_id(GATHER), value=value, into=values)
            inputs |= {"values": values, "gathered": gathered.out(0)}
        end = graph.node(node_id(EndIteration.__name__), **inputs)
        return comfy_io.NodeOutput(end.out(0), expand=graph.finalize())


class Values:
    """The elements of Loop End's `value`, without those that are blocked."""

    def __init__(self) -> None:
        self.values: list[Any] = []

    @property
    def carried(self) -> Any:
        """What is carried over."""
        return self.values[0] if len(self.values) == 1 else Several(tuple(self.values))


class EndIteration(comfy_io.ComfyNode):
    """Loop End's expansion: waits for what is connected, and ends the iteration."""

    @classmethod
    @built_once
    def define_schema(cls) -> comfy_io.Schema:
        return internal_schema(
            node_id=node_id(cls.__name__),
            display_name="Loop End (internal)",
            part_of="Loop End",
            inputs=[
                LoopSocket.Input("loop"),
                comfy_io.AnyType.Input("values", optional=True),
                # Both only for order. Elements may be blocked; so may the node before `after`, on
                # purpose, to save only some of the images.
                raw_link(comfy_io.AnyType.Input("gathered", optional=True)),
                raw_link(comfy_io.AnyType.Input("after", optional=True)),
            ],
            outputs=[LoopSocket.Output("loop_ended", display_name="loop")],
        )

    @classmethod
    def execute(
        cls, loop: Iteration, values: Values | None = None, **_waits_for: list[Any]
    ) -> comfy_io.NodeOutput:
        """End the iteration, unless all of `value` is blocked, or the image is only tried."""
        if loop.tried:
            return comfy_io.NodeOutput(loop)
        if values is None:
            runtime.registry().end(loop)
        elif values.values:
            runtime.registry().end(loop, values.carried)
        else:
            return comfy_io.NodeOutput(ExecutionBlocker(None))
        return comfy_io.NodeOutput(loop)
