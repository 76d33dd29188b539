"""Assemble Video: makes a film of the results of a batch once it is complete."""

from __future__ import annotations

import json
import logging
from typing import Any

from comfy_api.v0_0_2 import io as comfy_io
from comfy_execution.graph_utils import ExecutionBlocker

from ...core.assembling.film import USUAL_FPS, Assembler, Settings
from ...core.comfy import runtime
from ...core.comfy.request_origin import told
from ...core.comfy.schema import LoopSocket, advanced, built_once, combo, schema
from ...core.comfy.threads import Threads, in_thread
from ...core.common.combo_choice import chosen
from ...core.common.errors import BatchLoopError
from ...core.common.names import ASSEMBLE_VIDEO, UI_KEY
from ...core.files.allowed_paths import AllowedFolders, resolve_target
from ...core.films.encoders import MOST_QUALITY, codecs_at_hand
from ...core.model.formats import FilmCodec, FilmDepth, MissingResults
from ...core.model.if_exists import IfExists
from ...core.model.records import Iteration
from ...core.turn.preview import preview

_log = logging.getLogger(__name__)

_USUAL_QUALITY = 80
_MOST_FPS = 1000

_MORE = frozenset({"prefix", "suffix", "depth", "fps", "results", "if_exists", "embed_workflow"})
"""The inputs that the page shows only once More settings is unfolded."""


class AssembleVideo(comfy_io.ComfyNode):
    """Makes a film of the results of a batch."""

    @classmethod
    @built_once
    def define_schema(cls) -> comfy_io.Schema:
        return schema(
            node_id=ASSEMBLE_VIDEO,
            display_name="Assemble Video",
            description=(
                "Makes a video of the results once the batch is complete. Frames of a video keep "
                "their times, and get its sound. Connect Batch Complete's complete, and Loop End's "
                "loop. The file appears only once it is complete."
            ),
            search_aliases=["frames to video", "combine video", "video combine", "encode", "film"],
            is_output_node=True,
            # As for the savers: ComfyUI would run only one of two nodes that are alike.
            not_idempotent=True,
            hidden=[
                comfy_io.Hidden.unique_id,
                comfy_io.Hidden.prompt,
                comfy_io.Hidden.extra_pnginfo,
            ],
            inputs=[advanced(each) if each.id in _MORE else each for each in _inputs()],
            outputs=[
                comfy_io.String.Output(
                    "path",
                    display_name="path",
                    tooltip="The file's full path; with variants, one a line.",
                ),
            ],
        )

    @classmethod
    async def validate_inputs(cls, folder: str | None) -> bool | str:
        """Check before anything runs that the folder may be written to.

        In a thread, as ComfyUI awaits it in its event loop.
        """
        try:
            if folder is not None:
                await in_thread(Threads.CHECKS, _check_folder, folder)
        except BatchLoopError as error:
            return told(error)
        return True

    @classmethod
    def fingerprint_inputs(cls, **_inputs: Any) -> int:
        """The revision: a result that was done again makes another film."""
        return runtime.registry().revision

    @classmethod
    def execute(
        cls,
        complete: bool,  # noqa: FBT001 ComfyUI passes inputs by name
        loop: Iteration,
        **settings: Any,
    ) -> comfy_io.NodeOutput:
        """Make the film; before the batch is complete, do nothing, and block what follows."""
        if not complete or loop.tried:
            return comfy_io.NodeOutput(ExecutionBlocker(None))
        host = runtime.host()
        notices: list[str] = []
        with runtime.telling_the_asker():
            allowed = runtime.allowed_folders()
            assembler = Assembler(
                runtime.registry(),
                allowed,
                runtime.read_ahead().read,
                runtime.frames_ahead().times,
                host.raise_if_cancelled,
                host.progress(),
                runtime.roots(),
                runtime.is_shared,
                notices.append,
            )
            made = cls._settings(settings, allowed)
            node = str(cls.hidden.unique_id)
            paths = assembler.make(loop.key, loop.batch, node, made)
        runtime.registry().note_made_of_all(loop, node, paths)
        shown = [each for each in (preview(path, host) for path in paths) if each is not None]
        ui: dict[str, Any] = {"images": shown, "animated": (True,)} if shown else {}
        for notice in notices:
            _log.warning("Batch Loop: %s", notice)
            ui["text"] = [notice]
            ui[UI_KEY] = [{"kind": "film_changed", "loop": loop.key.id}]
        return comfy_io.NodeOutput("\n".join(paths), ui=ui)

    @classmethod
    def _settings(cls, given: dict[str, Any], allowed: AllowedFolders) -> Settings:
        metadata = {}
        if given["embed_workflow"] and runtime.host().metadata_allowed():
            said = {"prompt": cls.hidden.prompt, **(cls.hidden.extra_pnginfo or {})}
            metadata = {name: json.dumps(each) for name, each in said.items() if each is not None}
        results = given["results"].strip()
        return Settings(
            folder=resolve_target(given["folder"], allowed),
            prefix=given["prefix"],
            suffix=given["suffix"],
            codec=chosen(FilmCodec, given["video_codec"], "video_codec"),
            quality=given["quality"],
            depth=chosen(FilmDepth, given["depth"], "depth"),
            sound=given["audio"],
            fps=given["fps"],
            missing=chosen(MissingResults, given["missing"], "missing"),
            if_exists=chosen(IfExists, given["if_exists"], "if_exists"),
            results=resolve_target(results, allowed) if results else None,
            metadata=metadata,
        )


