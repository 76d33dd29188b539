"""What the page is told, to show a saved file in the node."""

from __future__ import annotations

import os
from typing import Protocol


class Folders(Protocol):
    """The folders that ComfyUI shows files from."""

    def input_folder(self) -> str:
        """ComfyUI's input folder."""

    def output_folder(self) -> str:
        """ComfyUI's output folder."""

    def temp_folder(self) -> str:
        """ComfyUI's temp folder."""


def preview(path: str, folders: Folders) -> dict[str, str] | None:
    """The entry of a `ui` result that shows the file at real path `path`.

    None when it lies outside the folders that ComfyUI's `/view` route shows files from.
    """
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
