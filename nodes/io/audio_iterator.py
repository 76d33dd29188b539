"""Audio Iterator: hands out one sound of a folder in each prompt."""

from __future__ import annotations

from typing import Any

from comfy_api.v0_0_2 import io as comfy_io

from ...core.comfy.schema import built_once, schema, widget
from ...core.common.names import AUDIO_ITERATOR
from ...core.films.sound import Sound
from ...core.model.records import Iteration
from ...core.model.settings.file_iterator import FILE_LISTING, AudioSettings
from ...core.turn.openers.opener import Opened
from .folder_iterator import FolderIterator, name_outputs, names_of
from .iterator import HIDDEN, loop_output


class AudioIterator(FolderIterator):
    """The next sound of a folder, each time the workflow runs."""

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
            inputs=[widget(setting, FILE_LISTING) for setting in AudioSettings.declared().values()],
            outputs=cls.outputs(),
        )

    @classmethod
    def outputs(cls) -> list[comfy_io.Output]:
        return [
            loop_output(),
            comfy_io.Audio.Output("audio", display_name="audio", tooltip="The sound."),
            *name_outputs("take1.wav", "monday"),
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
        return (
            {"waveform": opened.waveform, "sample_rate": opened.sample_rate},
            *names_of(path),
            opened.sample_rate,
            opened.duration,
            iteration.item.index,
        )
