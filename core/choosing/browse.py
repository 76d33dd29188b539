"""Browsing the allowed folders in a page, to choose one."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass

from ..common.errors import FolderNotFound, PathRefused, quoted
from ..common.file_kinds import FileKind
from ..common.natural_order import natural_key
from ..files.allowed_paths import AllowedFolders, as_written, check_source_file, resolve_shown
from ..files.listing import all_files, is_file, is_folder
from ..files.real_paths import scanned
from ..model.selection import Selection
from .nothing_there import NothingThere, count_kind, other_files

MOST_FOLDERS = 1000
"""The most subfolders of a folder that are shown, and the most files in it."""

MOST_SECONDS = 1.0
"""How long the files of subfolders are counted: somebody waits for the window."""


@dataclass(frozen=True)
class Shown:
    """A folder and its direct subfolders."""

    path: str
    """Its real path; "" for the list of the allowed folders."""
    parent: str | None
    """The folder that contains it; None if that may not be used."""
    folders: tuple[tuple[str, str], ...]
    """The name and the full path of each subfolder, in natural order, `MOST_FOLDERS` or fewer."""
    more: bool
    """Whether there are more subfolders, or files."""
    images: int
    """Number of images directly in it, links that may be read included."""
    files: tuple[tuple[str, str], ...] = ()
    """The name and the full path of each file that was asked for, like `folders`."""
    written: str = ""
    """How a user writes it, see `as_written`."""
    holds_comfyui: bool = False
    """Whether it contains ComfyUI's own folders or the pack's state."""
    within: Within | None = None
    """The images in it and in its subfolders, if they were asked for."""
    nothing: NothingThere | None = None
    """What other files are there if there are no images, as far as all were counted; else None."""


@dataclass(frozen=True)
class Within:
    """Images in a folder and in its subfolders."""

    images: int
    more: bool
    """Whether there may be more: they were not counted to the end."""


def browse(  # noqa: PLR0913 - each says one thing of what is shown
    path: str,
    allowed: AllowedFolders,
    *,
    recursive: bool = False,
    named: Collection[str] = (),
    kind: FileKind = FileKind.IMAGES,
    clock: Callable[[], float] = time.monotonic,
) -> Shown:
    """The contents of an allowed folder; for "", the allowed folders themselves.

    With `recursive`, the images in its subfolders are counted too, for a second at most. Without,
    no subfolder is read: it may be a drive that does not answer. The files with the extensions
    `named` are named, and those of `kind` counted: what is said here of images is of these. Links
    are followed only into allowed folders, those to files too.

    Raises what `resolve_shown` raises, and `FolderNotFound` if the folder cannot be read.
    """
    if not path:
        return Shown("", None, tuple(_roots(allowed)), more=False, images=0)
    folder = resolve_shown(path, allowed)
    names: list[str] = []
    files: list[str] = []
    images = 0
    kinds: Counter[str] = Counter()
    is_image = Selection(kind=kind).matcher()
    try:
        with scanned(folder) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if _is_shown(entry, folder, allowed):
                    names.append(entry.name)
                elif not (is_file(entry) and _may_be_read(entry, folder, entry.name, allowed)):
                    continue
                else:
                    if os.path.splitext(entry.name)[1].lower() in named:
                        files.append(entry.name)
                    if is_image(entry.name):
                        images += 1
                    else:
                        count_kind(kinds, entry.name)
    except OSError as error:
        raise FolderNotFound(
            f"The folder {quoted(folder)} cannot be read: {error.strerror or error}. Choose "
            "another one, or let the user that runs ComfyUI read it."
        ) from error
    names.sort(key=natural_key)
    files.sort(key=natural_key)
    shown = names[:MOST_FOLDERS]
    shown_files = files[:MOST_FOLDERS]
    within = None
    if recursive:
        within, kinds = _within(folder, allowed, kind, clock)
    has_images = images or (within and within.images)
    return Shown(
        folder,
        _parent(folder, allowed),
        tuple((name, os.path.join(folder, name)) for name in shown),
        more=len(shown) < len(names) or len(shown_files) < len(files),
        images=images,
        files=tuple((name, os.path.join(folder, name)) for name in shown_files),
        written=as_written(folder, allowed),
        holds_comfyui=allowed.protected.is_held_by(folder),
        within=within,
        nothing=other_files(kinds) if kinds and not has_images else None,
    )


class _TookLongError(Exception):
    """Raised when counting has taken as long as it may."""


def _within(
    folder: str, allowed: AllowedFolders, kind: FileKind, clock: Callable[[], float]
) -> tuple[Within, Counter[str]]:
    """What a folder has with its subfolders: images, and other files if all were counted."""
    until = clock() + MOST_SECONDS

    def going_on() -> None:
        if clock() > until:
            raise _TookLongError

    images = 0
    kinds: Counter[str] = Counter()
    is_image = Selection(kind=kind).matcher()
    try:
        for path, entry in all_files(folder, going_on):
            if not _may_be_read(entry, folder, path, allowed):
                continue
            if is_image(path):
                images += 1
            else:
                count_kind(kinds, path)
    except _TookLongError:
        return Within(images, more=True), Counter()
    return Within(images, more=False), kinds


def _roots(allowed: AllowedFolders) -> Iterator[tuple[str, str]]:
    yield "input", allowed.input
    yield "output", allowed.output
    yield "temp", allowed.temp
    for folder in dict.fromkeys(allowed.extra):
        yield folder, folder


def _parent(folder: str, allowed: AllowedFolders) -> str | None:
    roots = {path for _, path in _roots(allowed)}
    parent = os.path.dirname(folder)
    return None if folder in roots or not allowed.may_read(parent) else parent


def _may_be_read(entry: os.DirEntry[str], folder: str, path: str, allowed: AllowedFolders) -> bool:
    """Whether a run would read a file at a relative path: a link may lead out of all folders."""
    if not entry.is_symlink():
        return True
    with suppress(PathRefused):
        check_source_file(os.path.join(folder, path), allowed)
        return True
    return False


def _is_shown(entry: os.DirEntry[str], folder: str, allowed: AllowedFolders) -> bool:
    """Whether an entry is a folder that may be used, or a link to one."""
    # First, as it takes one look: a real path takes one for each part.
    if not is_folder(entry):
        return False
    path = os.path.join(folder, entry.name)
    if not entry.is_symlink() and os.name != "nt":
        return not allowed.protected.verdict(path).is_state
    # On Windows, junctions are links that `is_symlink` does not report.
    return allowed.may_read(os.path.realpath(path))
