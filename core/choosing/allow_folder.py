"""Adding a folder to the allow-list, once a person on this machine has chosen it."""

from __future__ import annotations

import os

from ..common.errors import FolderNotFound, PathRefused, UnwritableImage, quoted
from ..files.allowed_paths import AllowedFolders
from ..files.atomic import write_atomic
from ..files.folder_list import with_line
from ..files.path_refusals import refusal_of_state
from ..files.path_texts import check_is_here, is_elsewhere
from ..files.real_paths import open_file
from ..model.if_exists import IfExists


def allow(folder: str, allowed: AllowedFolders) -> str:
    """Add a folder to the allow-list's file, unless it is allowed already; return its path.

    `folder` is a full path. The caller must have made sure that a person chose it: pages and
    prompts may not.

    Raises:
        PathRefused: for a whole drive, a network path, a name with a line break, or the pack's own
            state.
        FolderNotFound: there is no such folder.
        UnwritableImage: the file cannot be read or written.

    """
    check_is_here(folder)
    real_path = os.path.realpath(folder)
    # A drive letter's real path may be a network path, which may not be used by name.
    path = os.path.abspath(folder) if is_elsewhere(real_path) else real_path
    if allowed.may_read(real_path):
        return path
    if allowed.protected.verdict(real_path).is_state:
        raise refusal_of_state(path)
    if not os.path.isdir(real_path):
        raise FolderNotFound(f"There is no folder {quoted(path)}. Choose another one.")
    if any(os.path.dirname(each) == each for each in (path, real_path)):
        raise PathRefused(
            f"{quoted(path)} is a whole drive, all of which Batch Loop could then read and "
            "write. Choose the folder on it that contains the images."
        )
    if "\n" in path or "\r" in path:
        raise PathRefused(
            f"The name of the folder {quoted(path)} contains a line break, which the list of "
            "allowed folders cannot store. Rename the folder, and choose it again."
        )
    # The file may be a link.
    file = os.path.realpath(allowed.how_to_allow)
    write_atomic(file, with_line(_content(file), path), IfExists.OVERWRITE)
    return path


def _content(file: str) -> bytes:
    try:
        with os.fdopen(open_file(file), "rb") as opened:
            return opened.read()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise UnwritableImage(
            f"The list of allowed folders {quoted(file)} cannot be read: "
            f"{error.strerror or error}. Let the user that runs ComfyUI read and write it."
        ) from error
