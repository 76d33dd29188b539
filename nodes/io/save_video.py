"""Save Video (Batch): saves a video under its source's own name."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping
from typing import Any

import comfy_api.v0_0_2 as comfy_api
from comfy_api.v0_0_2 import io as comfy_io

from ...core.comfy import runtime
from ...core.comfy.schema import advanced, built_once, combo, schema
from ...core.common.combo_choice import chosen
from ...core.common.errors import ClaimLost, InvalidSetting
from ...core.common.names import UI_KEY, node_id
from ...core.files.allowed_paths import AllowedFolders, check_source_file
from ...core.model.formats import VideoCodec, VideoContainer, video_not_written
from ...core.model.loop_key import VIDEOS
from ...core.model.records import Iteration
from ...core.results.saver_names import video_name
from ...core.turn.preview import preview
from ...core.turn.saved_film import FilmResult
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
    validated,
    wait_for_earlier,
    workflow_of,
)

_MORE = frozenset({"if_exists", "keep_subfolders", "embed_workflow", "codec"})
"""The inputs that the page shows only below More settings."""


class SaveVideo(comfy_io.ComfyNode):
    """Saves a video under the name, and in the subfolder, of the file that it came from."""

    @classmethod
    @built_once
    def define_schema(cls) -> comfy_io.Schema:
        return schema(
            node_id=node_id(cls.__name__),
            display_name="Save Video (Batch)",
            description=(
                "Saves the video under its source's own name. If it has no sound, it gets that of "
                "the source video. A file appears only once it is complete, and results of one "
                "batch never overwrite each other or a source."
            ),
            search_aliases=["save video", "save batch", "export video", "keep filename", "film"],
            is_output_node=True,
            # As for Save Image (Batch): ComfyUI would run only one of two nodes that are alike.
            not_idempotent=True,
            hidden=HIDDEN_WITH_WORKFLOW,
            inputs=[advanced(each) if each.id in _MORE else each for each in _inputs()],
            outputs=[
                comfy_io.Video.Output(
                    "saved_video",
                    display_name="video",
                    tooltip="The video, unchanged: connect it to Loop End's value or after.",
                ),
                comfy_io.String.Output(
                    "path", display_name="path", tooltip="The file's full path."
                ),
            ],
        )

    @classmethod
    async def validate_inputs(cls, folder: str | None) -> bool | str:
        """Check before anything runs that the folder may be written to, and ComfyUI knows how."""
        return await validated(cls.hidden, folder, _check_written)

    @classmethod
    def execute(cls, video: Any, loop: Iteration, **settings: Any) -> comfy_io.NodeOutput:
        """Write the video to its own file; where no Loop End follows, this ends the iteration.

        It is there when this returns: as it may be as large as the source, it is never kept in
        memory to be written later. A video of an item that is only tried is shown, not saved.
        """
        if loop.complete:
            return nothing_saved()
        save = cls._saves(video, settings)
        if loop.tried:
            return cls._shown_only(video, save, settings["container"])
        wait_for_earlier(loop)
        own = ThisCall(cls.hidden, node_id(SaveVideo.__name__))  # `cls` may have another name
        with runtime.telling_the_asker():
            allowed = runtime.allowed_folders_of_run()
            name = video_name(settings, allowed, own.run.rank)
            source = _source(loop, allowed)
        files = own.files(loop, name, settings, allowed, behind=False)
        try:
            with runtime.telling_the_asker():
                path = files.save({files.extension: FilmResult(save, source)}, files.stem)
        except ClaimLost as error:
            return claim_lost(error)
        ui = _ui(path)
        reports = end(loop)
        if reports is not None:
            ui[UI_KEY] = reports
        return comfy_io.NodeOutput(video, path, ui=ui)

    @classmethod
    def _saves(cls, video: Any, settings: dict[str, Any]) -> Callable[[str], object]:
        """What writes the video to a path as the settings say."""
        container = chosen(VideoContainer, settings["container"], "container").value
        codec = chosen(VideoCodec, settings["codec"], "codec").value
        _check_written(settings)
        metadata = None
        if settings["embed_workflow"] and runtime.host().metadata_allowed():
            metadata = workflow_of(cls.hidden)
        types = comfy_api.Types
        return lambda path: video.save_to(
            path,
            format=types.VideoContainer(container),
            codec=types.VideoCodec(codec),
            metadata=metadata,
        )

    @classmethod
    def _shown_only(
        cls, video: Any, save: Callable[[str], object], container: str
    ) -> comfy_io.NodeOutput:
        """Show a video as ComfyUI's own nodes do: its file is in the folder for those."""
        temp = runtime.host().temp_folder()
        os.makedirs(temp, exist_ok=True)
        path = os.path.join(temp, f"batch_loop_{secrets.token_hex(8)}.{container}")
        save(path)
        return comfy_io.NodeOutput(video, path, ui=_ui(path))


def _source(loop: Iteration, allowed: AllowedFolders) -> str | None:
    """Real path of the film that a loop has handed out; None if it was something else."""
    if loop.item is None or loop.key.source != VIDEOS:
        return None
    file = runtime.registry().source.file(loop.key, loop.item.path)
    return check_source_file(file, allowed)


def _ui(path: str) -> dict[str, Any]:
    """The `ui` result that shows a video, as that of ComfyUI's Save Video."""
    shown = preview(path, runtime.host())
    return {} if shown is None else {"images": [shown], "animated": (True,)}


def _check_written(inputs: Mapping[str, Any]) -> None:
    """Raise InvalidSetting if this ComfyUI does not write such videos."""
    types = comfy_api.Types
    known = {each.value for each in (*types.VideoContainer, *types.VideoCodec)}
    container, codec = inputs.get("container"), inputs.get("codec")
    if isinstance(container, str) and isinstance(codec, str):
        reason = video_not_written(container, codec, known)
        if reason is not None:
            raise InvalidSetting(reason)


def _inputs() -> list[comfy_io.Input]:
    return [
        comfy_io.Video.Input("video", tooltip="The video to save."),
        loop_input(),
        *name_inputs(
            "Where to save: a folder inside ComfyUI's output folder, or the full path of an "
            "allowed folder."
        ),
        combo(
            "container",
            VideoContainer,
            VideoContainer.MP4,
            "The file format. ComfyUI writes mkv and webm from version 0.33 on.",
        ),
        combo(
            "codec",
            VideoCodec,
            VideoCodec.AUTO,
            "How the video is compressed. Auto keeps the codec of a video that is unchanged, and "
            "chooses the container's usual one for others: h264, and av1 for webm. ComfyUI writes "
            "av1 from version 0.33 on.",
        ),
        if_exists_input("clip_1.mp4"),
        keep_subfolders_input("Whether to save into the same subfolders as the source."),
        comfy_io.Boolean.Input(
            "embed_workflow",
            default=True,
            tooltip="Whether to store the workflow in the file, so that you can drag it back in.",
        ),
    ]
