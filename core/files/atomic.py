"""Writing a file so that it appears under its name only when it is whole."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from enum import Enum
from typing import BinaryIO

from ..common.errors import UnwritableImage, quoted
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


class IfExists(str, Enum):
    """What to do when a file of the name exists; the values are what users see."""

    OVERWRITE_OWN = "overwrite own"
    """Replace what the same image left in an earlier run; write beside anything else, as RENAME."""
    OVERWRITE = "overwrite"
    """Replace whatever is there."""
    SKIP = "skip"
    """Leave the old file as it is, and write nothing."""
    RENAME = "rename"
    """Write beside it, as name_1.png, name_2.png and so on."""


def write_atomic(path: str, data: bytes, if_exists: IfExists) -> bool:
    """Write a file at a real path, making its folder where needed; returns whether it was written.

    Only OVERWRITE replaces a file that exists; with any other choice nothing is written then. The
    data goes to a temporary file in the same folder, is flushed to the disk, and then gets its name
    in one step: whatever stops the write, no part of a file ever stands under that name, and no
    file is replaced by mistake, even if somebody else makes one of that name at the same time. At
    the first write to a folder it is searched for what a crash has left there, and never again.

    Raises `UnwritableImage`, with nothing left behind, if the file cannot be written.
    """
    folder, name = os.path.split(path)
    try:
        with opened_folder(folder, make=True) as descriptor:
            sweep_once(folder)
            written = _write(_Folder(folder, descriptor), name, data, if_exists)
    except (OSError, ValueError) as error:  # ValueError: a character that no name can have
        raise UnwritableImage(_message(path, error)) from error
    return written


def check_name(path: str) -> None:
    """Raise `UnwritableImage` where no file can get that real path, as far as a look can tell.

    A name that is too long, or a folder that has it: what a caller should know before it goes on.
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
    """A folder that stays the one that was opened; elsewhere than on Linux, one of that path."""

    def __init__(self, path: str, descriptor: int | None) -> None:
        self._path = path
        self._descriptor = descriptor

    def holds(self, name: str) -> bool:
        """Whether anything in it has that name, if only a broken link."""
        try:
            os.stat(self._at(name), dir_fd=self._descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True

    def create(self, name: str) -> BinaryIO:
        """Open a file that must not exist."""
        return open(self._at(name), "xb", opener=self._opener)

    def replace(self, name: str, new_name: str) -> None:
        """Rename a file, over another if there is one."""
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
        """Write new names to the disk too, so that they outlive a power cut."""
        if os.name == "nt":  # which cannot, and need not
            return
        with contextlib.suppress(OSError):  # some network file systems do not do this
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
        return False  # before the work; below it is made sure of
    temporary = temporary_name()
    try:
        _write_flushed(folder, temporary, data)
        return _publish(folder, temporary, name, if_exists)
    finally:
        with contextlib.suppress(OSError):  # most of the time it has been moved
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
    """Give the temporary file its name, unless that is taken; returns whether it was given."""
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
        # A file system without hard links (FAT, some network folders): the name is taken with an
        # empty file first, which a crash between the two would leave. If the cause was another
        # one, it comes up again here.
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
