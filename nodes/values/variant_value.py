"""Variant Value: gives the value that an item is taken with."""

from __future__ import annotations

from functools import partial

from comfy_api.v0_0_2 import io as comfy_io
from comfy_execution.graph_utils import ExecutionBlocker

from ...core.comfy.schema import LoopSocket, built_once, schema
from ...core.common.errors import quoted
from ...core.common.names import node_id
from ...core.graph.links import is_asked_for
from ...core.model.records import Iteration
from ...core.sources.cell_values import outputs_of
from ...core.sources.variants import value_named


class VariantValue(comfy_io.ComfyNode):
    """The present value of a Variants."""

    @classmethod
    @built_once
    def define_schema(cls) -> comfy_io.Schema:
        return schema(
            node_id=node_id(cls.__name__),
            display_name="Variant Value",
            description="Gives the value of a Variants that the present item is taken with.",
            search_aliases=["sweep value", "parameter value"],
            hidden=[comfy_io.Hidden.unique_id, comfy_io.Hidden.prompt],
            inputs=[
                LoopSocket.Input("loop", tooltip="The iterator's loop."),
                comfy_io.String.Input(
                    "name",
                    default="",
                    tooltip="The name of the Variants, where several cross; the first if empty.",
                ),
            ],
            outputs=[
                comfy_io.String.Output("text", display_name="text", tooltip="It as text."),
                comfy_io.Int.Output("int", display_name="int", tooltip="It as a whole number."),
                comfy_io.Float.Output("float", display_name="float", tooltip="It as a number."),
                comfy_io.AnyType.Output(
                    "choice",
                    display_name="choice",
                    tooltip="It for an input with a list, such as a LoRA's name or a sampler.",
                ),
            ],
        )

    @classmethod
    def execute(cls, loop: Iteration, name: str) -> comfy_io.NodeOutput:
        """Find the value; raises InvalidSetting if there is none, or it is not what is used."""
        if loop.item is None:  # the batch is complete
            return comfy_io.NodeOutput(*[ExecutionBlocker(None)] * 4)
        value = value_named(loop.variant, name)
        graph, own = cls.hidden.prompt or {}, str(cls.hidden.unique_id)
        what = f"Variant {quoted(name.strip() or loop.variant[0][0])}"
        found = outputs_of(value, partial(is_asked_for, graph, own), what, boolean=False)
        return comfy_io.NodeOutput(*found, value)
