"""The settings of Video Iterator and Audio Iterator: each input is declared once, in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from ...common.file_kinds import FileKind
from ..policy import ErrorHandling, IterationMode, Policy, WhenComplete
from ..result_names import ResultName, check_length
from ..selection import Filter, Selection, SortBy
from .declared import (
    DESCENDING,
    ERROR_HANDLING,
    ITERATION_MODE,
    LIMIT,
    LOOP_NAME,
    MAX_ATTEMPTS,
    SKIP_FINISHED,
    START_INDEX,
    WHEN_COMPLETE,
    DeclaredSettings,
)


def _words(item: str, ending: str) -> Mapping[str, str]:
    return {"item": item, "an_item": f"a {item}", "place": "folder", "ending": ending}


@dataclass(frozen=True)
class FileSettings(DeclaredSettings):
    """The settings of both; see `DeclaredSettings`."""

    kind: ClassVar[FileKind]

    directory: str = field(
        default="",
        metadata={
            "tooltip": "The folder of {item}s: a folder inside ComfyUI's input folder (. for the "
            "input folder itself), or the full path of an allowed folder."
        },
    )
    custom_pattern: str = field(
        default="",
        metadata={
            "tooltip": "Which files to take: patterns, separated by commas, such as "
            "scene_*.{ending}, !*_raw.{ending}. One with an exclamation mark in front leaves files "
            "out. If empty, all {item}s."
        },
    )
    recursive: bool = field(
        default=Selection.recursive,
        metadata={"tooltip": "Whether to include the {item}s in subfolders."},
    )
    sort_by: SortBy = field(
        default=Selection.sort_by,
        metadata={
            "tooltip": "The order of the {item}s. Natural name puts {item}2 before {item}10."
        },
    )
    error_handling: ErrorHandling = field(default=Policy.error_handling, metadata=ERROR_HANDLING)
    descending: bool = field(default=Selection.descending, metadata=DESCENDING)
    iteration_mode: IterationMode = field(default=IterationMode.CONTINUE, metadata=ITERATION_MODE)
    start_index: int = field(default=Selection.start_index, metadata=START_INDEX)
    limit: int = field(default=Selection.limit, metadata=LIMIT)
    max_attempts: int = field(default=Policy.max_attempts, metadata=MAX_ATTEMPTS)
    when_complete: WhenComplete = field(default=Policy.when_complete, metadata=WHEN_COMPLETE)
    loop_name: str = field(default="", metadata=LOOP_NAME)
    skip_finished: bool = field(default=False, metadata=SKIP_FINISHED)
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
    words = _words("video", "mp4")


class AudioSettings(FileSettings):
    """The settings of an Audio Iterator."""

    kind = FileKind.AUDIO
    words = _words("sound", "wav")


FILE_LISTING = frozenset(
    {
        *("directory", "custom_pattern", "recursive", "sort_by", "descending"),
        *("start_index", "limit", "loop_name"),
    }
)
"""The settings that decide what a new batch would contain, finished files included."""

MATCHING_FILES = frozenset({"directory", "custom_pattern", "recursive"})
"""The settings that decide which files match, regardless of the range."""
