"""The settings of Frame Iterator: each of the node's inputs is declared once, in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from ...common.errors import InvalidSetting
from ..policy import ErrorHandling, IterationMode, Policy, WhenComplete
from ..result_names import ResultName
from ..selection import Selection
from .setting import Setting

MOST_AT_ONCE = 4_096
"""Frames of a window: far more than any model takes."""


@dataclass(frozen=True)
class FrameSettings:
    """The settings of a Frame Iterator; each field with its metadata becomes a `Setting`."""

    film: str = field(
        default="",
        metadata={
            "tooltip": "The film: a path inside ComfyUI's input folder, or a full path in an "
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
    error_handling: ErrorHandling = field(
        default=Policy.error_handling,
        metadata={
            "tooltip": "When a frame cannot be read, or the workflow fails on it: stop there, so "
            "that the next run tries it again, or record it as failed and continue."
        },
    )
    iteration_mode: IterationMode = field(
        default=IterationMode.CONTINUE,
        metadata={
            "tooltip": "Continue resumes the batch. Reset starts it over once, at the next run, "
            "and again each time it is complete. Retry failed does the same with the failed "
            "frames only.",
            "advanced": True,
        },
    )
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
            "tooltip": "The maximum number of runs; 0 means the whole film.",
            "advanced": True,
        },
    )
    max_attempts: int = field(
        default=Policy.max_attempts,
        metadata={
            "tooltip": "With Skip on error: how often the workflow may fail on a frame before it "
            "is given up.",
            "least": 1,
            "most": 100,
            "advanced": True,
        },
    )
    loop_name: str = field(
        default="",
        metadata={
            "tooltip": "Each workflow has its own position in a film. With another loop name it "
            "has another one, and processes all frames.",
            "longest": 200,
            "advanced": True,
        },
    )
    skip_finished: bool = field(
        default=False,
        metadata={
            "tooltip": "Leave out frames that already have a result.",
            "advanced": True,
        },
    )
    finished_as: str = field(
        default="",
        metadata={
            "tooltip": "With skip_finished: how results are named in the output folder. The word "
            "stem, in braces, stands for the name of a frame, such as film_000012. If empty, "
            "results are named as by Save Image (Batch).",
            "advanced": True,
        },
    )

    @classmethod
    def of(cls, inputs: Mapping[str, Any]) -> FrameSettings:
        """Read the settings from a node's inputs, missing ones by default; InvalidSetting."""
        return cls(
            **{
                name: setting.of(inputs[name])
                for name, setting in FRAME_SETTINGS.items()
                if name in inputs
            }
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


FRAME_SETTINGS: Mapping[str, Setting] = {
    each.name: Setting(each.name, each.default, **each.metadata) for each in fields(FrameSettings)
}
"""All settings by name, in the order of the node's inputs."""

FRAME_LISTING = frozenset({"film", "frames", "overlap", "start_index", "limit", "loop_name"})
"""The settings that decide what a new batch would contain, finished frames included."""

FILM_READING = frozenset({"film", "frames", "overlap"})
"""The settings that decide what is in a film, regardless of the range."""
