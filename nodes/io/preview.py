"""What the page is told, to show a saved file in the node."""

from __future__ import annotations

import os
import re
from typing import Protocol


class Folders(Protocol):
    """The folders that ComfyUI shows files from."""

    def input_folder(self) -> str:
        """ComfyUI's input folder."""

    def output_folder(self) -> str:
        """ComfyUI's output folder."""

    def temp_folder(self) -> str:
        """ComfyUI's temp folder."""


_CONTROL = r"[\x00-\x1f\x7f]"
"""What an answer's header cannot have in the name of a file."""


def _fits_into_url(path: str) -> bool:
    """Whether every byte of a name is a part of a character."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def preview(path: str, folders: Folders) -> dict[str, str] | None:
    """The entry of a `ui` result that shows the file at real path `path`.

    None when it lies outside the folders that ComfyUI's `/view` route shows files from, or has a
    name that this route does not take.
    """
    name = os.path.basename(path)
    if ".." in name or re.search(_CONTROL, name) or not _fits_into_url(path):
        return None
    for kind, folder in (
        ("output", folders.output_folder()),
        ("input", folders.input_folder()),
        ("temp", folders.temp_folder()),
    ):
        root = os.path.realpath(folder)
        if path.startswith(root + os.sep):
            subfolder, filename = os.path.split(os.path.relpath(path, root))
            return {
                "filename": filename,
                "subfolder": subfolder.replace(os.sep, "/"),
                "type": kind,
            }
    return None
