"""The settings of Video Iterator and Audio Iterator: each input is declared once, in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, TypeVar

from typing_extensions import Self

from ...common.file_kinds import FileKind
from ..policy import ErrorHandling, IterationMode, Policy, WhenComplete
from ..result_names import ResultName, check_length
from ..selection import Filter, Selection, SortBy
from .setting import Setting

T = TypeVar("T", bound="FileSettings")


@dataclass(frozen=True)
class FileSettings:
    """The settings of both; each field with its metadata becomes a `Setting`.

    In the tooltips, {item} and {items} stand for what the files are, and {ending} for a usual one.
    """

    kind: ClassVar[FileKind]

    directory: str = field(
        default="",
        metadata={
            "tooltip": "The folder of {items}: a folder inside ComfyUI's input folder (. for the "
            "input folder itself), or the full path of an allowed folder."
        },
    )
    custom_pattern: str = field(
        default="",
        metadata={
            "tooltip": "Which files to take: patterns, separated by commas, such as "
            "scene_*.{ending}, !*_raw.{ending}. One with an exclamation mark in front leaves files "
            "out. If empty, all {items}."
        },
    )
    recursive: bool = field(
        default=Selection.recursive,
        metadata={"tooltip": "Whether to include the {items} in subfolders."},
    )
    sort_by: SortBy = field(
        default=Selection.sort_by,
        metadata={
            "tooltip": "The order of the {items}. Natural name puts {item}2 before {item}10."
        },
    )
    error_handling: ErrorHandling = field(
        default=Policy.error_handling,
        metadata={
            "tooltip": "When a {item} cannot be read, or the workflow fails on it: stop there, so "
            "that the next run tries it again, or record it as failed and continue."
        },
    )
    descending: bool = field(
        default=Selection.descending,
        metadata={"tooltip": "Whether to reverse the order.", "advanced": True},
    )
    iteration_mode: IterationMode = field(
        default=IterationMode.CONTINUE,
        metadata={
            "tooltip": "Continue resumes the batch. Reset starts it over once, at the next run, "
            "and again each time it is complete. Retry failed does the same with the failed "
            "{items} only.",
            "advanced": True,
        },
    )
    start_index: int = field(
        default=Selection.start_index,
        metadata={
            "tooltip": "How many {items} to leave out at the beginning.",
            "advanced": True,
        },
    )
    limit: int = field(
        default=Selection.limit,
        metadata={"tooltip": "The maximum number of {items}; 0 means all.", "advanced": True},
    )
    max_attempts: int = field(
        default=Policy.max_attempts,
        metadata={
            "tooltip": "With Skip on error: how often the workflow may fail on a {item} before it "
            "is given up.",
            "least": 1,
            "most": 100,
            "advanced": True,
        },
    )
    when_complete: WhenComplete = field(
        default=Policy.when_complete,
        metadata={
            "tooltip": "When every {item} is finished: Stop does nothing more, Start over begins "
            "again at the next run, Watch waits for new {items} and continues automatically.",
            "advanced": True,
        },
    )
    loop_name: str = field(
        default="",
        metadata={
            "tooltip": "Each workflow has its own position in a folder. With another loop name it "
            "has another one, and processes all {items}.",
            "longest": 200,
            "advanced": True,
        },
    )
    skip_finished: bool = field(
        default=False,
        metadata={"tooltip": "Leave out {items} that already have a result.", "advanced": True},
    )
    finished_as: str = field(
        default="",
        metadata={
            # No braces are left: ComfyUI's frontend would treat them as placeholders.
            "tooltip": "With skip_finished: how results are named in the output folder. The words "
            "stem, filename and subfolder, in braces, stand for those of the source. If empty, "
            "results are named as by the savers that follow.",
            "advanced": True,
        },
    )

    @classmethod
    def of(cls, inputs: Mapping[str, Any]) -> Self:
        """Read the settings from a node's inputs, missing ones by default; InvalidSetting."""
        return cls(
            **{
                name: setting.of(inputs[name])
                for name, setting in FILE_SETTINGS[cls.kind].items()
                if name in inputs
            }
        )

    @property
    def policy(self) -> Policy:
        """How failures and the end of the batch are handled."""
        return Policy(self.error_handling, self.max_attempts, self.when_complete)

    def selection(self, finished: tuple[ResultName, ...] = ()) -> Selection:
        """The part of the settings that decides on the listing; see `IteratorSettings.selection`.

        Without a pattern, all files of the kind are taken.
        """
        check_length("custom_pattern", self.custom_pattern)
        custom_pattern = self.custom_pattern.strip()
        return Selection(
            filter=Filter.CUSTOM if custom_pattern else Filter.ALL,
            custom_pattern=custom_pattern,
            recursive=self.recursive,
            sort_by=self.sort_by,
            descending=self.descending,
            start_index=self.start_index,
            limit=self.limit,
            finished=finished,
            kind=self.kind,
        )


class VideoSettings(FileSettings):
    """The settings of a Video Iterator."""

    kind = FileKind.VIDEOS


class AudioSettings(FileSettings):
    """The settings of an Audio Iterator."""

    kind = FileKind.AUDIO


def _declared(item: str, ending: str) -> Mapping[str, Setting]:
    words = {"item": item, "items": f"{item}s", "ending": ending}
    return {
        each.name: Setting(
            each.name,
            each.default,
            **{**each.metadata, "tooltip": each.metadata["tooltip"].format(**words)},
        )
        for each in fields(FileSettings)
    }


FILE_SETTINGS: Mapping[FileKind, Mapping[str, Setting]] = {
    FileKind.VIDEOS: _declared("video", "mp4"),
    FileKind.AUDIO: _declared("sound", "wav"),
}
"""All settings by kind and name, in the order of the node's inputs."""

FILE_LISTING = frozenset(
    {
        *("directory", "custom_pattern", "recursive", "sort_by", "descending"),
        *("start_index", "limit", "loop_name"),
    }
)
"""The settings that decide what a new batch would contain, finished files included."""

MATCHING_FILES = frozenset({"directory", "custom_pattern", "recursive"})
"""The settings that decide which files match, regardless of the range."""
