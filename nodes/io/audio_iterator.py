"""Audio Iterator: hands out one sound of a folder in each prompt."""

from __future__ import annotations

import posixpath
from typing import Any

from comfy_api.v0_0_2 import io as comfy_io

from ...core.comfy.schema import built_once, schema, widget
from ...core.common.file_kinds import FileKind
from ...core.common.names import AUDIO_ITERATOR
from ...core.films.sound import Sound
from ...core.model.records import Iteration
from ...core.model.settings.file_iterator import FILE_LISTING, FILE_SETTINGS
from ...core.turn.openers.opener import Opened
from .iterator import HIDDEN, Iterator, loop_output


class AudioIterator(Iterator):
    """The next sound of a folder, each time the workflow runs."""

    NAMED = "directory"

    @classmethod
    @built_once
    def define_schema(cls) -> comfy_io.Schema:
        return schema(
            node_id=AUDIO_ITERATOR,
            display_name="Audio Iterator",
            description=(
                "Goes through a folder of sounds, one per run. Connect a saver, such as Save Text "
                "(Batch) for a transcript, choose Run (Instant) and press Run once: every sound is "
                "processed, and Run (Instant) is switched off."
            ),
            search_aliases=[
                "load audio from folder",
                "batch audio",
                "load audio batch",
                "audio folder",
                "for each sound",
                "music",
                "speech",
            ],
            hidden=HIDDEN,
            enable_expand=True,
            inputs=[
                widget(setting, FILE_LISTING) for setting in FILE_SETTINGS[FileKind.AUDIO].values()
            ],
            outputs=cls.outputs(),
        )

    @classmethod
    async def validate_inputs(cls, directory: str | None) -> bool | str:
        return await cls.validated(directory)

    @classmethod
    def outputs(cls) -> list[comfy_io.Output]:
        return [
            loop_output(),
            comfy_io.Audio.Output("audio", display_name="audio", tooltip="The sound."),
            comfy_io.String.Output(
                "filename", display_name="filename", tooltip="Such as take1.wav"
            ),
            comfy_io.String.Output("stem", display_name="stem", tooltip="Such as take1"),
            comfy_io.String.Output(
                "relative_path",
                display_name="relative_path",
                tooltip="The file's path inside the folder, such as monday/take1.wav",
            ),
            comfy_io.Int.Output(
                "sample_rate", display_name="sample_rate", tooltip="Samples per second."
            ),
            comfy_io.Float.Output("duration", display_name="duration", tooltip="In seconds."),
            comfy_io.Int.Output(
                "index", display_name="index", tooltip="The sound's position in the order, from 0."
            ),
            comfy_io.Int.Output(
                "total", display_name="total", tooltip="How many sounds there are."
            ),
            comfy_io.String.Output(
                "status", display_name="status", tooltip="Such as 3 of 7: take3.wav"
            ),
        ]

    @classmethod
    def of_item(cls, iteration: Iteration, opened: Opened) -> tuple[Any, ...]:
        assert iteration.item is not None  # noqa: S101 for the type checker: it was opened
        assert isinstance(opened, Sound)  # noqa: S101 for the type checker: of its folder
        path = iteration.item.path
        filename = posixpath.basename(path)
        return (
            {"waveform": opened.waveform, "sample_rate": opened.sample_rate},
            filename,
            posixpath.splitext(filename)[0],
            path,
            opened.sample_rate,
            opened.duration,
            iteration.item.index,
        )
