"""Writing a file so that it appears under its name only when it is whole."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from typing import BinaryIO

from ..common.errors import NoRoom, UnwritableImage, quoted
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


def write_atomic(path: str, data: bytes, if_exists: IfExists) -> bool:
    """Write a file at a real path, creating its folder if needed; returns whether it was written.

    Only OVERWRITE replaces an existing file; otherwise nothing is written if there is one. The data
    goes to a temporary file in the same folder, is flushed to disk, and then gets its name in one
    step. So whatever interrupts the write, no partial file ever has that name, and no file is
    replaced by mistake, even if another program creates it at the same time. The first write to a
    folder also deletes what a crash has left there.

    Raises `UnwritableImage`, with nothing left behind, if the file cannot be written; `NoRoom`, if
    no other could be either.
    """
    folder, name = os.path.split(path)
    try:
        with opened_folder(folder, make=True) as descriptor:
            sweep_once(folder)
            written = _write(_Folder(folder, descriptor), name, data, if_exists)
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


def _write(folder: _Folder, name: str, data: bytes, if_exists: IfExists) -> bool:
    if if_exists is not IfExists.OVERWRITE and folder.holds(name):
        return False  # saves work; `_publish` makes sure
    temporary = temporary_name()
    try:
        _write_flushed(folder, temporary, data)
        return _publish(folder, temporary, name, if_exists)
    finally:
        with contextlib.suppress(OSError):  # usually it has been renamed
            folder.delete(temporary)


def _write_flushed(folder: _Folder, name: str, data: bytes) -> None:
    with folder.create(name) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _publish(folder: _Folder, temporary: str, name: str, if_exists: IfExists) -> bool:
    if if_exists is IfExists.OVERWRITE:
        folder.replace(temporary, name)
        folder.flush()
        return True
    if not _move_without_overwriting(folder, temporary, name):
        return False
    folder.flush()
    return True


def _move_without_overwriting(folder: _Folder, temporary: str, name: str) -> bool:
    """Give the temporary file its name, unless that is taken; returns whether it did."""
    try:
        if os.name == "nt":
            folder.rename(temporary, name)
        else:
            _link(folder, temporary, name)
    except FileExistsError:
        return False
    return True


def _link(folder: _Folder, temporary: str, name: str) -> None:
    try:
        folder.link(temporary, name)
    except FileExistsError:
        raise
    except OSError:
        # A file system without hard links (FAT, some network folders): an empty file reserves the
        # name first; a crash between the two steps would leave it. An error with another cause
        # occurs again here.
        folder.create(name).close()
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
