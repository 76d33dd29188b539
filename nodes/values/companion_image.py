"""Companion Image: gives the image beside the batch's image, such as its mask or depth map."""

from __future__ import annotations

import torch
from comfy_api.v0_0_2 import io as comfy_io

from ...core.comfy import runtime
from ...core.comfy.schema import built_once, combo, schema
from ...core.common.combo_choice import chosen
from ...core.common.names import node_id
from ...core.model.records import Iteration
from ...core.model.selection import CompanionKind
from ...core.turn.companions import MaskFrom, mask_of
from .companion import checked, companion, companion_inputs, no_image_left

_MASK_FROM = "mask_from"


class CompanionImage(comfy_io.ComfyNode):
    """The image beside an image of the batch, found from the image's name."""

    @classmethod
    @built_once
    def define_schema(cls) -> comfy_io.Schema:
        return schema(
            node_id=node_id(cls.__name__),
            display_name="Companion Image",
            description=(
                "Gives the image that belongs to the image, such as its mask or depth map: the "
                "file beside it that a pattern finds from the image's name."
            ),
            search_aliases=["load mask", "mask folder", "depth map", "control image", "sidecar"],
            hidden=[comfy_io.Hidden.unique_id],
            inputs=[
                *companion_inputs("{stem}_mask.png", "a black image and an empty mask"),
                combo(
                    _MASK_FROM,
                    MaskFrom,
                    MaskFrom.AUTO,
                    "What the mask is made from. Transparency: 1 where the file is transparent, as "
                    "in Load Image. Brightness: 1 where it is white. Auto takes the transparency "
                    "if the file is transparent anywhere, else the brightness.",
                ),
            ],
            outputs=[
                comfy_io.Image.Output("image", display_name="image", tooltip="The image."),
                comfy_io.Mask.Output(
                    "mask", display_name="mask", tooltip="The mask, as mask_from says."
                ),
                comfy_io.String.Output(
                    "path",
                    display_name="path",
                    tooltip="The file's full path; nothing where there is none.",
                ),
            ],
        )

    @classmethod
    async def validate_inputs(cls, pattern: str | None) -> bool | str:  # noqa: ARG003
        """Check before anything runs what is known of the pattern, as for Companion Text."""
        return await checked(cls.hidden)

    @classmethod
    def execute(
        cls, loop: Iteration, pattern: str, when_missing: str, mask_from: str
    ) -> comfy_io.NodeOutput:
        """Read the image [1,H,W,3] and mask [1,H,W] of the loop's image."""
        if loop.complete:
            return no_image_left(3)
        wanted = companion(CompanionKind.IMAGE, pattern, when_missing)
        source = chosen(MaskFrom, mask_from, _MASK_FROM)
        with runtime.telling_the_asker():
            found = runtime.reading().companions.image(
                loop, wanted, runtime.allowed_folders_of_run()
            )
        if found is None:
            mask = torch.zeros(1, *loop.size)
            return comfy_io.NodeOutput(torch.zeros(1, *loop.size, 3), mask, "")
        return comfy_io.NodeOutput(found.content.image, mask_of(found.content, source), found.path)
