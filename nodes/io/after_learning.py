"""A part of iterators: their wait for inputs that other nodes give."""

from __future__ import annotations

from typing import Any

from comfy_api.v0_0_2 import io as comfy_io

from ...core.comfy.schema import built_once, internal_schema, raw_link
from ...core.common.names import node_id


class AfterLearning(comfy_io.ComfyNode):
    """Part of an iterator's expansion: passes a value on once all inputs are known."""

    @classmethod
    @built_once
    def define_schema(cls) -> comfy_io.Schema:
        return internal_schema(
            node_id=node_id(cls.__name__),
            display_name="Directory Iterator's wait (internal)",
            part_of="Directory Iterator",
            inputs=[
                comfy_io.AnyType.Input("value"),
                raw_link(comfy_io.AnyType.Input("after")),
            ],
            outputs=[comfy_io.AnyType.Output("same", display_name="same")],
        )

    @classmethod
    def execute(cls, value: Any, after: list[Any]) -> comfy_io.NodeOutput:  # noqa: ARG003
        """Return the value."""
        return comfy_io.NodeOutput(value)
