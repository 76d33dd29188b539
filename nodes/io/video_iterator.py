"""Video Iterator: hands out one video of a folder in each prompt."""

from __future__ import annotations

from typing import Any

import comfy_api.v0_0_2 as comfy_api
from comfy_api.v0_0_2 import io as comfy_io

from ...core.comfy.schema import built_once, schema, widget
from ...core.common.names import VIDEO_ITERATOR
from ...core.model.records import Iteration
from ...core.model.settings.file_iterator import FILE_LISTING, VideoSettings
from ...core.turn.openers.opener import Opened, OpenedFilm
from .folder_iterator import FolderIterator, name_outputs, names_of
from .iterator import HIDDEN, loop_output


class VideoIterator(FolderIterator):
    """The next video of a folder, each time the workflow runs."""

    @classmethod
    @built_once
    def define_schema(cls) -> comfy_io.Schema:
        return schema(
            node_id=VIDEO_ITERATOR,
            display_name="Video Iterator",
            description=(
                "Goes through a folder of videos, one per run. Connect Save Video (Batch), choose "
                "Run (Instant) and press Run once: every video is processed, and Run (Instant) is "
                "switched off."
            ),
            search_aliases=[
                "load videos from folder",
                "batch videos",
                "load video batch",
                "video folder",
                "for each video",
                "film",
            ],
            hidden=HIDDEN,
            enable_expand=True,
            inputs=[widget(setting, FILE_LISTING) for setting in VideoSettings.declared().values()],
            outputs=cls.outputs(),
        )

    @classmethod
    def outputs(cls) -> list[comfy_io.Output]:
        return [
            loop_output(),
            comfy_io.Video.Output(
                "video", display_name="video", tooltip="The video, with its sound."
            ),
            *name_outputs("clip1.mp4", "holiday"),
            comfy_io.Float.Output(
                "fps", display_name="fps", tooltip="Frames per second, on average."
            ),
            comfy_io.Int.Output("frames", display_name="frames", tooltip="How many frames it has."),
            comfy_io.Float.Output("duration", display_name="duration", tooltip="In seconds."),
            comfy_io.Int.Output(
                "index", display_name="index", tooltip="The video's position in the order, from 0."
            ),
            comfy_io.Int.Output(
                "total", display_name="total", tooltip="How many videos there are."
            ),
            comfy_io.String.Output(
                "status", display_name="status", tooltip="Such as 3 of 7: clip3.mp4"
            ),
        ]

    @classmethod
    def of_item(cls, iteration: Iteration, opened: Opened) -> tuple[Any, ...]:
        assert iteration.item is not None  # noqa: S101 for the type checker: it was opened
        assert isinstance(opened, OpenedFilm)  # noqa: S101 for the type checker: of its folder
        path, facts = iteration.item.path, opened.facts
        # A film that only decoding would count has about as many as its length says.
        frames = round(facts.fps * facts.duration) if facts.frames is None else facts.frames
        return (
            comfy_api.InputImpl.VideoFromFile(opened.path),
            *names_of(path),
            float(facts.fps),
            frames,
            facts.duration,
            iteration.item.index,
        )
