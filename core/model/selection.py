"""Which files of a folder make up a batch, and their order."""

from __future__ import annotations

import fnmatch
import os
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from ..common.errors import InvalidSetting, quoted
from .result_names import ResultName, check_length

_PNG_EXTENSIONS = (".png", ".apng")
_JPEG_EXTENSIONS = (".jpg", ".jpeg", ".jpe", ".jfif")
_WEBP_EXTENSIONS = (".webp",)

IMAGE_EXTENSIONS = frozenset(
    (
        *_PNG_EXTENSIONS,
        *_JPEG_EXTENSIONS,
        *_WEBP_EXTENSIONS,
        *(".avif", ".bmp", ".dib", ".gif", ".jp2", ".mpo", ".pbm", ".pgm", ".pnm", ".ppm"),
        *(".qoi", ".tga", ".tif", ".tiff"),
    ),
)
"""The files of "All images": still images that Pillow, and so ComfyUI's Load Image, can decode."""


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


CUSTOM_EXAMPLE = "*.png, photo_*.jpg, !*_mask.png"
"""An example of `Selection.custom_pattern`, for messages."""

_EXTENSIONS = {
    Filter.ALL: IMAGE_EXTENSIONS,
    Filter.PNG: frozenset(_PNG_EXTENSIONS),
    Filter.JPEG: frozenset(_JPEG_EXTENSIONS),
    Filter.WEBP: frozenset(_WEBP_EXTENSIONS),
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

    @property
    def has_range(self) -> bool:
        """Whether it is limited to a part of the matching images."""
        return bool(self.start_index or self.limit)

    def without_range(self) -> Selection:
        """The same for all matching images."""
        return replace(self, start_index=0, limit=0)

    def in_range(self, paths: Sequence[str]) -> Sequence[str]:
        """Those of all matching images, in order, that the range holds."""
        end = self.start_index + self.limit if self.limit else None
        return paths[self.start_index : end] if self.has_range else paths

    def matcher(self) -> Callable[[str], bool]:
        """Return a function that tells whether a relative path belongs to the batch.

        Raises `InvalidSetting` if the filter is Custom and `custom_pattern` contains no glob.
        """
        if self.filter is Filter.CUSTOM:
            return _custom_matcher(self.custom_pattern)
        return _extension_matcher(_EXTENSIONS[self.filter])


def _extension_matcher(extensions: frozenset[str]) -> Callable[[str], bool]:
    def matches(path: str) -> bool:
        return path[path.rfind(".") :].lower() in extensions

    return matches


def _custom_matcher(custom_pattern: str) -> Callable[[str], bool]:
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
    included = _any_glob(includes) if includes else _extension_matcher(IMAGE_EXTENSIONS)
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
