"""The settings of Directory Iterator: each of the node's inputs is declared once, in order.

The node's schema, its validation, the request for an image, the routes that take settings and the
rows that keep them all use these declarations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import ClassVar

from ..policy import ErrorHandling, IterationMode, Policy, WhenComplete
from ..result_names import ResultName, check_length
from ..selection import CUSTOM_EXAMPLE, Filter, Selection, SortBy
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


@dataclass(frozen=True)
class IteratorSettings(DeclaredSettings):
    """The settings of a Directory Iterator; see `DeclaredSettings`."""

    words: ClassVar[Mapping[str, str]] = {"item": "image", "an_item": "an image", "place": "folder"}

    directory: str = field(
        default="",
        metadata={
            "tooltip": "The folder of images: a folder inside ComfyUI's input folder (. for the "
            "input folder itself), or the full path of an allowed folder."
        },
    )
    filter: Filter = field(
        default=Selection.filter,
        metadata={"tooltip": "Which files to take."},
    )
    custom_pattern: str = field(
        default=Selection.custom_pattern,
        metadata={
            "tooltip": "With filter Custom: patterns, separated by commas, such as "
            f"{CUSTOM_EXAMPLE}. One with an exclamation mark in front leaves files out.",
            "shown_with": ("filter", Filter.CUSTOM),
        },
    )
    recursive: bool = field(
        default=Selection.recursive,
        metadata={"tooltip": "Whether to include the images in subfolders."},
    )
    sort_by: SortBy = field(
        default=Selection.sort_by,
        metadata={"tooltip": "The order of the images. Natural name puts img2 before img10."},
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
            # No braces: ComfyUI's frontend would treat them as placeholders.
            "tooltip": "With skip_finished: how results are named in the output folder. The words "
            "stem, filename and subfolder, in braces, stand for those of the source. If empty, "
            "results are named as by Save Image (Batch).",
            "advanced": True,
        },
    )

    @property
    def policy(self) -> Policy:
        """How failures and the end of the batch are handled."""
        return Policy(self.error_handling, self.max_attempts, self.when_complete)

    def selection(self, finished: tuple[ResultName, ...] = ()) -> Selection:
        """The part of the settings that decides on the listing; InvalidSetting.

        `finished` holds the names of the results: images that have all of them are left out.
        """
        check_length("custom_pattern", self.custom_pattern)
        return Selection(finished=finished, **{name: vars(self)[name] for name in SELECTING})


SETTINGS = IteratorSettings.declared()
"""All settings by name, in the order of the node's inputs."""

SELECTING = [each.name for each in fields(Selection) if each.name in SETTINGS]
"""The settings that decide which images there are, and in which order."""

LISTING = frozenset({"directory", "loop_name", *SELECTING})
"""The settings that decide what a new batch would contain, finished images included."""

MATCHING = frozenset({"filter", "custom_pattern", "recursive"})
"""The settings that decide which files match, regardless of the range."""

NAMING = frozenset({"skip_finished", "finished_as"})
"""The settings that decide which finished images are left out."""
