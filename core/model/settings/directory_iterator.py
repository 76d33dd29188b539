"""The settings of Directory Iterator: each of the node's inputs is declared once, in order.

The node's schema, its validation, the request for an image, the routes that take settings and the
rows that keep them all use these declarations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from ..policy import ErrorHandling, IterationMode, Policy, WhenComplete
from ..result_names import ResultName, check_length
from ..selection import CUSTOM_EXAMPLE, Filter, Selection, SortBy
from .setting import Setting


@dataclass(frozen=True)
class IteratorSettings:
    """The settings of a Directory Iterator; each field with its metadata becomes a `Setting`."""

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
    error_handling: ErrorHandling = field(
        default=Policy.error_handling,
        metadata={
            "tooltip": "When an image cannot be read, or the workflow fails on it: stop there, so "
            "that the next run tries it again, or record it as failed and continue."
        },
    )
    descending: bool = field(
        default=Selection.descending,
        metadata={
            "tooltip": "Whether to reverse the order.",
            "advanced": True,
        },
    )
    iteration_mode: IterationMode = field(
        default=IterationMode.CONTINUE,
        metadata={
            "tooltip": "Continue resumes the batch. Reset starts it over once, at the next run, "
            "and again each time it is complete. Retry failed does the same with the failed "
            "images only.",
            "advanced": True,
        },
    )
    start_index: int = field(
        default=Selection.start_index,
        metadata={
            "tooltip": "How many images to leave out at the beginning.",
            "advanced": True,
        },
    )
    limit: int = field(
        default=Selection.limit,
        metadata={
            "tooltip": "The maximum number of images; 0 means all.",
            "advanced": True,
        },
    )
    max_attempts: int = field(
        default=Policy.max_attempts,
        metadata={
            "tooltip": "With Skip on error: how often the workflow may fail on an image before it "
            "is given up.",
            "least": 1,
            "most": 100,
            "advanced": True,
        },
    )
    when_complete: WhenComplete = field(
        default=Policy.when_complete,
        metadata={
            "tooltip": "When every image is finished: Stop does nothing more, Start over begins "
            "again at the next run, Watch waits for new images and continues automatically.",
            "advanced": True,
        },
    )
    loop_name: str = field(
        default="",
        metadata={
            "tooltip": "Each workflow has its own position in a folder. With another loop name it "
            "has another one, and processes all images.",
            # Pages keep asking for the names of all loops.
            "longest": 200,
            "advanced": True,
        },
    )
    skip_finished: bool = field(
        default=False,
        metadata={
            "tooltip": "Leave out images that already have a result.",
            "advanced": True,
        },
    )
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

    @classmethod
    def of(cls, inputs: Mapping[str, Any]) -> IteratorSettings:
        """Read the settings from a node's inputs, missing ones by default; InvalidSetting."""
        return cls(
            **{
                name: setting.of(inputs[name])
                for name, setting in SETTINGS.items()
                if name in inputs
            }
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


SETTINGS: Mapping[str, Setting] = {
    each.name: Setting(each.name, each.default, **each.metadata)
    for each in fields(IteratorSettings)
}
"""All settings by name, in the order of the node's inputs."""

SELECTING = [each.name for each in fields(Selection) if each.name in SETTINGS]
"""The settings that decide which images there are, and in which order."""

LISTING = frozenset({"directory", "loop_name", *SELECTING})
"""The settings that decide what a new batch would contain, finished images included."""

MATCHING = frozenset({"filter", "custom_pattern", "recursive"})
"""The settings that decide which files match, regardless of the range."""

NAMING = frozenset({"skip_finished", "finished_as"})
"""The settings that decide which finished images are left out."""
