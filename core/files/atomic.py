"""Writing a file so that it appears under its name only when it is whole."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable

from ..common.errors import NoRoom, UnwritableImage, quoted
from ..common.sight import Sight, digest
from ..model.if_exists import IfExists
from .leftovers import sweep_once, temporary_name
from .real_paths import OpenFolder, date, opened_folder

_REASONS = {
    errno.ENOSPC: ("the disk is full", "Free some space"),
    errno.EDQUOT: ("your share of the disk is used up", "Free some space"),
    errno.EROFS: ("the folder is read-only", "Choose another folder, or make it writable"),
    errno.EACCES: ("writing is not permitted", "Let the user that runs ComfyUI write there"),
    errno.EPERM: ("writing is not permitted", "Let the user that runs ComfyUI write there"),
    errno.ENAMETOOLONG: ("the name is too long", "Use a shorter name, prefix or suffix"),
    errno.ENOTDIR: ("a part of the path is a file", "Choose another folder, or move that file"),
    errno.EEXIST: ("a part of the path is a file", "Choose another folder, or move that file"),
    errno.ELOOP: ("a link was put into its path meanwhile", "Take the link away"),
    errno.EISDIR: ("a folder has this name", "Choose another name or folder"),
}
_READ_AT_ONCE = 1 << 20
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})
"""Errors that every other result would meet, too."""


Make = Callable[[Callable[[], str]], str]
"""Makes a file: it is given a function for paths of temporary files, and returns the one to keep.
"""


def write_atomic(
    path: str,
    data: bytes,
    if_exists: IfExists,
    at: int | None = None,
    check: Callable[[], object] = lambda: None,
) -> Sight | None:
    """Write a file at a real path, creating its folder if needed; returns how it looks.

    Only OVERWRITE replaces an existing file; otherwise nothing is written if there is one, and the
    answer is None. The data goes to a temporary file in the same folder, is flushed to disk, and
    then gets its name in one step. So whatever interrupts the write, no partial file ever has that
    name, and no file is replaced by mistake, even if another program creates it at the same time.
    The first write to a folder also deletes what a crash has left there. `at` is when the file
    is to have been modified, in nanoseconds since the epoch. `check` is called when the file is
    about to get its name, and prevents that by an exception.

    Raises `UnwritableImage`, with nothing left behind, if the file cannot be written; `NoRoom`, if
    no other could be either.
    """
    folder, name = os.path.split(path)
    try:
        with opened_folder(folder, make=True) as descriptor:
            sweep_once(folder)
            written = _write(OpenFolder(folder, descriptor), name, data, if_exists, at, check)
    except (OSError, ValueError) as error:  # ValueError: a character that no name can have
        is_full = isinstance(error, OSError) and error.errno in _NO_ROOM
        raise (NoRoom if is_full else UnwritableImage)(_message(path, error)) from error
    return written


def make_atomic(
    path: str,
    make: Make,
    if_exists: IfExists,
    at: int | None = None,
    check: Callable[[], object] = lambda: None,
) -> Sight | None:
    """Like `write_atomic`, for a file that something else writes, which needs a path for it.

    `make` is called if the name is free. Its temporary files lie beside the file, and have its
    extension. Those that are not kept are deleted. What it raises that is no OSError or ValueError
    is raised here.
    """
    folder, name = os.path.split(path)
    try:
        with opened_folder(folder, make=True) as descriptor:
            sweep_once(folder)
            made = _make(OpenFolder(folder, descriptor), name, make, if_exists, at, check)
    except (OSError, ValueError) as error:
        is_full = isinstance(error, OSError) and error.errno in _NO_ROOM
        raise (NoRoom if is_full else UnwritableImage)(_message(path, error)) from error
    return made


def check_name(path: str, label: str = "") -> None:
    """Raise `UnwritableImage` if no file can have that real path, as far as can be told now.

    The name may be too long, or a folder's: a caller should know before it goes on. `label` is the
    part of the name that a variant's value has given it.
    """
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        raise UnwritableImage(_message(path, error, label)) from error
    if stat.S_ISDIR(mode):
        raise UnwritableImage(_message(path, IsADirectoryError(errno.EISDIR, "")))


def _write(  # noqa: PLR0913, PLR0917 - what `write_atomic` is given
    folder: OpenFolder,
    name: str,
    data: bytes,
    if_exists: IfExists,
    at: int | None,
    check: Callable[[], object],
) -> Sight | None:
    if if_exists is not IfExists.OVERWRITE and folder.holds(name):
        return None  # saves work; `_publish` makes sure
    temporary = temporary_name()
    try:
        _write_flushed(folder, temporary, data, at)
        return _given_name(folder, temporary, name, digest(data), if_exists, at, check)
    finally:
        with contextlib.suppress(OSError):  # usually it has been renamed
            folder.delete(temporary)


def _make(  # noqa: PLR0913, PLR0917 - what `make_atomic` is given
    folder: OpenFolder,
    name: str,
    make: Make,
    if_exists: IfExists,
    at: int | None,
    check: Callable[[], object],
) -> Sight | None:
    if if_exists is not IfExists.OVERWRITE and folder.holds(name):
        return None
    extension, begun = os.path.splitext(name)[1].lower(), list[str]()

    def new_path() -> str:
        begun.append(temporary_name(extension=extension))
        folder.create(begun[-1]).close()
        return folder.path_of(begun[-1])

    try:
        made = os.path.basename(make(new_path))
        found = _flushed(folder, made, at)
        return _given_name(folder, made, name, found, if_exists, at, check)
    finally:
        for each in begun:
            with contextlib.suppress(OSError):
                folder.delete(each)


def _given_name(  # noqa: PLR0913, PLR0917 - what `write_atomic` is given
    folder: OpenFolder,
    temporary: str,
    name: str,
    content: int,
    if_exists: IfExists,
    at: int | None,
    check: Callable[[], object],
) -> Sight | None:
    """How a whole file with this checksum looks, once it has its name; None if that is taken."""
    # As late as possible; but whoever would forbid it may have deleted the file.
    check()
    # Before it has its name: afterwards somebody else may replace it.
    sight = folder.sight(temporary)._replace(digest=content)
    return sight if _publish(folder, temporary, name, if_exists, at) else None


def _flushed(folder: OpenFolder, name: str, at: int | None) -> int:
    """Flush a file that was made to disk, and date it; the checksum of its content."""
    checksum = 0
    with folder.open(name) as file:
        while part := file.read(_READ_AT_ONCE):
            checksum = digest(part, checksum)
        if at is not None:
            date(file, at)
        os.fsync(file.fileno())
    if at is not None:
        folder.date(name, at)
    return checksum


def _write_flushed(folder: OpenFolder, name: str, data: bytes, at: int | None) -> None:
    with folder.create(name) as file:
        file.write(data)
        file.flush()
        if at is not None:
            date(file, at)
        os.fsync(file.fileno())
    if at is not None:
        folder.date(name, at)


def _publish(
    folder: OpenFolder, temporary: str, name: str, if_exists: IfExists, at: int | None
) -> bool:
    if if_exists is IfExists.OVERWRITE:
        folder.replace(temporary, name)
        folder.flush()
        return True
    if not _move_without_overwriting(folder, temporary, name, at):
        return False
    folder.flush()
    return True


def _move_without_overwriting(
    folder: OpenFolder, temporary: str, name: str, at: int | None
) -> bool:
    """Give the temporary file its name, unless that is taken; returns whether it did."""
    try:
        if os.name == "nt":
            folder.rename(temporary, name)
        else:
            _link(folder, temporary, name, at)
    except FileExistsError:
        return False
    return True


def _link(folder: OpenFolder, temporary: str, name: str, at: int | None) -> None:
    try:
        folder.link(temporary, name)
    except FileExistsError:
        raise
    except OSError:
        # A file system without hard links (FAT, some network folders): an empty file reserves the
        # name first; a crash between the two steps would leave it, with the file's time. An
        # error with another cause occurs again here.
        with folder.create(name) as reserved:
            if at is not None:
                date(reserved, at)
        try:
            folder.replace(temporary, name)
        except BaseException:
            folder.delete(name)
            raise


def _message(path: str, error: OSError | ValueError, label: str = "") -> str:
    number = error.errno if isinstance(error, OSError) else None
    strerror = error.strerror if isinstance(error, OSError) else None
    reason, advice = _REASONS.get(
        number or 0,
        (strerror or str(error), "Check the folder and the disk"),
    )
    if label and number == errno.ENAMETOOLONG:
        advice += f", or a shorter value in Variants: {quoted(label)} is the label of this one"
    return f"Cannot write {quoted(path)}: {reason}. {advice}, and run again."
