"""Save Image (Batch): saves a result under its source's own name."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import torch
from comfy_api.v0_0_2 import io as comfy_io
from comfy_api.v0_0_2 import ui as comfy_ui

from ...core.comfy import runtime
from ...core.comfy.schema import advanced, built_once, combo, schema
from ...core.common.combo_choice import chosen
from ...core.common.errors import ClaimLost
from ...core.common.names import UI_KEY, node_id
from ...core.model.formats import Compression, Format
from ...core.model.records import Iteration
from ...core.results.caption import CAPTION_INPUT, Caption, caption_of, has_caption
from ...core.results.saver_names import image_name
from ...core.turn.preview import Preview, preview
from ...core.turn.saver import Saver, Saving
from ...core.turn.saver_folders import MASK_INPUT, check_format
from .saving import (
    HIDDEN_WITH_WORKFLOW,
    ThisCall,
    claim_lost,
    end,
    if_exists_input,
    keep_subfolders_input,
    loop_input,
    name_inputs,
    nothing_saved,
    turn_of,
    validated,
    wait_for_earlier,
    workflow_of,
)

_COMPRESSION = "compression"
_FIRST_SECONDS = 1.0
"""How long a server's first result is waited for at most; PNG takes a third of it."""
_WITH_ALPHA = "PNG, WebP, TIFF and AVIF"
_MORE = frozenset(
    {
        *("if_exists", "keep_subfolders", "embed_workflow", "keep_metadata"),
        *(CAPTION_INPUT, _COMPRESSION),
    }
)
"""The inputs that the page shows only below More settings."""


class SaveImage(comfy_io.ComfyNode):
    """Saves an image under the name, and in the subfolder, of the file that it came from."""

    @classmethod
    @built_once
    def define_schema(cls) -> comfy_io.Schema:
        return schema(
            node_id=node_id(cls.__name__),
            display_name="Save Image (Batch)",
            description=(
                "Saves the image under its source's own name. A file appears only once it is "
                "complete, and results of one batch never overwrite each other or a source."
            ),
            search_aliases=["save image", "save batch", "export", "keep filename", "write image"],
            is_output_node=True,
            # Without it, ComfyUI runs only one of two nodes with the same inputs. The other's file
            # name, which skip_finished looks for, would then never exist.
            not_idempotent=True,
            hidden=HIDDEN_WITH_WORKFLOW,
            inputs=[advanced(each) if each.id in _MORE else each for each in _inputs()],
            outputs=[
                comfy_io.Image.Output(
                    "saved_image",
                    display_name="image",
                    tooltip="The image, unchanged: connect it to Loop End's value or after.",
                ),
                comfy_io.String.Output(
                    "path",
                    display_name="path",
                    tooltip="The file's full path; for several images, one per line.",
                ),
            ],
        )

    @classmethod
    async def validate_inputs(cls, folder: str | None) -> bool | str:
        """Check before anything runs that the folder may be written to, and the format be used."""
        return await validated(cls.hidden, folder, check_format)

    @classmethod
    def execute(
        cls,
        image: torch.Tensor,
        loop: Iteration,
        mask: torch.Tensor | None = None,
        compression: str = Compression.AS_TIME_ALLOWS.value,
        **settings: Any,
    ) -> comfy_io.NodeOutput:
        """Write each image [H,W,C] of the batch [N,H,W,C] to its own file.

        Where no Loop End follows, this ends the iteration.

        This happens in the background if the workflow has something else to do meanwhile: not for
        the last image of a batch, and not if another node uses the path, as it may read the file.
        A result of an image that is only tried is not saved.
        """
        if loop.complete:
            return nothing_saved()
        if loop.tried:
            return cls._shown_only(image)
        metadata = None
        if settings["embed_workflow"] and runtime.host().metadata_allowed():
            metadata = workflow_of(cls.hidden)
        own = ThisCall(cls.hidden, node_id(SaveImage.__name__))  # `cls` may have another name
        with runtime.telling_the_asker():
            # Once, as it looks at every allowed folder.
            allowed = runtime.allowed_folders_of_run()
            name = image_name(settings, allowed, own.run.rank)
        files = own.files(loop, name, settings, allowed)
        saving = Saving(
            format=chosen(Format, settings["format"], "format"),
            quality=int(settings["quality"]),
            metadata=metadata,
            caption=cls._caption(settings),
            source=loop.metadata if settings["keep_metadata"] else loop.metadata.profile_only(),
            compression=chosen(Compression, compression, _COMPRESSION),
            efforts=runtime.spare_time().of(turn_of(loop)),
        )
        saver, writes = Saver(files, saving), runtime.write_behind()
        is_first = writes.is_new
        try:
            with runtime.telling_the_asker():
                wait_for_earlier(loop, lambda: saver.begin(writes, image, mask))
                paths = saver.save(image, mask)
        except ClaimLost as error:
            return claim_lost(error)
        finally:
            saver.drop()
        if is_first:
            # After its first prompt ComfyUI collects garbage, and nothing else runs meanwhile.
            writes.wait_for_file(paths[0], _FIRST_SECONDS)
        if saver.loses_transparency(loop.metadata, image, mask):
            runtime.registry().note_lost_transparency(loop)
        shown = [_shown(path, image, is_coming=files.is_coming(path)) for path in paths]
        ui: dict[str, list[dict[str, Any]]] = {
            "images": [entry for entry in shown if entry is not None]
        }
        reports = end(loop)
        if reports is not None:
            ui[UI_KEY] = reports
        return comfy_io.NodeOutput(image, "\n".join(paths), ui=ui)

    @classmethod
    def _shown_only(cls, image: torch.Tensor) -> comfy_io.NodeOutput:
        """Show a result [N,H,W,C] as Preview Image does: its files are in the folder for those."""
        shown = comfy_ui.PreviewImage(image, cls=cls)
        temp = runtime.host().temp_folder()
        paths = [os.path.join(temp, each["subfolder"], each["filename"]) for each in shown.values]
        return comfy_io.NodeOutput(image, "\n".join(paths), ui=shown)

    @classmethod
    def _caption(cls, settings: Mapping[str, Any]) -> Caption | None:
        graph = cls.hidden.prompt or {}
        # A node created by an expansion is not in the graph: its inputs are what it was given.
        inputs = graph.get(str(cls.hidden.unique_id), {}).get("inputs", settings)
        return caption_of(settings[CAPTION_INPUT]) if has_caption(inputs) else None


