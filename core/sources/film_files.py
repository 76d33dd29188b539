"""The films that a user names to go through frame by frame."""

from __future__ import annotations

import os

from ..common.errors import FolderNotFound, InvalidSetting, Unreadable, quoted
from ..files.allowed_paths import AllowedFolders, resolve_file
from ..files.folder_list import unquoted

_HOW = "Give its full path, or its path inside ComfyUI's input folder."


def resolve_film(film: str, allowed: AllowedFolders) -> str:
    """Resolve the film that a user named, like `core.files.allowed_paths.resolve_source`.

    Returns its real path. Raises `InvalidSetting` if `film` is empty or a folder, `PathRefused` if
    it is outside of the allow-list, and `FolderNotFound` if there is no such file.
    """
    cleaned = unquoted(film)
    if not cleaned:
        raise InvalidSetting(
            "No video is chosen: film is empty. Choose a file such as an MP4: its full path, or "
            "its path inside ComfyUI's input folder."
        )
    real_path = resolve_file(cleaned, allowed)
    if os.path.isdir(real_path):
        raise InvalidSetting(
            f"{quoted(film)} is a folder, not a video. Choose a file in it. For all videos of a "
            "folder, one a run, use Video Iterator; for its images, Directory Iterator."
        )
    if not os.path.exists(real_path):
        raise FolderNotFound(
            f"There is no file {quoted(real_path)} (film is {quoted(film)}). {_HOW}",
            elsewhere=f"There is no file {quoted(film)}. {_HOW}",
        )
    return real_path


def film_lost(error: Unreadable) -> FolderNotFound:
    """The error for a film that cannot be read any more, in the midst of its batch."""
    return FolderNotFound(
        f"{error} Its batch goes on where it stood.",
        elsewhere=f"The video cannot be read any more: {error.reason}. Bring it back, and run "
        "again.",
    )
