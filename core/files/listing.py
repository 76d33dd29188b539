"""Which images of a folder a batch consists of, and in which order.

An image is named by its path relative to the folder, with "/" on every system, exactly as the
file system spells it: Unicode is never normalised, so both spellings of an "é" stay two files.
"""

from __future__ import annotations

import logging
import os
import random
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import compress, islice

from ..common import pace
from ..common.errors import FolderNotFound, NotAFolder, quoted
from ..common.file_kinds import EXTENSIONS_OF, FileKind
from ..common.natural_order import natural_key, path_of
from ..model.selection import Selection, SortBy
from .real_paths import scanned

_log = logging.getLogger(__name__)

LOOK_EVERY = 256
"""Files of one folder between two calls of `going_on`."""

_WEIGHTLESS = 5 * 10**30
"""Added to a weight, it gives all weights the same number of digits, so they sort as texts."""


_SPELLED = {
    kind: sorted({each for name in extensions for each in (name, name.upper())})
    for kind, extensions in EXTENSIONS_OF.items()
}


def files_named(folder: str, stem: str, kind: FileKind) -> list[str]:
    """The files in a folder that are of a kind by their names, with a stem; takes no listing."""
    files = (os.path.join(folder, stem + extension) for extension in _SPELLED[kind])
    return [file for file in files if os.path.lexists(file)]


def is_listed(path: str, kind: FileKind, *, recursive: bool) -> bool:
    """Whether the file at a relative path would be listed by its name, with all of its kind."""
    folders = path.split("/")
    return (
        (recursive or len(folders) == 1)
        and not any(name.startswith(".") for name in folders)
        and Selection(kind=kind).matcher()(path)
    )


def list_images(
    directory: str,
    selection: Selection,
    seed: int = 0,
    going_on: Callable[[], object] = lambda: None,
    *,
    without: Callable[[Sequence[str]], Collection[str]] = lambda _paths: (),
) -> list[str]:
    """List the images of the folder at a real path in order, including finished ones.

    Returns relative paths, which are the whole batch; none if nothing matches, or `start_index` is
    beyond the last. The result depends only on the files and the arguments: files with the same
    time or size are in natural order.

    Hidden files and folders (with a leading dot, as the temporary files of this pack have) are left
    out, and so are links to folders, which could lead out of the folder or in circles. A link to a
    file is listed; its target is checked on use. A subfolder that cannot be read is left out with a
    warning in the log.

    `going_on` is called repeatedly meanwhile, and what it raises ends the listing. `without` is
    given all that match, regardless of the range, and returns those to leave out.

    Raises `FolderNotFound` if the folder cannot be read, `NotAFolder` if it is a file, and
    `InvalidSetting` like `Selection.matcher`.
    """
    order = selection.sort_by
    weigh = {SortBy.MODIFIED: _modified, SortBy.SIZE: _size}.get(order)
    names: list[str] = []
    weights: list[int] = []
    for path, entry in _images(directory, selection, going_on):
        names.append(path)
        if weigh:
            # Now: the entry is valid only while its folder is open.
            weights.append(weigh(entry))
    left_out = without(names)
    if left_out:
        kept = [path not in left_out for path in names]
        names, weights = list(compress(names, kept)), list(compress(weights, kept))
    if order is SortBy.NATURAL or weigh:
        names = _in_natural_order(names, weights, selection, going_on)
    else:
        # Also before a shuffle, which must not depend on the file system's order.
        pace.sort(names, going_on)
        if order is SortBy.SHUFFLE:
            random.Random(seed).shuffle(names)  # noqa: S311 - an order, not a secret
        elif selection.descending:
            names.reverse()
    return list(selection.in_range(names))


def _in_natural_order(
    names: list[str], weights: list[int], selection: Selection, going_on: Callable[[], object]
) -> list[str]:
    """`names` by weight, if there are `weights`, and in natural order.

    Paths of equal weight are in natural order, whether the weights descend or ascend.
    """
    keys: list[str] = []
    for part in pace.parts_of(names, LOOK_EVERY):
        if weights:
            sign = -1 if selection.descending else 1
            weighed = weights[len(keys) : len(keys) + len(part)]
            keys += (
                f"{_WEIGHTLESS + sign * weight}{natural_key(path)}"
                for weight, path in zip(weighed, part, strict=True)
            )
        else:
            keys += map(natural_key, part)
        going_on()
    pace.sort(keys, going_on)
    if selection.descending and not weights:
        keys.reverse()
    found: list[str] = []
    for part in pace.parts_of(keys, LOOK_EVERY):
        found += map(path_of, part)
        going_on()
    return found


def linked_files(
    directory: str, selection: Selection, going_on: Callable[[], object] = lambda: None
) -> Iterator[str]:
    """Real paths of the files that images of a folder are links to, regardless of the range.

    If there are no links, it costs little more than reading the folder. Raises like `list_images`.
    """
    for path, entry in _images(directory, selection, going_on):
        if entry.is_symlink():
            yield os.path.realpath(os.path.join(directory, path))


