"""Writing a file so that it appears under its name only when it is whole."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
from collections.abc import Iterator
from enum import Enum

from ..loop.errors import UnwritableImage
from .leftovers import sweep_once, temporary_name
from .paths import quoted

_REASONS = {
    errno.ENOSPC: ("the disk is full", "Free some space"),
    errno.EDQUOT: ("your share of the disk is used up", "Free some space"),
    errno.EROFS: ("the folder is read-only", "Choose another folder, or make it writable"),
    errno.EACCES: ("writing is not permitted", "Let the user that runs ComfyUI write there"),
    errno.EPERM: ("writing is not permitted", "Let the user that runs ComfyUI write there"),
    errno.ENAMETOOLONG: ("the name is too long", "Use a shorter name, prefix or suffix"),
    errno.ENOTDIR: ("a part of the path is a file", "Choose another folder, or move that file"),
    errno.EEXIST: ("a part of the path is a file", "Choose another folder, or move that file"),
    errno.EISDIR: ("a folder has this name", "Choose another name or folder"),
}


class IfExists(str, Enum):
    """What to do when a file of the name exists; the values are what users see."""

    OVERWRITE = "overwrite"
    SKIP = "skip"
    """Leave the old file as it is, and write nothing."""
    RENAME = "rename"
    """Write beside it, as name_1.png, name_2.png and so on."""


def write_whole(path: str, data: bytes, if_exists: IfExists) -> str | None:
    """Write a file, making its folder where needed, and return the path that it now has.

    Returns None if it was skipped. The data goes to a temporary file in the same folder, is
    flushed to the disk, and then gets its name in one step: whatever stops the write, no part of
    a file ever stands under that name, and with skip and rename no existing file is touched, also
    if somebody else makes one of that name at the same time. At the first write to a folder it is
    looked through for what a crash has left there, and then never again.

    Raises `UnwritableImage`, with nothing left behind, if the file cannot be written.
    """
    folder = os.path.dirname(path)
    try:
        os.makedirs(folder, exist_ok=True)
        sweep_once(folder)
        if if_exists is IfExists.SKIP and os.path.lexists(path):
            return None  # before the work; below it is made sure of
        temporary = os.path.join(folder, temporary_name())
        try:
            _write_flushed(temporary, data)
            return _publish(temporary, path, if_exists)
        finally:
            with contextlib.suppress(OSError):  # most of the time it has been moved
                os.unlink(temporary)
    except (OSError, ValueError) as error:  # ValueError: a character that no name can have
        raise UnwritableImage(_message(path, error)) from error


def _write_flushed(path: str, data: bytes) -> None:
    with open(path, "xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _publish(temporary: str, path: str, if_exists: IfExists) -> str | None:
    if if_exists is IfExists.OVERWRITE:
        os.replace(temporary, path)
        _flush_folder(path)
        return path
    candidates = [path] if if_exists is IfExists.SKIP else _candidates(path)
    for candidate in candidates:
        if _move_without_overwriting(temporary, candidate):
            _flush_folder(candidate)
            return candidate
    return None


def _candidates(path: str) -> Iterator[str]:
    yield path
    stem, extension = os.path.splitext(path)
    for number in itertools.count(1):
        yield f"{stem}_{number}{extension}"


def _move_without_overwriting(temporary: str, path: str) -> bool:
    """Give the temporary file its name, unless that is taken; returns whether it was given."""
    try:
        if os.name == "nt":
            os.rename(temporary, path)  # on Windows this refuses to overwrite
        else:
            _link(temporary, path)
    except FileExistsError:
        return False
    return True


def _link(temporary: str, path: str) -> None:
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except OSError:
        # A file system without hard links (FAT, some network folders): the name is taken with an
        # empty file first, which a crash between the two would leave. If the cause was another
        # one, it comes up again here.
        with open(path, "xb"):
            pass
        try:
            os.replace(temporary, path)
        except BaseException:
            os.unlink(path)
            raise


def _flush_folder(path: str) -> None:
    """Write the new name to the disk too, so that it outlives a power cut."""
    if os.name == "nt":  # which cannot, and need not
        return
    with contextlib.suppress(OSError):  # some network file systems do not do this
        folder = os.open(os.path.dirname(path), os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _message(path: str, error: OSError | ValueError) -> str:
    number = error.errno if isinstance(error, OSError) else None
    strerror = error.strerror if isinstance(error, OSError) else None
    reason, advice = _REASONS.get(
        number or 0,
        (strerror or str(error), "Check the folder and the disk"),
    )
    return f"Cannot write {quoted(path)}: {reason}. {advice}, and run again."
