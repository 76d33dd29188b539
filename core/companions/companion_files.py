"""The companion of one image: which file it is."""

from __future__ import annotations

import contextlib
import os
import posixpath
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from ..common.errors import (
    BatchLoopError,
    FolderNotFound,
    LeftOut,
    PathRefused,
    UnreadableCompanion,
    UnreadableImage,
    quoted,
)
from ..common.names import COMPANION_IMAGE, COMPANION_TEXT
from ..common.natural_order import natural_key
from ..files.allowed_paths import AllowedFolders, check_source_file
from ..files.listing import is_file
from ..files.path_texts import is_within
from ..files.real_paths import scanned
from ..files.same_file import folded, folds
from ..model.selection import Companion, CompanionKind, WhenMissing
from .patterns import Wanted, pattern_of

T = TypeVar("T")


@dataclass(frozen=True)
class Read(Generic[T]):
    """What was read of a companion, and the real path of its file."""

    content: T
    path: str


def read_companion(
    companion: Companion,
    directory: str,
    path: str,
    allowed: AllowedFolders,
    read: Callable[[str], T],
) -> Read[T] | None:
    """Read the companion of the image at `path`, relative to the folder at a real path.

    Of several files that the pattern with a `*` stands for, it is the first in natural order that
    can be read. `read` is given a real path, and raises `UnreadableImage` or `UnreadableCompanion`.
    None if there is no such file. Raises what the first file was refused for if none can be read,
    and `InvalidSetting` and `PathRefused` like `pattern_of` and `check_source_file`.
    """
    first: BatchLoopError | None = None
    for file in candidates(companion, directory, path, allowed):
        try:
            real_path = check_source_file(file, allowed)
            if _is_there(real_path):
                return Read(read(real_path), real_path)
        except (UnreadableImage, UnreadableCompanion, PathRefused) as error:
            first = first or error
    if first is not None:
        raise first
    return None


def candidates(
    companion: Companion, directory: str, path: str, allowed: AllowedFolders
) -> list[str]:
    """The files that may be the companion, in the order in which they are tried.

    Each lies in an allowed folder, but may be a link out of it.
    """
    pattern = pattern_of(companion)
    folder, wanted = pattern.of(path)
    subfolder, own_name = posixpath.split(path)
    own_folder = os.path.join(directory, *subfolder.split("/")) if subfolder else directory
    folder = check_source_file(os.path.join(own_folder, folder), allowed)
    found = [os.path.join(folder, name) for name in _names(folder, wanted)]
    own = os.path.join(own_folder, own_name)
    return [file for file in found if not _is_the_image(file, own)]


def missing(
    companion: Companion, directory: str, path: str
) -> UnreadableCompanion | FolderNotFound:
    """The error for the image at `path`, relative to the folder at a real path, without its own.

    If a folder that all images have their companions in is gone, no image is to blame.
    """
    name = shown(companion, path)
    lost = _lost_folder(companion, directory, path)
    if lost is not None:
        what = (
            "is gone, and with it the files that belong to the images. Bring it back (is its drive "
            "connected?), and run again: the batch goes on where it stood."
        )
        return FolderNotFound(
            f"The folder {quoted(lost)} {what}",
            elsewhere=f"The folder {quoted(os.path.basename(lost))} {what}",
        )
    reason = f"{quoted(name)}, its companion, is missing"
    is_left_out = companion.when_missing is WhenMissing.LEAVE_OUT
    return (LeftOut if is_left_out else UnreadableCompanion)(
        f"The companion of the image {quoted(path)} is missing: the pattern "
        f"{companion.pattern!r} stands for {quoted(name)}, and there is no such file. Put it there "
        "and run again, or choose in when_missing what else is to happen. To go on without such "
        "images, set error_handling to Skip on error.",
        reason,
        COMPANION_IMAGE if companion.kind is CompanionKind.IMAGE else COMPANION_TEXT,
    )


def _lost_folder(companion: Companion, directory: str, path: str) -> str | None:
    """The folder of companions outside of the folder of images, if it is gone; else None.

    One within it may be there beside some of the images only.
    """
    pattern = pattern_of(companion)
    if not pattern.has_one_folder:
        return None
    own = os.path.join(directory, *path.split("/")[:-1])
    folder = os.path.realpath(os.path.join(own, pattern.name.folder))
    return None if is_within(folder, directory) or os.path.lexists(folder) else folder


def shown(companion: Companion, path: str) -> str:
    """The companion of an image as its pattern names it; of a full path the name alone."""
    pattern = pattern_of(companion)
    folder, wanted = pattern.of(path)
    name = "*".join(wanted.pieces)
    return name if pattern.is_full_path else posixpath.join(folder, name)


def _names(folder: str, wanted: Wanted) -> list[str]:
    """The names of the files in the folder at a real path that are wanted, in natural order."""
    tried = wanted.names
    if tried is None:
        found = list(_matching(folder, wanted))
    else:
        found = [name for name in tried if _is_there(os.path.join(folder, name))]
    if len(found) > 1:
        found = list(_different(folder, sorted(found, key=natural_key)))
    return found


def _matching(folder: str, wanted: Wanted) -> Iterator[str]:
    try:
        with scanned(folder) as entries:
            start, is_folded, here = "", None, wanted
            for entry in entries:
                name = entry.name
                if is_folded is None:
                    is_folded = folds(folder, name)
                    here = wanted.folded() if is_folded else wanted
                    start = here.pieces[0]
                spelled = folded(name) if is_folded else name
                if spelled.startswith(start) and here.matches(spelled) and is_file(entry):
                    yield name
    except (FileNotFoundError, NotADirectoryError):
        return


def _different(folder: str, names: list[str]) -> Iterator[str]:
    """The names without other spellings of the same file."""
    seen = set()
    for name in names:
        with contextlib.suppress(OSError):  # it is gone
            found = os.lstat(os.path.join(folder, name))
            place = (found.st_dev, found.st_ino)
            if place not in seen:
                yield name
            seen.add(place)


def _is_there(file: str) -> bool:
    """Whether there is a file or a link, whose target is not looked at.

    What may not be looked at is not missing: reading it says why.
    """
    try:
        return not stat.S_ISDIR(os.lstat(file).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True


def _is_the_image(file: str, image: str) -> bool:
    """Whether a file is the image itself, and no other name that leads to it."""
    folder, name = os.path.split(file)
    own_folder, own_name = os.path.split(image)
    if os.path.normcase(folder) != os.path.normcase(own_folder):
        return False
    if name == own_name:
        return True
    return folded(name) == folded(own_name) and folds(folder, own_name)
