"""The settings of Directory Iterator: the node's inputs, in their order, each declared once.

The node's schema, what checks it before a run, the request for an image and the routes that take
settings all go by these declarations.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from enum import Enum
from typing import Any

from ..common.choice import chosen
from ..common.errors import InvalidSetting
from .naming import ResultName, check_length
from .selection import CUSTOM_EXAMPLE, Filter, Selection, SortBy
from .state import ErrorHandling, IterationMode, Policy, WhenComplete

LARGEST_NUMBER = 2**31 - 1
"""Largest number that the frontend's number widgets are given."""


@dataclass(frozen=True)
class Setting:
    """One input: its kind is that of its default."""

    name: str
    default: str | bool | int | Enum
    tooltip: str
    least: int = 0
    most: int = LARGEST_NUMBER
    """Limits of a number."""
    longest: int | None = None
    """Characters of a text."""
    advanced: bool = False
    """Whether a person sees it only among the advanced inputs."""

    def of(self, value: Any) -> Any:
        """What a value means that ComfyUI has taken for this input; InvalidSetting.

        Links may bring what the widget does not offer: a number below the least counts as that.
        """
        default = self.default
        if isinstance(default, Enum):
            return chosen(type(default), value, self.name)
        if isinstance(default, bool):
            return bool(value)
        if isinstance(default, int):
            return max(self.least, int(value))
        text = str(value)
        if self.longest is not None and len(text) > self.longest:
            raise InvalidSetting(
                f"{self.name} has {len(text)} characters, and begins with {text[:40]!r}. It may "
                f"have {self.longest} at the most: choose a shorter one."
            )
        return text

    def of_json(self, value: Any) -> Any:
        """As `of`, for JSON from anywhere, whose values have to be of the setting's own type."""
        kind = type(self.default)
        if kind is str and not isinstance(value, str):
            raise InvalidSetting(f"{self.name} has to be a text.")
        if kind is bool and not isinstance(value, bool):
            raise InvalidSetting(f"{self.name} has to be true or false.")
        if kind is int and not (type(value) is int and self.least <= value <= self.most):
            raise InvalidSetting(
                f"{self.name} has to be a whole number from {self.least} to {self.most}."
            )
        return self.of(value)


@dataclass(frozen=True)
class IteratorSettings:
    """What a Directory Iterator is set to: a field and its metadata make a `Setting`."""

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
            f"{CUSTOM_EXAMPLE}. One with an exclamation mark in front leaves files out."
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
    descending: bool = field(
        default=Selection.descending,
        metadata={"tooltip": "Whether to reverse the order."},
    )
    iteration_mode: IterationMode = field(
        default=IterationMode.CONTINUE,
        metadata={
            "tooltip": "Continue resumes the batch. Reset starts it over once, at the next run, "
            "and again each time it is complete. Retry failed does the same with the failed "
            "images only."
        },
    )
    error_handling: ErrorHandling = field(
        default=Policy.error_handling,
        metadata={
            "tooltip": "When an image cannot be read, or the workflow fails on it: stop there, so "
            "that the next run tries it again, or record it as failed and continue."
        },
    )
    start_index: int = field(
        default=Selection.start_index,
        metadata={"tooltip": "How many images to leave out at the beginning."},
    )
    limit: int = field(
        default=Selection.limit,
        metadata={"tooltip": "The maximum number of images; 0 means all."},
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
            "tooltip": "Workflows on the same folder share its images, unless their loop names "
            "differ: then each processes all of them.",
            # Pages ask for the names of all loops again and again.
            "longest": 200,
            "advanced": True,
        },
    )
    skip_finished: bool = field(
        default=False,
        metadata={"tooltip": "Leave out images that already have a result."},
    )
    finished_as: str = field(
        default="",
        metadata={
            # No braces: ComfyUI's frontends would take them for places to fill.
            "tooltip": "With skip_finished: how results are named in the output folder. The words "
            "stem, filename and subfolder, in braces, stand for those of the source. If empty, "
            "results are named as by Save Image (Batch).",
            "advanced": True,
        },
    )

    @classmethod
    def of(cls, inputs: Mapping[str, Any]) -> IteratorSettings:
        """What the inputs of a node say; those that are missing are as in a new node.

        Raises InvalidSetting.
        """
        return cls(
            **{
                name: setting.of(inputs[name])
                for name, setting in SETTINGS.items()
                if name in inputs
            }
        )

    @classmethod
    def of_json(cls, body: Mapping[str, Any], names: Collection[str]) -> IteratorSettings:
        """As `of`, for those of a route's JSON that are `names`; the directory has to be there."""
        given = {"directory": None, **body}
        return cls(
            **{
                name: setting.of_json(given[name])
                for name, setting in SETTINGS.items()
                if name in names and name in given
            }
        )

    @property
    def policy(self) -> Policy:
        """How failures and the end are treated."""
        return Policy(self.error_handling, self.max_attempts, self.when_complete)

    def selection(self, finished: tuple[ResultName, ...] = ()) -> Selection:
        """What the listing is made by; InvalidSetting.

        `finished` is how the results of images that are left out are named.
        """
        check_length("custom_pattern", self.custom_pattern)
        return Selection(finished=finished, **{name: getattr(self, name) for name in SELECTING})


SETTINGS: Mapping[str, Setting] = {
    each.name: Setting(each.name, each.default, **each.metadata)
    for each in fields(IteratorSettings)
}
"""All of them by their names, in the order of the node's inputs."""

SELECTING = [each.name for each in fields(Selection) if each.name in SETTINGS]
"""Those that decide which images there are, and in which order."""

LISTING = frozenset({"directory", "loop_name", *SELECTING})
"""Those that say what a batch would hold that began now, but for what is finished."""

MATCHING = frozenset({"filter", "custom_pattern", "recursive"})
"""Those that decide which files match, whatever the range."""

NAMING = frozenset({"skip_finished", "finished_as"})
"""Those that decide which images are left out."""
