"""Why an image cannot be read: its file is gone or does not decode, or its folder is lost.

Nodes, reading ahead and thumbnails all open images with `opened_image`, so they agree.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import islice
from typing import BinaryIO

from ..common.errors import (
    FolderNotFound,
    Unreadable,
    UnreadableImage,
    quoted,
)
from .real_paths import open_file, scanned

_REASONS: dict[type[Exception], str] = {
    FileNotFoundError: "the file is gone",
    PermissionError: "the user that runs ComfyUI may not read it",
    IsADirectoryError: "it is a folder",
    MemoryError: "there is not enough memory for it",
}

_CUT_OFF = "the file is cut off: it may not have been written or copied completely"
_SAYS_CUT_OFF = ("truncated", "not enough image data")
"""What Pillow says of files that end too early, in lower case."""
_SAYS_DAMAGED = (
    "cannot load this image",
    "could not create decoder object",
    "data stream",
    "decoder error",
    "failed to decode",
    "failed to read next frame",
)
"""What it says of files whose content makes no sense to a decoder."""

_HOW_TO_BRING_BACK = (
    "Put it back under this name, or press Skip this one on Directory Iterator, and run again."
)
_HOW_TO_MEND = (
    "Open it in an image editor and save it again, or take it out of the folder, and run again."
)

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
"""Error numbers of opening a file in a folder that is not available."""


@contextlib.contextmanager
def opened_image(real_path: str) -> Iterator[BinaryIO]:
    """Open the image file at a real path for decoding.

    Whatever goes wrong until it is closed is raised as `UnreadableImage`, with the reason.
    """
    try:
        # Opened here, to tell a problem with the file itself from one with its content.
        with os.fdopen(open_file(real_path), "rb") as file:
            if os.fstat(file.fileno()).st_size == 0:
                raise ValueError("the file is empty")  # noqa: TRY301 - becomes the reason below
            yield file
    except Exception as error:  # of any type: what parsers raise depends on the damage
        reason = _reason_of(error)
        remedy = _HOW_TO_BRING_BACK if isinstance(error, FileNotFoundError) else _HOW_TO_MEND
        message = (
            f"Cannot read the image {quoted(real_path)}: {reason}. {remedy} To go on without such "
            "images, set error_handling to Skip on error."
        )
        raise UnreadableImage(message, reason) from error


def _reason_of(error: Exception) -> str:
    """A few words on why a file could not be read."""
    if type(error) in _REASONS:
        return _REASONS[type(error)]
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    said = str(error).strip().rstrip(".") or type(error).__name__
    if _is_any_in(_SAYS_CUT_OFF, said):
        return _CUT_OFF
    return f"the file is damaged: {said}" if _is_any_in(_SAYS_DAMAGED, said) else said


def _is_any_in(parts: Sequence[str], text: str) -> bool:
    return any(part in text.lower() for part in parts)


_FEW = 50
"""The most files beside a missing one that are looked up, before all pending images are."""


def folder_lost(
    directory: str,
    path: str,
    error: Unreadable,
    has_pending: Callable[[Sequence[str]], bool],
    pending: Callable[[], Collection[str]],
) -> FolderNotFound | None:
    """The error for a lost folder, if that is why the image at `path` cannot be read; else None.

    A drive that was unplugged or unmounted leaves no folder, or one with whatever else lies at its
    mount point. A batch must not then run through its list and call every image broken. So the
    folder counts as lost if none of the other `pending` images in it are left; if only one file is
    gone, the folder is not to blame. If it had no others, the folder above decides. The images that
    are done count for nothing, as a workflow may move its sources away.

    `has_pending` tells whether any of a few paths is pending. Often one of the first beside the
    missing one is, so that not all pending images are read.
    """
    cause = error.__cause__
    if not isinstance(cause, OSError) or cause.errno not in _SIGNS_OF_LOSS:
        return None
    if has_pending(_some_beside(directory, path)):
        return None
    prefix, names = _others_beside(path, pending())
    folder = _folder(directory, prefix)
    why = "it is empty, where it had the images of this batch"
    try:
        with scanned(folder) as entries:
            for entry in entries:
                if not names or entry.name in names:
                    return None
                why = "none of its images that are still to be done is in it"
    except OSError as unreadable:
        why = unreadable.strerror or str(unreadable)
    return FolderNotFound(
        f"The folder {quoted(folder)} is gone in the midst of its batch: {why}. Bring it back "
        "(is its drive connected?), and run again: the batch goes on where it stood. If its images "
        "were removed on purpose, press Start over: the folder is then read anew.",
    )


def _folder(directory: str, prefix: str) -> str:
    """The folder at a prefix of relative paths."""
    return os.path.join(directory, *prefix.split("/")).rstrip(os.sep) or directory


def _some_beside(directory: str, path: str) -> list[str]:
    """A few relative paths of what is in the folder of the image at `path`, without itself."""
    prefix = path[: path.rfind("/") + 1]
    try:
        with scanned(_folder(directory, prefix)) as entries:
            beside = [prefix + entry.name for entry in islice(entries, _FEW)]
    except OSError:
        return []
    return [other for other in beside if other != path]


def _others_beside(path: str, pending: Collection[str]) -> tuple[str, set[str]]:
    """The nearest folder above `path` with other pending images, and its entries that lead to them.

    The folder is a prefix of relative paths. There are no names if `path` is the only one.
    """
    prefix, names = path, set[str]()
    while prefix and not names:
        prefix = prefix[: prefix.rfind("/", 0, -1) + 1]
        names = {
            other[len(prefix) :].split("/", 1)[0]
            for other in pending
            if other != path and other.startswith(prefix)
        }
    return prefix, names
