"""An image that cannot be read: its file is gone or does not decode, or its folder is lost.

Nodes, reading ahead and thumbnails all read images by `opened_image`, so they agree on it.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from typing import BinaryIO

from ..common.errors import FolderNotFound, UnreadableImage, quoted
from .real_paths import open_file, scanned

_REASONS: dict[type[Exception], str] = {
    FileNotFoundError: "the file is gone",
    PermissionError: "the user that runs ComfyUI may not read it",
    IsADirectoryError: "it is a folder",
    MemoryError: "there is not enough memory for it",
}

_SIGNS_OF_LOSS = {
    vars(errno)[name]
    for name in (
        "ENOENT",
        "ENOTDIR",
        "EIO",
        "ENXIO",
        "ENODEV",
        "ESTALE",
        "ENOTCONN",
        "EHOSTDOWN",
        "ETIMEDOUT",
    )
    if name in vars(errno)  # some are unknown to Windows
}
"""How opening a file fails where its folder is not to be had."""


@contextlib.contextmanager
def opened_image(real_path: str) -> Iterator[BinaryIO]:
    """The image file at a real path, opened to be decoded.

    Raises `UnreadableImage`, with the reason, for whatever goes wrong until it is closed.
    """
    try:
        # Opened here, so that what is wrong with the file itself is told from what is in it.
        with os.fdopen(open_file(real_path), "rb") as file:
            if os.fstat(file.fileno()).st_size == 0:
                raise ValueError("the file is empty")  # noqa: TRY301 - becomes the reason below
            yield file
    except Exception as error:  # of any type: what parsers raise depends on the damage
        reason = _reason_of(error)
        message = (
            f"Cannot read the image {quoted(real_path)}: {reason}. Open it in an image editor and "
            "save it again, or take it out of the folder, and run again. To go on without such "
            "images, set error_handling to Skip on error."
        )
        raise UnreadableImage(message, reason) from error


def _reason_of(error: Exception) -> str:
    """A few words on why a file could not be read."""
    if type(error) in _REASONS:
        return _REASONS[type(error)]
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error).strip().rstrip(".") or type(error).__name__


def folder_lost(directory: str, error: UnreadableImage) -> FolderNotFound | None:
    """What is wrong with the folder, if that is why a file of it cannot be read; else None.

    A drive that is unplugged or unmounted leaves an empty folder, or none. Then a night's batch
    must not run through its list, and call every image broken.
    """
    cause = error.__cause__
    if not isinstance(cause, OSError) or cause.errno not in _SIGNS_OF_LOSS:
        return None
    why = "it is empty, where it had the images of this batch"
    try:
        with scanned(directory) as entries:
            if any(True for _ in entries):
                return None
    except OSError as unreadable:
        why = unreadable.strerror or str(unreadable)
    return FolderNotFound(
        f"The folder {quoted(directory)} is gone in the midst of its batch: {why}. Bring it back "
        "(is its drive connected?), and run again: the batch goes on where it stood.",
    )
