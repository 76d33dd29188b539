"""Frame Iterator: hands out one frame of a film, or a window of several, in each prompt."""

from __future__ import annotations

from typing import Any

from comfy_api.v0_0_2 import io as comfy_io

from ...core.background.frames_ahead import Shot
from ...core.comfy.schema import built_once, schema, widget
from ...core.common.names import FRAME_ITERATOR
from ...core.model.records import Iteration
from ...core.model.settings.frame_iterator import FRAME_LISTING, FRAME_SETTINGS
from ...core.sources.frames import frame_in
from ...core.turn.openers.opener import Opened
from .iterator import HIDDEN, Iterator, loop_output, variants_input


class FrameIterator(Iterator):
    """The next frame of a film, each time the workflow runs."""

    NAMED = "film"

    @classmethod
    @built_once
    def define_schema(cls) -> comfy_io.Schema:
        return schema(
            node_id=FRAME_ITERATOR,
            display_name="Frame Iterator",
            description=(
                "Goes through a video, one frame per run, or a few at a time, so that a video of "
                "any length fits into memory. Connect Save Image (Batch), choose Run (Instant) and "
                "press Run once. Assemble Video makes a video of the results."
            ),
            search_aliases=[
                "video frames",
                "load video frame by frame",
                "vid2vid",
                "for each frame",
                "film",
            ],
            hidden=HIDDEN,
            enable_expand=True,
            inputs=[
                *(widget(setting, FRAME_LISTING) for setting in FRAME_SETTINGS.values()),
                variants_input(),
            ],
            outputs=cls.outputs(),
        )

    @classmethod
    async def validate_inputs(cls, film: str | None) -> bool | str:
        return await cls.validated(film)

    @classmethod
    def outputs(cls) -> list[comfy_io.Output]:
        return [
            loop_output(),
            comfy_io.Image.Output(
                "image", display_name="image", tooltip="The frame, or the frames of the window."
            ),
            comfy_io.Int.Output(
                "index", display_name="index", tooltip="The number of the first frame, from 0."
            ),
            comfy_io.Float.Output(
                "fps", display_name="fps", tooltip="The video's frames per second, on average."
            ),
            comfy_io.Float.Output(
                "time",
                display_name="time",
                tooltip="When the first frame is shown, in seconds from the video's start.",
            ),
            comfy_io.Int.Output("total", display_name="total", tooltip="How many runs there are."),
            comfy_io.String.Output(
                "status", display_name="status", tooltip="Such as 3 of 700: film_000002"
            ),
        ]

    @classmethod
    def of_item(cls, iteration: Iteration, opened: Opened) -> tuple[Any, ...]:
        assert iteration.item is not None  # noqa: S101 for the type checker: it was opened
        assert isinstance(opened, Shot)  # noqa: S101 for the type checker: of its film
        path = iteration.item.path
        number = frame_in(iteration.key.entry(path))
        return opened.images, number, opened.fps, opened.time