def _shown(path: str, image: torch.Tensor, *, is_coming: bool) -> Preview | None:
    """The preview of a result in the batch [N,H,W,C] that is, or soon will be, at a path."""
    height, width = image.shape[1:3]
    return preview(path, runtime.host(), (width, height) if is_coming else None)


def _inputs() -> list[comfy_io.Input]:
    return [
        comfy_io.Image.Input("image", tooltip="The image to save."),
        loop_input(),
        *name_inputs(
            "Where to save: a folder inside ComfyUI's output folder, or the full path of an "
            "allowed folder."
        ),
        combo(
            "format",
            Format,
            Format.PNG,
            "The file format. Same as source keeps the source's, if it can be written.",
        ),
        comfy_io.Int.Input(
            "quality",
            default=95,
            min=1,
            max=100,
            tooltip="For JPEG, WebP and AVIF; WebP at 100 is lossless. PNG is always lossless.",
        ),
        if_exists_input("img_1.png"),
        keep_subfolders_input("Whether to save into the same subfolders as the source."),
        comfy_io.Boolean.Input(
            "embed_workflow",
            default=True,
            tooltip="Whether to store the workflow in the file, so that you can drag it back in.",
        ),
        comfy_io.Boolean.Input(
            "keep_metadata",
            default=True,
            tooltip=(
                "Whether to keep what the source file says about the photograph (EXIF and XMP): "
                "camera, date, place, author. Its colours stay the same in any case."
            ),
        ),
        comfy_io.String.Input(
            CAPTION_INPUT,
            optional=True,
            default="",
            tooltip=(
                "A text to save beside each image, as img1.txt beside img1.png. If this is "
                "linked, an empty text is saved, too."
            ),
        ),
        comfy_io.Mask.Input(
            MASK_INPUT,
            optional=True,
            tooltip=(
                "Makes the saved image transparent where the mask is 1, as Directory Iterator's "
                f"mask does for its image. For {_WITH_ALPHA}: JPEG and BMP have no room for it."
            ),
        ),
        combo(
            _COMPRESSION,
            Compression,
            Compression.AS_TIME_ALLOWS,
            'How much time is spent on making files smaller. "as the model\'s time allows" uses '
            "the time that the model takes for the next image anyway, so a batch takes hardly "
            'longer than with "fast"; with "small" it may take much longer. The pixels are the '
            "same, but in WebP and AVIF below quality 100 only the quality is the same.",
            optional=True,  # workflows that were saved before, and scripts, do not have it
        ),
    ]
