"""Save Text (Batch): saves a text under the name of the image that it is about."""

from __future__ import annotations

import functools
import logging
from typing import Any

from comfy_api.v0_0_2 import io as comfy_io
from comfy_execution.graph_utils import ExecutionBlocker

from ...core.comfy import runtime
from ...core.comfy.request_origin import told
from ...core.comfy.schema import LoopSocket, built_once, combo, schema
from ...core.comfy.threads import Threads, in_thread
from ...core.common.combo_choice import chosen
from ...core.common.errors import BatchLoopError, ClaimLost
from ...core.common.names import UI_KEY, node_id
from ...core.files.caption import caption_of
from ...core.files.text_names import text_name
from ...core.model.formats import SaveTo, TextExtension
from ...core.model.if_exists import IfExists
from ...core.model.records import Iteration
from ...core.turn.result_files import ResultFiles
from .saving import ThisCall, check_folder, end

_log = logging.getLogger(__name__)

DEFAULT_FOLDER = "batch_loop"


class SaveText(comfy_io.ComfyNode):
    """Saves a text under the name of the image that it is about, without an image."""

    @classmethod
    @built_once
    def define_schema(cls) -> comfy_io.Schema:
        return schema(
            node_id=node_id(cls.__name__),
            display_name="Save Text (Batch)",
            description=(
                "Saves a text, such as a caption, under the name of the image that it is about: "
                "beside that image, or in a folder. No image is written."
            ),
            search_aliases=["save text", "save caption", "captions", "tags", "write txt", "export"],
            is_output_node=True,
            # As for Save Image (Batch): ComfyUI would run only one of two nodes that are alike.
            not_idempotent=True,
            hidden=[
                comfy_io.Hidden.unique_id,
                comfy_io.Hidden.prompt,
                comfy_io.Hidden.dynprompt,
            ],
            inputs=_inputs(),
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

        Directory Iterator checks the folder of the images. In a thread, as ComfyUI awaits it in its
        event loop.
        """
        try:
            if folder is not None and save_to == SaveTo.FOLDER.value:
                await in_thread(Threads.CHECKS, check_folder, folder)
        except BatchLoopError as error:
            return told(error)
        return True

    @classmethod
    def execute(cls, text: str, loop: Iteration, **settings: Any) -> comfy_io.NodeOutput:
        """Write the text to its own file; where no Loop End follows, this ends the iteration.

        The text of an image that is only tried is shown, not saved.
        """
        if loop.tried:
            return comfy_io.NodeOutput(text, "", ui={"text": [text]})
        registry = runtime.registry()
        registry.finish_earlier(loop)
        allowed = runtime.allowed_folders()
        own = ThisCall(cls.hidden, node_id(SaveText.__name__))
        run = own.run()
        with runtime.telling_the_asker():
            name = text_name(settings, loop.key.directory, allowed, run.rank)
        files = ResultFiles(
            loop,
            name,
            chosen(IfExists, settings["if_exists"], "if_exists"),
            allowed=allowed,
            claim=functools.partial(registry.claim_outputs, loop),
            behind=own.background(loop, name.folder),
            run=run,
            numbering=runtime.numbering(),
        )
        try:
            with runtime.telling_the_asker():
                path = files.save({files.extension: caption_of(text, "text")}, files.stem)
        except ClaimLost as lost:
            # Another server works on the image now; nothing is wrong with it.
            _log.warning("Batch Loop: %s", lost)
            return comfy_io.NodeOutput(*[ExecutionBlocker(None)] * 2)
        reports = end(loop)
        return comfy_io.NodeOutput(text, path, ui=None if reports is None else {UI_KEY: reports})


def _inputs() -> list[comfy_io.Input]:
    return [
        comfy_io.String.Input(
            "text", force_input=True, tooltip="The text to save, such as that of a captioner."
        ),
        LoopSocket.Input(
            "loop", tooltip="Connect Directory Iterator's loop: it knows the name of the source."
        ),
        combo(
            "save_to",
            SaveTo,
            SaveTo.SOURCE,
            "Beside the source saves into the folder of the image itself, where training programs "
            "look for its text; folder saves into the one below.",
        ),
        comfy_io.String.Input(
            "folder",
            default=DEFAULT_FOLDER,
            tooltip=(
                "With save_to folder: a folder inside ComfyUI's output folder, or the full path of "
                "an allowed folder."
            ),
        ),
        comfy_io.String.Input("prefix", default="", tooltip="Added before the source's name."),
        comfy_io.String.Input("suffix", default="", tooltip="Added after the source's name."),
        combo("extension", TextExtension, TextExtension.TXT, "The kind of the file."),
        combo(
            "if_exists",
            IfExists,
            IfExists.OVERWRITE_OWN,
            "What to do if the file exists already. Overwrite own replaces it if it is an earlier "
            "result of the same image, else numbers the new file (img_1.txt); overwrite replaces "
            "whatever is there; skip keeps it; rename always numbers the new file.",
        ),
        comfy_io.Boolean.Input(
            "keep_subfolders",
            default=True,
            tooltip="With save_to folder: whether to save into the same subfolders as the source.",
        ),
    ]