def all_files(
    directory: str, going_on: Callable[[], object]
) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """All files in a folder and its subfolders by their relative paths, in no order.

    Links to files are among them, wherever they lead. `going_on` is called before each folder is
    read, and repeatedly meanwhile. Raises like `list_images`.
    """
    return _files(directory, lambda _path: True, going_on, recursive=True)


def first_entries(directory: str, most: int) -> Iterator[tuple[str, bool]]:
    """Relative paths of the first files and folders in a folder, and whether each is a folder.

    The folder's own come before those in its subfolders. At most `most` entries are read, hidden
    ones included, which are left out. Raises like `list_images`.
    """
    prefixes = deque([""])
    left = most
    while prefixes and left:
        prefix = prefixes.popleft()
        for entry in islice(_entries_of(directory, prefix), left):
            left -= 1
            path = prefix + entry.name
            if entry.name.startswith("."):
                continue
            if is_file(entry):
                yield path, False
            elif _is_own_folder(entry, directory, path):
                prefixes.append(path + "/")
                yield path, True


def has_images(directory: str, selection: Selection) -> bool:
    """Whether a folder has any image that the filter admits, regardless of the range.

    Stops at the first, so it is quick in a folder of any size. Raises like `list_images`.
    """
    return any(True for _ in _images(directory, selection))


def is_file(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a file, or a link to one."""
    try:
        return entry.is_file()
    except OSError:  # a circular link, or one to a forbidden place
        return False


def is_folder(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a folder, or a link to one."""
    try:
        return entry.is_dir()
    except OSError:  # as above
        return False


def sight(path: str) -> tuple[int, int] | None:
    """A description of the file at a full path that changes when the file does; None if it is gone.

    It is its size and modification time, by any clock: it is only compared with itself.
    """
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


def _images(
    directory: str, selection: Selection, going_on: Callable[[], object] = lambda: None
) -> Iterator[tuple[str, os.DirEntry[str]]]:
    return _files(directory, selection.matcher(), going_on, recursive=selection.recursive)


def _files(
    directory: str,
    matches: Callable[[str], bool],
    going_on: Callable[[], object],
    *,
    recursive: bool,
) -> Iterator[tuple[str, os.DirEntry[str]]]:
    prefixes = [""]
    resting = pace.Pace()
    while prefixes:
        prefix = prefixes.pop()
        # A slow drive takes its time for each folder, however few files it has.
        going_on()
        for seen, entry in enumerate(_entries_of(directory, prefix), start=1):
            # After each entry, as many patterns can take a millisecond for one name.
            resting.rest()
            if seen % LOOK_EVERY == 0:
                going_on()
            name = entry.name
            if name.startswith("."):
                continue
            path = prefix + name
            if matches(path) and is_file(entry):
                yield path, entry
            elif recursive and _is_own_folder(entry, directory, path):
                prefixes.append(path + "/")


def _entries_of(directory: str, prefix: str) -> Iterator[os.DirEntry[str]]:
    """The entries of a subfolder, or of the folder itself, whose `prefix` is empty."""
    try:
        yield from _entries(os.path.join(directory, prefix))
    except OSError as error:
        if not prefix:
            raise _unreadable_folder(directory, error) from error
        _log.warning(
            "Batch Loop leaves out the subfolder %s of %s: %s",
            quoted(prefix),
            quoted(directory),
            error.strerror or error,
        )


def _entries(folder: str) -> Iterator[os.DirEntry[str]]:
    with scanned(folder.rstrip(os.sep) or folder) as entries:
        yield from entries


def _unreadable_folder(directory: str, error: OSError) -> FolderNotFound | NotAFolder:
    if isinstance(error, NotADirectoryError):
        return NotAFolder(
            f"{quoted(directory)} is a file, not a folder. Choose the folder that it is in.",
        )
    return FolderNotFound(
        f"The folder {quoted(directory)} cannot be read: {error.strerror or error}. Check that it "
        "exists, and that the user that runs ComfyUI may read it.",
    )


def _is_own_folder(entry: os.DirEntry[str], directory: str, path: str) -> bool:
    try:
        if not entry.is_dir(follow_symlinks=False):
            return False
    except OSError:  # it is gone
        return False
    # A Windows junction does not show as a link.
    full = os.path.abspath(os.path.join(directory, path))
    return os.name != "nt" or os.path.realpath(full) == full


def _modified(entry: os.DirEntry[str]) -> int:
    status = _status(entry)
    return status.st_mtime_ns if status else 0


def _size(entry: os.DirEntry[str]) -> int:
    status = _status(entry)
    return status.st_size if status else 0


def _status(entry: os.DirEntry[str]) -> os.stat_result | None:
    try:
        return entry.stat()
    except OSError:  # it is gone; opening it will report that
        return None
