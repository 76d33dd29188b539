"""Which files of a folder make up a batch, and their order."""

from __future__ import annotations

import fnmatch
import os
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import TypeVar

from ..common.errors import InvalidSetting, quoted
from ..common.file_kinds import (
    EXTENSIONS_OF,
    JPEG_EXTENSIONS,
    PNG_EXTENSIONS,
    WEBP_EXTENSIONS,
    FileKind,
)
from .result_names import ResultName, check_length

T = TypeVar("T")


class Filter(str, Enum):
    """Which files of the folder belong to the batch; users see the values."""

    ALL = "All images"
    PNG = "PNG"
    JPEG = "JPEG"
    WEBP = "WebP"
    CUSTOM = "Custom"


class SortBy(str, Enum):
    """The order of the batch; users see the values."""

    NATURAL = "natural name"
    """img2 before img10, as in file managers; a folder's own files before its subfolders'."""
    NAME = "name"
    """Character by character (by code point): img10 before img2, B before a."""
    MODIFIED = "modified time"
    """Oldest first."""
    SIZE = "size"
    """Smallest file first."""
    SHUFFLE = "shuffle"
    """Random, but the same for the same seed and files; `descending` has no effect."""


class WhenMissing(str, Enum):
    """What becomes of an image whose companion is missing; users see the values."""

    FAIL = "Fail"
    """The image fails, as if it could not be read."""
    EMPTY = "Empty"
    """Its companion is empty: a black image, an empty mask, no text."""
    LEAVE_OUT = "Leave the image out"
    """It is no image of the batch."""


class CompanionKind(str, Enum):
    """What a companion is read as."""

    IMAGE = "image"
    TEXT = "text"


@dataclass(frozen=True, order=True)
class Companion:
    """The file beside each image that a node of the graph asks for, such as a mask or a caption."""

    pattern: str
    """As written, such as `../masks/{stem}.*`, see `core.companions.patterns`."""
    when_missing: WhenMissing
    kind: CompanionKind


CUSTOM_EXAMPLE = "*.png, photo_*.jpg, !*_mask.png"
"""An example of `Selection.custom_pattern`, for messages."""

_EXTENSIONS = {
    Filter.PNG: PNG_EXTENSIONS,
    Filter.JPEG: JPEG_EXTENSIONS,
    Filter.WEBP: WEBP_EXTENSIONS,
}


@dataclass(frozen=True)
class Selection:
    """Everything that a listing depends on, except the folder and the shuffle's seed."""

    filter: Filter = Filter.ALL
    custom_pattern: str = ""
    """Globs, separated by commas, used only with `Filter.CUSTOM`. One with a leading "!" excludes
    files. A glob is matched against the name of the file or, if there is a "/" in it, against the
    relative path, in which "*" also matches a "/". Upper and lower case are the same."""
    recursive: bool = False
    sort_by: SortBy = SortBy.NATURAL
    descending: bool = False
    start_index: int = 0
    limit: int = 0
    """0 = no limit."""
    finished: tuple[ResultName, ...] = ()
    """Names of an image's results; an image that has all of them is left out, see
    `core.results.finished_results`. The range still counts it, so it always contains the same
    images."""
    kind: FileKind = FileKind.IMAGES
    """Which files all of them are, where `filter` takes all, or `custom_pattern` excludes some."""
    options: tuple[tuple[str, str], ...] = ()
    """Names and values of what a source needs to know to read its items; none for images."""
    companions: tuple[Companion, ...] = ()
    """What nodes ask for of each image: such files are no images, and some images are left out for
    lack of them, see `core.companions.listed_companions`. The range counts neither."""

    @property
    def has_range(self) -> bool:
        """Whether it is limited to a part of the matching images."""
        return bool(self.start_index or self.limit)

    def without_range(self) -> Selection:
        """The same for all matching images."""
        return replace(self, start_index=0, limit=0)

    def in_range(self, items: Sequence[T]) -> Sequence[T]:
        """Those of all matching items, in order, that the range holds."""
        end = self.start_index + self.limit if self.limit else None
        return items[self.start_index : end] if self.has_range else items

    def matcher(self) -> Callable[[str], bool]:
        """Return a function that tells whether a relative path belongs to the batch.

        Raises `InvalidSetting` if the filter is Custom and `custom_pattern` contains no glob.
        """
        all_extensions = EXTENSIONS_OF[self.kind]
        if self.filter is Filter.CUSTOM:
            return _custom_matcher(self.custom_pattern, all_extensions)
        return _extension_matcher(_EXTENSIONS.get(self.filter, all_extensions))


def _extension_matcher(extensions: frozenset[str]) -> Callable[[str], bool]:
    def matches(path: str) -> bool:
        return path[path.rfind(".") :].lower() in extensions

    return matches


def _custom_matcher(custom_pattern: str, all_extensions: frozenset[str]) -> Callable[[str], bool]:
    check_length("custom_pattern", custom_pattern)
    globs = [glob.strip() for glob in custom_pattern.split(",")]
    includes = [glob for glob in globs if glob and not glob.startswith("!")]
    excludes = [glob[1:].strip() for glob in globs if glob.startswith("!")]
    excludes = [glob for glob in excludes if glob]
    if not includes and not excludes:
        msg = (
            "The filter is Custom, and custom_pattern names no files: it is "
            f"{quoted(custom_pattern)}. Give patterns such as '{CUSTOM_EXAMPLE}', "
            "or choose another filter."
        )
        raise InvalidSetting(msg)
    included = _any_glob(includes) if includes else _extension_matcher(all_extensions)
    excluded = _any_glob(excludes)
    return lambda path: included(path) and not excluded(path)


def _any_glob(globs: list[str]) -> Callable[[str], bool]:
    # On Windows users write "\" for "/"; elsewhere this replaces "/" with itself.
    globs = [_composed(glob.replace(os.sep, "/")) for glob in globs]
    match_path = _matcher_of([glob for glob in globs if "/" in glob])
    match_name = _matcher_of([glob for glob in globs if "/" not in glob])

    def matches(path: str) -> bool:
        path = _composed(path)
        return bool(match_name(path.rpartition("/")[2]) or match_path(path))

    return matches


def _matcher_of(globs: list[str]) -> Callable[[str], re.Match[str] | None]:
    nothing = r"(?!)"
    expression = "|".join(map(fnmatch.translate, globs)) or nothing
    return lambda text: re.match(expression, text, re.IGNORECASE)


def _composed(text: str) -> str:
    # macOS returns names in decomposed form; keyboards type the composed form.
    return unicodedata.normalize("NFC", text)
