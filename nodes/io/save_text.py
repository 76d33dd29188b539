"""Save Text (Batch): saves a text under the name of the image that it is about."""

from __future__ import annotations

from typing import Any

from comfy_api.v0_0_2 import io as comfy_io

from ...core.comfy import runtime
from ...core.comfy.schema import advanced, built_once, combo, schema, shown_with
from ...core.common.combo_choice import chosen
from ...core.common.errors import ClaimLost
from ...core.common.names import UI_KEY, node_id
from ...core.model.formats import SaveTo, TextExtension
from ...core.model.if_exists import IfExists
from ...core.model.records import Iteration
from ...core.results.caption import caption_of
from ...core.results.saver_names import text_name
from .saving import (
    HIDDEN,
    ThisCall,
    claim_lost,
    end,
    if_exists_input,
    keep_subfolders_input,
    loop_input,
    name_inputs,
    nothing_saved,
    validated,
    wait_for_earlier,
)

_MORE = frozenset({"if_exists", "keep_subfolders"})
"""The inputs that the page shows only below More settings."""

_IN_A_FOLDER = frozenset({"folder", "keep_subfolders"})
"""The inputs that say nothing of a text beside its source."""


class SaveText(comfy_io.ComfyNode):
    """Saves a text under the name of the image that it is about, without an image."""

    @classmethod
    @built_once
    def define_schema(cls) -> comfy_io.Schema:
        return schema(
            node_id=node_id(cls.__name__),
            display_name="Save Text (Batch)",
            description=(
                "Saves a text, such as a caption, under its source's own name: beside the source, "
                "or in a folder. No image is written."
            ),
            search_aliases=["save text", "save caption", "captions", "tags", "write txt", "export"],
            is_output_node=True,
            # As for Save Image (Batch): ComfyUI would run only one of two nodes that are alike.
            not_idempotent=True,
            hidden=HIDDEN,
            inputs=[_as_shown(each) for each in _inputs()],
            outputs=[
                comfy_io.String.Output(
                    "saved_text", display_name="text", tooltip="The text, unchanged."
                ),
                comfy_io.String.Output(
                    "path", display_name="path", tooltip="The file's full path."
                ),
            ],
        )

    @classmethod
    async def validate_inputs(cls, folder: str | None, save_to: str | None) -> bool | str:
        """Check before anything runs that the folder may be written to, where it is used.

        The iterator checks the folder of the sources.
        """
        return await validated(cls.hidden, folder if save_to == SaveTo.FOLDER.value else None)

    @classmethod
    def execute(cls, text: str, loop: Iteration, **settings: Any) -> comfy_io.NodeOutput:
        """Write the text to its own file; where no Loop End follows, this ends the iteration.

        The text of an image that is only tried is shown, not saved.
        """
        if loop.complete:
            return nothing_saved()
        if loop.tried:
            return comfy_io.NodeOutput(text, "", ui={"text": [text]})
        wait_for_earlier(loop)
        own = ThisCall(cls.hidden, node_id(SaveText.__name__))  # `cls` may have another name
        with runtime.telling_the_asker():
            allowed = runtime.allowed_folders_of_run()
            name = text_name(settings, loop.key.folder, allowed, own.run.rank)
        files = own.files(loop, name, settings, allowed)
        try:
            with runtime.telling_the_asker():
                path = files.save({files.extension: caption_of(text, "text")}, files.stem)
        except ClaimLost as error:
            return claim_lost(error)
        if files.made_way and chosen(IfExists, settings["if_exists"], "if_exists") is (
            IfExists.OVERWRITE_OWN
        ):
            runtime.registry().note_renamed_text(loop)
        reports = end(loop)
        return comfy_io.NodeOutput(text, path, ui=None if reports is None else {UI_KEY: reports})


def _inputs() -> list[comfy_io.Input]:
    return [
        comfy_io.String.Input(
            "text", force_input=True, tooltip="The text to save, such as that of a captioner."
        ),
        loop_input(),
        combo(
            "save_to",
            SaveTo,
            SaveTo.SOURCE,
            "Beside the source saves into the folder of the source itself, where training programs "
            "look for its text; folder saves into the one below.",
        ),
        *name_inputs(
            "With save_to folder: a folder inside ComfyUI's output folder, or the full path of an "
            "allowed folder."
        ),
        combo("extension", TextExtension, TextExtension.TXT, "The kind of the file."),
        if_exists_input("img_1.txt"),
        keep_subfolders_input(
            "With save_to folder: whether to save into the same subfolders as the source."
        ),
    ]


def _as_shown(of: comfy_io.Input) -> comfy_io.Input:
    if of.id in _IN_A_FOLDER:
        of = shown_with(of, "save_to", SaveTo.FOLDER)
    return advanced(of) if of.id in _MORE else of
