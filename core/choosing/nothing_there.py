"""Why a folder has no images under some settings, to tell the user what to change."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum
from itertools import islice

from ..files.listing import files_in
from ..model.selection import Filter, Selection

MOST_FILES = 20_000
"""The most files that are looked at."""

MOST_KINDS = 3
"""The most kinds of other files that are named."""


class Why(str, Enum):
    """Why there is no image."""

    EMPTY = "empty"
    """The folder has no files."""
    OTHER = "other"
    """It has only files that are no images."""
    FILTER = "filter"
    """It has images, but none that the filter admits."""
    RESULTS = "results"
    """Its images are the batch's own results."""
    RANGE = "range"
    """`start_index` is beyond the last image."""
    SUBFOLDERS = "subfolders"
    """Its images are in subfolders, which the settings leave out."""


@dataclass(frozen=True)
class NothingThere:
    """Why there is no image, and what is there instead."""

    why: Why
    images: int = 0
    """How many images there are that the batch does not take."""
    kinds: tuple[tuple[str, int], ...] = ()
    """The commonest extensions of other files, such as `.CR2`, and how many files have each."""


def nothing_there(directory: str, selection: Selection) -> NothingThere:
    """Look at a folder, by its real path, in which a selection has found no image.

    Raises like `list_images`.
    """
    matching = selection.without_range()
    matched = sum(1 for _ in _first(directory, matching))
    if matched:
        return NothingThere(Why.RANGE if selection.has_range else Why.RESULTS, matched)
    every = Selection(recursive=selection.recursive)
    images = sum(1 for _ in _first(directory, every))
    if images:
        return NothingThere(Why.FILTER, images)
    below = replace(matching, recursive=True)
    inside = 0 if selection.recursive else sum(1 for _ in _first(directory, below))
    if inside:
        return NothingThere(Why.SUBFOLDERS, inside)
    anything = Selection(Filter.CUSTOM, "*", recursive=selection.recursive)
    kinds = Counter(os.path.splitext(path)[1] or path for path in _first(directory, anything))
    if not kinds:
        return NothingThere(Why.EMPTY)
    return NothingThere(Why.OTHER, kinds=tuple(kinds.most_common(MOST_KINDS)))


def _first(directory: str, selection: Selection) -> Iterator[str]:
    return islice(files_in(directory, selection), MOST_FILES)
