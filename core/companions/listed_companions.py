"""The companions of all images of a folder: which files are some, and which images lack one.

Each folder of companions is read once, and names are looked up in memory: so a listing takes a few
microseconds more for each image.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ..common.errors import PathRefused
from ..common.natural_order import natural_key
from ..common.pace import parts_of
from ..files.allowed_paths import AllowedFolders, check_source_file
from ..files.listing import LOOK_EVERY
from ..files.path_texts import is_within
from ..model.selection import Companion, WhenMissing
from .folder_names import FolderNames
from .patterns import Pattern, pattern_of


@dataclass(frozen=True)
class Beside:
    """What the companions of a folder's images leave of these."""

    companions: Collection[str] = ()
    """The images that are companions of others, by their relative paths."""
    lacking: Collection[str] = ()
    """Those that are left out, as a companion of theirs is missing."""


class FindBeside(Protocol):
    """Finds the companions of the images of a folder, see `beside`."""

    def __call__(
        self,
        companions: Sequence[Companion],
        directory: str,
        paths: Sequence[str],
        going_on: Callable[[], object],
    ) -> Beside:
        """Return what they leave of the images at `paths`."""


def nothing_beside(
    companions: Sequence[Companion],  # noqa: ARG001
    directory: str,  # noqa: ARG001
    paths: Sequence[str],  # noqa: ARG001
    going_on: Callable[[], object],  # noqa: ARG001
) -> Beside:
    """No image has a companion."""
    return Beside()


def beside(
    companions: Sequence[Companion],
    directory: str,
    paths: Sequence[str],
    allowed: AllowedFolders,
    going_on: Callable[[], object] = lambda: None,
) -> Beside:
    """Which of the images at `paths`, relative to the folder at a real path, are left out.

    A file that any pattern stands for is no image, but the companion of one; of two files that are
    companions of each other, the first in natural order is the image. A folder that may not be read
    counts as empty. `going_on` is called repeatedly meanwhile, and what it raises ends this. Raises
    `InvalidSetting` and `PathRefused` like `pattern_of`.
    """
    images = _Images(directory, paths, allowed, going_on)
    of_images: defaultdict[str, set[str]] = defaultdict(set)
    lacking: set[str] = set()
    for companion in companions:
        is_needed = companion.when_missing is WhenMissing.LEAVE_OUT
        found = images.companions_of(pattern_of(companion), is_needed=is_needed)
        for image, has_one, among_images in found:
            if among_images:
                of_images[image].update(among_images)
            if is_needed and not has_one:
                lacking.add(image)
    claimed = _claimed(of_images)
    return Beside(claimed, lacking - claimed)


def _claimed(of_images: Mapping[str, set[str]]) -> set[str]:
    """The images that are companions; `of_images` has those of each image."""
    targets = set().union(*of_images.values())
    claimed = set().union(*(of_images[image] for image in of_images.keys() - targets))
    # What is left are companions of each other, or of companions.
    for image in sorted(of_images.keys() & targets, key=natural_key):
        if image not in claimed:
            claimed |= of_images[image]
    return claimed


class _Images:
    """The images of a folder, by subfolder."""

    def __init__(
        self,
        directory: str,
        paths: Sequence[str],
        allowed: AllowedFolders,
        going_on: Callable[[], object],
    ) -> None:
        self._directory = directory
        self._allowed = allowed
        self._going_on = going_on
        self._paths = set(paths)
        self._names: defaultdict[str, list[str]] = defaultdict(list)
        for part in parts_of(paths, LOOK_EVERY):
            for path in part:
                subfolder, _, name = path.rpartition("/")
                self._names[subfolder].append(name)
            going_on()
        self._contents: dict[tuple[str, str], tuple[FolderNames, str | None]] = {}

    def companions_of(
        self, pattern: Pattern, *, is_needed: bool
    ) -> Iterator[tuple[str, bool, list[str]]]:
        """Each image, whether it has a companion, and the images that are companions of it.

        Unless each `is_needed`, images whose companions lie where no images are may be left out.
        """
        for subfolder, names in self._names.items():
            prefix = _prefix(subfolder)
            in_one = pattern.in_one_folder(subfolder)
            for part in parts_of(names, LOOK_EVERY):
                for name in part:
                    path = prefix + name
                    folder, wanted = (
                        pattern.of(path) if in_one is None else (in_one[0], in_one[1](name))
                    )
                    files, beside_images = self._contents_of(subfolder, folder)
                    if not is_needed and beside_images is None:
                        continue
                    found = files.matching(wanted)
                    if beside_images is None:
                        yield path, bool(found), []
                        continue
                    others = [each for each in found if each != name or beside_images != prefix]
                    inner = (beside_images + each for each in others)
                    yield path, bool(others), [each for each in inner if each in self._paths]
                self._going_on()

    def _contents_of(self, subfolder: str, folder: str) -> tuple[FolderNames, str | None]:
        """The files of a folder, and the prefix of relative paths in it; None if no image is."""
        place = (subfolder, folder)
        if place not in self._contents:
            own = os.path.join(self._directory, *subfolder.split("/")).rstrip(os.sep)
            self._contents[place] = self._read(os.path.join(own, folder))
        return self._contents[place]

    def _read(self, full: str) -> tuple[FolderNames, str | None]:
        try:
            real_path = check_source_file(full, self._allowed)
        except PathRefused:
            return FolderNames(None, self._going_on), None
        return FolderNames(real_path, self._going_on), self._prefix_in(real_path)

    def _prefix_in(self, real_path: str) -> str | None:
        """The prefix of relative paths in a folder; None if no image is in it."""
        if not is_within(real_path, self._directory):
            return None
        inner = os.path.relpath(real_path, self._directory).replace(os.sep, "/")
        subfolder = "" if inner == os.curdir else inner
        return _prefix(subfolder) if subfolder in self._names else None


def _prefix(subfolder: str) -> str:
    return f"{subfolder}/" if subfolder else ""
