"""Why a folder has no images under some settings, to tell the user what to change."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from enum import Enum

from ..files.listing import first_entries
from ..model.selection import Selection, WhenMissing

MOST_ENTRIES = 20_000
"""The most files and folders that are looked at."""

MOST_KINDS = 3
"""The most kinds of other files that are named."""


class Why(str, Enum):
    """Why there is no image."""

    EMPTY = "empty"
    """The folder has no files, nor have its subfolders."""
    OTHER = "other"
    """It has only files that are no images."""
    FILTER = "filter"
    """It has images, but none that the filter admits."""
    RESULTS = "results"
    """Its images are the batch's own results."""
    LACKING = "lacking"
    """None of its images has the file that belongs to it."""
    RANGE = "range"
    """`start_index` is beyond the last image."""
    SUBFOLDERS = "subfolders"
    """Its images are in subfolders, which the settings leave out."""
    FOLDERS = "folders"
    """It has no files itself, but subfolders, which the settings leave out."""


@dataclass(frozen=True)
class NothingThere:
    """Why there is no image, and what is there instead."""

    why: Why
    images: int = 0
    """How many images there are that the batch does not take."""
    folders: int = 0
    """How many subfolders the settings leave out."""
    kinds: tuple[tuple[str, int], ...] = ()
    """The commonest extensions of other files, such as `.CR2`, and how many files have each."""


def count_kind(kinds: Counter[str], path: str) -> None:
    """Count a file as one of its kind: its extension, or the name of one without.

    Of more than `MOST_ENTRIES` kinds, those that come first are counted.
    """
    kind = os.path.splitext(path)[1] or path
    if kind in kinds or len(kinds) < MOST_ENTRIES:
        kinds[kind] += 1


def other_files(kinds: Counter[str]) -> NothingThere:
    """That a folder has only files that are no images, so many of each kind."""
    return NothingThere(Why.OTHER, kinds=tuple(kinds.most_common(MOST_KINDS)))


def nothing_there(directory: str, selection: Selection) -> NothingThere:
    """Look at a folder, by its real path, in which a selection has found no image.

    With more than `MOST_ENTRIES` files and folders, it goes by the first ones, those of the folder
    itself before those of its subfolders. Raises like `list_images`.
    """
    matches, is_image = selection.matcher(), Selection(kind=selection.kind).matcher()
    matched = images = inside = folders = 0
    kinds: Counter[str] = Counter()
    for path, is_folder in first_entries(directory, MOST_ENTRIES):
        if not selection.recursive and "/" in path:
            if matched or images:
                break
            inside += not is_folder and matches(path)
        elif is_folder:
            folders += 1
        else:
            matched += matches(path)
            images += is_image(path)
            count_kind(kinds, path)
    if matched:
        return NothingThere(_why_none_of_those_that_match(selection), matched)
    if images:
        return NothingThere(Why.FILTER, images)
    if inside:
        return NothingThere(Why.SUBFOLDERS, inside)
    if kinds:
        return other_files(kinds)
    if folders and not selection.recursive:
        return NothingThere(Why.FOLDERS, folders=folders)
    return NothingThere(Why.EMPTY)


def _why_none_of_those_that_match(selection: Selection) -> Why:
    if any(each.when_missing is WhenMissing.LEAVE_OUT for each in selection.companions):
        return Why.LACKING
    return Why.RANGE if selection.has_range else Why.RESULTS
