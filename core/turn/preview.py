"""The entry by which the page shows a saved file in the node."""

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
"""Characters that a file name in an HTTP header cannot have."""


def _fits_into_url(path: str) -> bool:
    """Whether a name is valid text, without undecodable bytes."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


Preview = dict[str, object]


def preview(path: str, folders: Folders, coming: tuple[int, int] | None = None) -> Preview | None:
    """The entry of a `ui` result that shows the file at real path `path`.

    `coming` is the width and height of an image that may not be on the disk yet: newer ComfyUI
    would read them from the file if the entry did not have them. None if the file is outside of the
    folders that ComfyUI's `/view` route serves, or has a name that this route does not accept.
    """
    name = os.path.basename(path)
    if ".." in name or re.search(_CONTROL, name) or not _fits_into_url(path):
        return None
    for kind, folder in (
        ("output", folders.output_folder()),
        ("input", folders.input_folder()),
        ("temp", folders.temp_folder()),
    ):
        root = os.path.abspath(folder)
        if not path.startswith(root + os.sep):
            # What holds a real path is real itself; anything else may be a link.
            root = os.path.realpath(folder)
        if path.startswith(root + os.sep):
            subfolder, filename = os.path.split(os.path.relpath(path, root))
            entry: Preview = {
                "filename": filename,
                "subfolder": subfolder.replace(os.sep, "/"),
                "type": kind,
            }
            if coming is not None:
                width, height = coming
                entry["metadata"] = {"kind": "image", "width": width, "height": height}
            return entry
    return None
