"""Writing a file so that it appears under its name only when it is whole."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable
from typing import BinaryIO

from ..common.errors import NoRoom, UnwritableImage, quoted
from ..common.sight import Sight, digest
from ..model.if_exists import IfExists
from .leftovers import sweep_once, temporary_name
from .real_paths import opened_folder

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
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})
"""Errors that every other result would meet, too."""


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
            written = _write(_Folder(folder, descriptor), name, data, if_exists, at, check)
    except (OSError, ValueError) as error:  # ValueError: a character that no name can have
        is_full = isinstance(error, OSError) and error.errno in _NO_ROOM
        raise (NoRoom if is_full else UnwritableImage)(_message(path, error)) from error
    return written


def check_name(path: str) -> None:
    """Raise `UnwritableImage` if no file can have that real path, as far as can be told now.

    The name may be too long, or a folder's: a caller should know before it goes on.
    """
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        raise UnwritableImage(_message(path, error)) from error
    if stat.S_ISDIR(mode):
        raise UnwritableImage(_message(path, IsADirectoryError(errno.EISDIR, "")))


class _Folder:
    """A folder, by its descriptor, so that it cannot be swapped; by its path except on Linux."""

    def __init__(self, path: str, descriptor: int | None) -> None:
        self._path = path
        self._descriptor = descriptor

    def holds(self, name: str) -> bool:
        """Whether it contains anything with that name, even a broken link."""
        try:
            os.stat(self._at(name), dir_fd=self._descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True

    def create(self, name: str) -> BinaryIO:
        """Create and open a file, which must not exist."""
        return open(self._at(name), "xb", opener=self._opener)

    def sight(self, name: str) -> Sight:
        """How a file looks."""
        found = os.stat(self._at(name), dir_fd=self._descriptor, follow_symlinks=False)
        return Sight(found.st_mtime_ns, found.st_size)

    def date(self, name: str, at: int) -> None:
        """Set the time of a file's last modification by its name: Windows has no other way."""
        with contextlib.suppress(OSError):
            os.utime(self._at(name), ns=(at, at), dir_fd=self._descriptor)

    def replace(self, name: str, new_name: str) -> None:
        """Rename a file, replacing an existing one."""
        os.replace(
            self._at(name),
            self._at(new_name),
            src_dir_fd=self._descriptor,
            dst_dir_fd=self._descriptor,
        )

    def rename(self, name: str, new_name: str) -> None:
        """Rename a file; on Windows this refuses to overwrite."""
        os.rename(self._at(name), self._at(new_name))

    def link(self, name: str, new_name: str) -> None:
        """Give a file a second name, which must be free."""
        os.link(
            self._at(name),
            self._at(new_name),
            src_dir_fd=self._descriptor,
            dst_dir_fd=self._descriptor,
        )

    def delete(self, name: str) -> None:
        """Delete a file."""
        os.unlink(self._at(name), dir_fd=self._descriptor)

    def flush(self) -> None:
        """Flush new names to disk too, so that they survive a power cut."""
        if os.name == "nt":  # it cannot, and need not
            return
        with contextlib.suppress(OSError):  # some network file systems do not support this
            folder = os.open(self._at("."), os.O_RDONLY, dir_fd=self._descriptor)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def _at(self, name: str) -> str:
        return name if self._descriptor is not None else os.path.join(self._path, name)

    def _opener(self, path: str, flags: int) -> int:
        return os.open(path, flags, 0o666, dir_fd=self._descriptor)


def _write(  # noqa: PLR0913, PLR0917 - what `write_atomic` is given
    folder: _Folder,
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
        found = digest(data)
        # As late as possible; but whoever would forbid it may have deleted the file.
        check()
        # Before it has its name: afterwards somebody else may replace it.
        sight = folder.sight(temporary)._replace(digest=found)
        return sight if _publish(folder, temporary, name, if_exists, at) else None
    finally:
        with contextlib.suppress(OSError):  # usually it has been renamed
            folder.delete(temporary)


def _write_flushed(folder: _Folder, name: str, data: bytes, at: int | None) -> None:
    with folder.create(name) as file:
        file.write(data)
        file.flush()
        if at is not None:
            _date(file, at)
        os.fsync(file.fileno())
    if at is not None and not _DATES_OPEN_FILES:
        folder.date(name, at)


_DATES_OPEN_FILES = os.utime in os.supports_fd


def _date(file: BinaryIO, at: int) -> None:
    """Set the time of an open file's last modification, if the file system lets it."""
    if _DATES_OPEN_FILES:
        with contextlib.suppress(OSError):
            os.utime(file.fileno(), ns=(at, at))


def _publish(
    folder: _Folder, temporary: str, name: str, if_exists: IfExists, at: int | None
) -> bool:
    if if_exists is IfExists.OVERWRITE:
        folder.replace(temporary, name)
        folder.flush()
        return True
    if not _move_without_overwriting(folder, temporary, name, at):
        return False
    folder.flush()
    return True


def _move_without_overwriting(folder: _Folder, temporary: str, name: str, at: int | None) -> bool:
    """Give the temporary file its name, unless that is taken; returns whether it did."""
    try:
        if os.name == "nt":
            folder.rename(temporary, name)
        else:
            _link(folder, temporary, name, at)
    except FileExistsError:
        return False
    return True


def _link(folder: _Folder, temporary: str, name: str, at: int | None) -> None:
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
                _date(reserved, at)
        try:
            folder.replace(temporary, name)
        except BaseException:
            folder.delete(name)
            raise


def _message(path: str, error: OSError | ValueError) -> str:
    number = error.errno if isinstance(error, OSError) else None
    strerror = error.strerror if isinstance(error, OSError) else None
    reason, advice = _REASONS.get(
        number or 0,
        (strerror or str(error), "Check the folder and the disk"),
    )
    return f"Cannot write {quoted(path)}: {reason}. {advice}, and run again."
