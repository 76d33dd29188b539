"""The paths of items that are no files by themselves, and what people read in place of a path."""

from __future__ import annotations

import posixpath
import re

ROW_EXTENSION = ".row"
"""Extension of the paths of rows: so they are named like files, with a stem for their results."""

_FRAME_EXTENSION = ".frame"
_FRAMES = re.compile(r"\.frame(?:s([1-9][0-9]*))?\Z")
"""The same of frames of films, and of windows of several."""

SEPARATOR = " · "
"""Between an entry and the label of its value; no label has a "·"."""

_NO_EXTENSION = "."
"""Ends the path where the entry has no extension: a label may have a dot, as 0.5 does."""

_ROW = re.compile(r"(?:(.*) )?[0-9a-f]{12}(#[1-9][0-9]*)?( · .*)?\.row", re.DOTALL)


def is_row(path: str) -> bool:
    """Whether the path is that of a row, which is no file of its own."""
    return path.endswith(ROW_EXTENSION)


def is_frame(path: str) -> bool:
    """Whether the path is that of a frame of a film, or of a window of them."""
    return _FRAMES.search(path) is not None


def frames_of(path: str) -> int:
    """How many frames an item has; 0 if it is none of a film."""
    found = _FRAMES.search(path)
    return 0 if found is None else int(found[1] or 1)


def frame_extension(frames: int) -> str:
    """Extension of the paths of windows of so many frames: another window is another item."""
    return _FRAME_EXTENSION if frames == 1 else f"{_FRAME_EXTENSION}s{frames}"


def title_of(path: str) -> str:
    """The title of an item: a row's text, and of equal rows which; of a file, its path."""
    found = _ROW.fullmatch(path)
    if found is None:
        return _FRAMES.sub("", path).removesuffix(_NO_EXTENSION if label_in(path) else "")
    return " ".join(part.strip() for part in found.groups() if part) or path.removesuffix(
        ROW_EXTENSION
    )


def taken_with(entry: str, label: str) -> str:
    """The path of an item: the entry's, with the variant's label behind its stem."""
    stem, extension = posixpath.splitext(entry)
    if extension in {"", _NO_EXTENSION}:
        return f"{entry}{SEPARATOR}{label}{_NO_EXTENSION}"
    return f"{stem}{SEPARATOR}{label}{extension}"


def entry_in(path: str) -> str:
    """The entry's path in that of an item; the same if it has no variant."""
    stem, extension = posixpath.splitext(path)
    before, separator, _ = stem.rpartition(SEPARATOR)
    if not separator:
        return path
    return before if extension == _NO_EXTENSION else before + extension


def label_in(path: str) -> str:
    """The variant's label in an item's path; empty if it has no variant."""
    _, separator, label = posixpath.splitext(path)[0].rpartition(SEPARATOR)
    return label if separator else ""