def _check_folder(folder: str) -> None:
    resolve_target(folder, runtime.allowed_folders())


def _inputs() -> list[comfy_io.Input]:
    codecs = [codec.value for codec in codecs_at_hand()]
    return [
        comfy_io.Boolean.Input(
            "complete", force_input=True, tooltip="Connect Batch Complete's complete."
        ),
        LoopSocket.Input("loop", tooltip="Connect Loop End's loop."),
        comfy_io.String.Input(
            "folder",
            default="batch_loop",
            tooltip="Where to save: a folder inside ComfyUI's output folder, or the full path of "
            "an allowed folder.",
        ),
        comfy_io.String.Input("prefix", default="", tooltip="Added before the source's name."),
        comfy_io.String.Input("suffix", default="", tooltip="Added after the source's name."),
        comfy_io.Combo.Input(
            "video_codec",
            options=codecs,
            default=codecs[0],
            tooltip="How the video is compressed. VP9 makes a WebM file, ProRes a MOV file, the "
            "others an MP4 file.",
        ),
        comfy_io.Int.Input(
            "quality",
            default=_USUAL_QUALITY,
            min=0,
            max=MOST_QUALITY,
            tooltip="Higher looks better, and makes a larger file.",
        ),
        combo(
            "depth",
            FilmDepth,
            FilmDepth.EIGHT,
            "Bits of each colour. 10 bit keeps smooth gradients, and not every player shows it. "
            "ProRes always has 10.",
        ),
        comfy_io.Boolean.Input(
            "audio",
            default=True,
            tooltip="Whether the video gets the sound of the video that its frames came from.",
        ),
        comfy_io.Float.Input(
            "fps",
            default=USUAL_FPS,
            min=0.0,
            max=_MOST_FPS,
            step=0.01,
            tooltip="Frames per second of a batch of images. Frames of a video keep their own "
            "times.",
        ),
        combo(
            "missing",
            MissingResults,
            MissingResults.REFUSE,
            "What to do if a frame has no result, as it failed: make no video and say which, or "
            "show the frame before once more.",
        ),
        comfy_io.String.Input(
            "results",
            default="",
            tooltip="If several nodes save results: the folder of those that the video is made "
            "of. If empty, all results are taken.",
        ),
        combo(
            "if_exists",
            IfExists,
            IfExists.OVERWRITE_OWN,
            "What to do if the file exists already. Overwrite own replaces it if this node made it "
            "of this batch, else numbers the new file (film_1.mp4); overwrite replaces whatever is "
            "there; skip keeps it; rename always numbers the new file. A video that was made of "
            "the same results is not made again.",
        ),
        comfy_io.Boolean.Input(
            "embed_workflow",
            default=True,
            tooltip="Whether to store the workflow in the file, so that you can drag it back in.",
        ),
    ]
