"""Companion Text: gives the text beside the batch's image, such as its caption."""

from __future__ import annotations

from comfy_api.v0_0_2 import io as comfy_io

from ...core.comfy import runtime
from ...core.comfy.schema import built_once, schema
from ...core.common.names import node_id
from ...core.model.records import Iteration
from ...core.model.selection import CompanionKind
from .companion import checked, companion, companion_inputs, no_image_left


class CompanionText(comfy_io.ComfyNode):
    """The text beside an image of the batch, found from the image's name."""

    @classmethod
    @built_once
    def define_schema(cls) -> comfy_io.Schema:
        return schema(
            node_id=node_id(cls.__name__),
            display_name="Companion Text",
            description=(
                "Gives the text that belongs to the image, such as its caption: the file beside it "
                "that a pattern finds from the image's name."
            ),
            search_aliases=["load text", "load caption", "caption file", "sidecar", "read txt"],
            hidden=[comfy_io.Hidden.unique_id],
            inputs=companion_inputs("{stem}.txt", "no text"),
            outputs=[
                comfy_io.String.Output("text", display_name="text", tooltip="The file's text."),
                comfy_io.String.Output(
                    "path",
                    display_name="path",
                    tooltip="The file's full path; nothing where there is none.",
                ),
            ],
        )

    @classmethod
    async def validate_inputs(cls, pattern: str | None) -> bool | str:  # noqa: ARG003
        """Check before anything runs what is known of the pattern.

        The other inputs are read from the submitted graph, as ComfyUI shows the result beside each
        input that the signature names.
        """
        return await checked(cls.hidden)

    @classmethod
    def execute(cls, loop: Iteration, pattern: str, when_missing: str) -> comfy_io.NodeOutput:
        """Read the text of the loop's image."""
        if loop.complete:
            return no_image_left(2)
        wanted = companion(CompanionKind.TEXT, pattern, when_missing)
        with runtime.telling_the_asker():
            found = runtime.reading().companions.text(
                loop, wanted, runtime.allowed_folders_of_run()
            )
        return comfy_io.NodeOutput(*(("", "") if found is None else (found.content, found.path)))
