"""Opening exactly the path that was checked: a link put there afterwards is not followed.

A real path contains no links. So opening it part by part, following no link, opens the very path
that was checked, whatever happens to the folders meanwhile. Linux can do this. Elsewhere the path
is opened as a whole and checked again afterwards, which two swaps at the right moments could still
defeat.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from typing import BinaryIO

from ..common.sight import Sight

_STEP = getattr(os, "O_PATH", 0)
"""Flag to open a folder only as a step of a path, which needs no permission to read it."""

IS_STEPWISE = bool(_STEP)
"""Whether paths are opened part by part here."""

_ONLY_READ = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
# A pipe in place of a file must not block the reader.
_NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)

_DATES_OPEN_FILES = os.utime in os.supports_fd

_SWAPPED = "a link was put into its path while it was looked at"


@contextlib.contextmanager
def opened_folder(real_path: str, *, make: bool = False) -> Iterator[int | None]:
    """A descriptor of a folder for `dir_fd`; None where there are none.

    With `make`, it is created if needed. Raises `OSError`, with `errno.ELOOP` for a link.
    """
    if not IS_STEPWISE:
        if make:
            check_again(real_path)
            os.makedirs(real_path, exist_ok=True)
        check_again(real_path)
        yield None
        return
    folder = _walk(real_path, make=make)
    try:
        yield folder
    finally:
        os.close(folder)


@contextlib.contextmanager
def scanned(real_path: str) -> Iterator[Iterator[os.DirEntry[str]]]:
    """The entries of a folder, valid while it is open; their `path` is not to be used.

    Raises `OSError`, for a link with `errno.ELOOP`.
    """
    with opened_folder(real_path) as where:
        if where is None:
            with os.scandir(real_path) as entries:
                check_again(real_path)
                yield entries
            return
        descriptor = os.open(os.curdir, _ONLY_READ | os.O_DIRECTORY, dir_fd=where)
        try:
            with os.scandir(descriptor) as entries:
                yield entries
        finally:
            os.close(descriptor)


def open_file(real_path: str) -> int:
    """A descriptor to read a plain file; the caller closes it.

    Raises `OSError`, for a link with `errno.ELOOP`.
    """
    folder, name = os.path.split(real_path)
    with opened_folder(folder) as where:
        if where is None:
            descriptor = os.open(real_path, _ONLY_READ | _NO_LINK)
        else:
            descriptor = _open_in(where, name, real_path)
    try:
        if where is None:
            check_again(real_path)
        _check_plain(descriptor, real_path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _open_in(folder: int, name: str, real_path: str) -> int:
    try:
        return os.open(name, _ONLY_READ | _NO_LINK, dir_fd=folder)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise OSError(errno.ELOOP, _SWAPPED, real_path) from None
        raise


def _check_plain(descriptor: int, real_path: str) -> None:
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), real_path)
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "it is not a plain file", real_path)


def _walk(real_path: str, *, make: bool) -> int:
    """Open a folder part by part, from the root of the file system."""
    parts = [part for part in real_path.split(os.sep) if part]
    if os.pardir in parts:
        raise OSError(errno.EINVAL, "it is not a real path", real_path)
    flags = _STEP | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    here = os.open(os.sep, flags)
    for part in parts:
        try:
            below = _step(part, here, flags, make=make)
        except NotADirectoryError:
            if _is_link(part, here):
                raise OSError(errno.ELOOP, _SWAPPED, real_path) from None
            raise
        finally:
            os.close(here)
        here = below
    return here


def _step(part: str, here: int, flags: int, *, make: bool) -> int:
    if not make:
        return os.open(part, flags, dir_fd=here)
    try:
        return os.open(part, flags, dir_fd=here)
    except FileNotFoundError:
        # Meanwhile another process may create it, or put a link there.
        with contextlib.suppress(FileExistsError):
            os.mkdir(part, dir_fd=here)
        return os.open(part, flags, dir_fd=here)


def _is_link(part: str, here: int) -> bool:
    return stat.S_ISLNK(os.stat(part, dir_fd=here, follow_symlinks=False).st_mode)


def check_again(real_path: str) -> None:
    """Raise `OSError` with `errno.ELOOP` if a path is no longer a real path."""
    if os.path.normcase(os.path.realpath(real_path)) != os.path.normcase(real_path):
        raise OSError(errno.ELOOP, _SWAPPED, real_path)


class OpenFolder:
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

    def open(self, name: str) -> BinaryIO:
        """Open an existing file for reading and writing."""
        return open(self._at(name), "r+b", opener=self._opener)

    def path_of(self, name: str) -> str:
        """A path for what can only open paths; by the descriptor where the system has such."""
        by_descriptor = f"/proc/self/fd/{self._descriptor}"
        if self._descriptor is not None and os.path.isdir(by_descriptor):
            return f"{by_descriptor}/{name}"
        return os.path.join(self._path, name)

    def sight(self, name: str) -> Sight:
        """How a file looks."""
        found = os.stat(self._at(name), dir_fd=self._descriptor, follow_symlinks=False)
        return Sight(found.st_mtime_ns, found.st_size)

    def date(self, name: str, at: int) -> None:
        """Set the time of a file's last modification by its name, where `date` cannot: Windows."""
        if _DATES_OPEN_FILES:
            return
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


def date(file: BinaryIO, at: int) -> None:
    """Set the time of an open file's last modification, if the file system lets it."""
    if _DATES_OPEN_FILES:
        with contextlib.suppress(OSError):
            os.utime(file.fileno(), ns=(at, at))
