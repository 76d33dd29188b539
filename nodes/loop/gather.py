"""A node that others expand into to collect all elements of a list."""

from __future__ import annotations

from typing import Any, Protocol

from comfy_api.v0_0_2 import io as comfy_io

from ...core.comfy.schema import built_once, internal_schema, raw_link
from ...core.common.names import node_id


class Values(Protocol):
    """Collects elements."""

    values: list[Any]


class Gather(comfy_io.ComfyNode):
    """Takes the elements of `value`, one by one.

    ComfyUI runs a node that asks for whole lists only if no element is blocked.
    """

    @classmethod
    @built_once
    def define_schema(cls) -> comfy_io.Schema:
        return internal_schema(
            node_id=node_id(cls.__name__),
            display_name="Gather a list (internal)",
            part_of="Directory Iterator or Loop End",
            inputs=[
                comfy_io.AnyType.Input("value"),
                comfy_io.AnyType.Input("into"),
                # Only for order: what was gathered before, which may be blocked.
                raw_link(comfy_io.AnyType.Input("after", optional=True)),
            ],
            outputs=[comfy_io.AnyType.Output("gathered", display_name="gathered")],
        )

    @classmethod
    def execute(
        cls,
        value: Any,
        into: Values,
        after: list[Any] | None = None,  # noqa: ARG003
    ) -> comfy_io.NodeOutput:
        """Take one element."""
        into.values.append(value)
        return comfy_io.NodeOutput(into)
