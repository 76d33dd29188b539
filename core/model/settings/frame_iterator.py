"""The settings of Frame Iterator: each of the node's inputs is declared once, in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from ...common.errors import InvalidSetting
from ..policy import ErrorHandling, IterationMode, Policy, WhenComplete
from ..result_names import ResultName
from ..selection import Selection
from .declared import (
    ERROR_HANDLING,
    ITERATION_MODE,
    LOOP_NAME,
    MAX_ATTEMPTS,
    SKIP_FINISHED,
    DeclaredSettings,
)

MOST_AT_ONCE = 4_096
"""Frames of a window: far more than any model takes."""


@dataclass(frozen=True)
class FrameSettings(DeclaredSettings):
    """The settings of a Frame Iterator; see `DeclaredSettings`."""

    words: ClassVar[Mapping[str, str]] = {"item": "frame", "an_item": "a frame", "place": "video"}

    film: str = field(
        default="",
        metadata={
            "tooltip": "The video: a path inside ComfyUI's input folder, or a full path in an "
            "allowed folder."
        },
    )
    frames: int = field(
        default=1,
        metadata={
            "tooltip": "How many frames each run takes: 1, or a window of several for models that "
            "look at a few at a time.",
            "least": 1,
            "most": MOST_AT_ONCE,
        },
    )
    overlap: int = field(
        default=0,
        metadata={
            "tooltip": "How many frames a window shares with the one before.",
            "most": MOST_AT_ONCE - 1,
        },
    )
    error_handling: ErrorHandling = field(default=Policy.error_handling, metadata=ERROR_HANDLING)
    iteration_mode: IterationMode = field(default=IterationMode.CONTINUE, metadata=ITERATION_MODE)
    start_index: int = field(
        default=Selection.start_index,
        metadata={
            "tooltip": "How many runs to leave out at the beginning: frames, or windows of them.",
            "advanced": True,
        },
    )
    limit: int = field(
        default=Selection.limit,
        metadata={
            "tooltip": "The maximum number of runs; 0 means the whole video.",
            "advanced": True,
        },
    )
    max_attempts: int = field(default=Policy.max_attempts, metadata=MAX_ATTEMPTS)
    loop_name: str = field(default="", metadata=LOOP_NAME)
    skip_finished: bool = field(default=False, metadata=SKIP_FINISHED)
    finished_as: str = field(
        default="",
        metadata={
            "tooltip": "With skip_finished: how results are named in the output folder. The word "
            "stem, in braces, stands for the name of a frame, such as film_000012. If empty, "
            "results are named as by Save Image (Batch).",
            "advanced": True,
        },
    )

    @property
    def policy(self) -> Policy:
        """How failures and the end of the batch are handled: a film has an end."""
        return Policy(self.error_handling, self.max_attempts, WhenComplete.STOP)

    def selection(self, finished: tuple[ResultName, ...] = ()) -> Selection:
        """The part of the settings that decides on the listing; raises InvalidSetting."""
        if self.overlap >= self.frames:
            raise InvalidSetting(
                f"overlap is {self.overlap}, and frames is {self.frames}: a window would never get "
                "past the one before. Set overlap to less than frames."
            )
        options = {"frames": str(self.frames), "overlap": str(self.overlap)}
        return Selection(
            start_index=self.start_index,
            limit=self.limit,
            finished=finished,
            options=tuple(options.items()),
        )


FRAME_SETTINGS = FrameSettings.declared()
"""All settings by name, in the order of the node's inputs."""

FRAME_LISTING = frozenset({"film", "frames", "overlap", "start_index", "limit", "loop_name"})
"""The settings that decide what a new batch would contain, finished frames included."""

FILM_READING = frozenset({"film", "frames", "overlap"})
"""The settings that decide what is in a film, regardless of the range."""
