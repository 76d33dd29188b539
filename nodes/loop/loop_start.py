"""Loop Start: where the workflow for one image begins."""

from __future__ import annotations

from typing import Any

from comfy_api.v0_0_2 import io as comfy_io
from comfy_execution.graph_utils import ExecutionBlocker, GraphBuilder

from ...core.comfy.schema import LoopSocket, built_once, internal_schema, raw_link, schema
from ...core.common.names import node_id
from ...core.model.records import Iteration, Several


class LoopStart(comfy_io.ComfyNode):
    """Gives what the previous iteration carried over, and the number of the iteration."""

    @classmethod
    @built_once
    def define_schema(cls) -> comfy_io.Schema:
        return schema(
            node_id=node_id(cls.__name__),
            display_name="Loop Start",
            description=(
                "Marks the beginning of the work on one item: an image, a row, a video. Gives what "
                "Loop End carried over from the previous item, and the number of the iteration."
            ),
            search_aliases=["for loop", "batch loop", "loop begin", "feedback", "iteration"],
            enable_expand=True,
            inputs=[
                LoopSocket.Input("loop", tooltip="Connect the iterator's loop."),
                raw_link(
                    comfy_io.AnyType.Input(
                        "initial_value",
                        optional=True,
                        lazy=True,
                        tooltip=(
                            "The value in the first iteration, when nothing has been carried over."
                        ),
                    )
                ),
            ],
            outputs=[
                LoopSocket.Output(
                    "loop_started", display_name="loop", tooltip="Connect Loop End's loop."
                ),
                comfy_io.AnyType.Output(
                    "value",
                    display_name="value",
                    tooltip=(
                        "What Loop End received as value in the previous iteration; in the first "
                        "one, initial_value."
                    ),
                    is_output_list=True,
                ),
                comfy_io.Int.Output(
                    "iteration",
                    display_name="iteration",
                    tooltip="How many items of the batch were finished before this one, from 0.",
                ),
                comfy_io.Boolean.Output(
                    "is_first",
                    display_name="is_first",
                    tooltip="Whether this is the first item of the batch.",
                ),
                comfy_io.Boolean.Output(
                    "is_last",
                    display_name="is_last",
                    tooltip="Whether no other item of the batch is left.",
                ),
            ],
        )

    @classmethod
    def execute(
        cls, loop: Iteration, initial_value: list[Any] | None = None
    ) -> comfy_io.NodeOutput:
        """Output the iteration, with the other outputs blocked if the batch is complete.

        `initial_value` is a link. If it is needed, ComfyUI evaluates it in an expansion, so none of
        it runs in any other iteration. `value` is a ComfyUI list, usually of one element.
        """
        if loop.complete:
            blocked = ExecutionBlocker(None)
            return comfy_io.NodeOutput(loop, blocked, blocked, blocked, blocked)
        position = (loop.number, loop.is_first, loop.is_last)
        carried = loop.carried.value
        if carried is None and initial_value is not None:
            graph = GraphBuilder()
            whole = graph.node(node_id(WholeList.__name__), value=initial_value)
            return comfy_io.NodeOutput(loop, whole.out(0), *position, expand=graph.finalize())
        values = list(carried.values) if isinstance(carried, Several) else [carried]
        return comfy_io.NodeOutput(loop, values, *position)


class WholeList(comfy_io.ComfyNode):
    """Loop Start's expansion: gives all elements of a ComfyUI list as one value.

    For a link in the outputs of an expansion, ComfyUI would create one output per element.
    """

    @classmethod
    @built_once
    def define_schema(cls) -> comfy_io.Schema:
        return internal_schema(
            node_id=node_id(cls.__name__),
            display_name="Loop Start's initial_value (internal)",
            part_of="Loop Start",
            is_input_list=True,
            inputs=[comfy_io.AnyType.Input("value")],
            outputs=[comfy_io.AnyType.Output("whole", display_name="whole")],
        )

    @classmethod
    def execute(cls, value: list[Any]) -> comfy_io.NodeOutput:
        """Return the elements."""
        return comfy_io.NodeOutput(value)
