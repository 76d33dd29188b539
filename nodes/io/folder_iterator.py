"""What the iterators of a folder's files have in common."""

from __future__ import annotations

import posixpath

from comfy_api.v0_0_2 import io as comfy_io

from .iterator import Iterator


class FolderIterator(Iterator):
    """The base of the nodes whose items are files of a folder."""

    NAMED = "directory"

    @classmethod
    async def validate_inputs(cls, directory: str | None) -> bool | str:
        return await cls.validated(directory)


def name_outputs(filename: str, subfolder: str) -> list[comfy_io.Output]:
    """The sockets for a file's names; the tooltips have `filename` in `subfolder` as an example."""
    stem = posixpath.splitext(filename)[0]
    return [
        comfy_io.String.Output("filename", display_name="filename", tooltip=f"Such as {filename}"),
        comfy_io.String.Output("stem", display_name="stem", tooltip=f"Such as {stem}"),
        comfy_io.String.Output(
            "relative_path",
            display_name="relative_path",
            tooltip=f"The file's path inside the folder, such as {subfolder}/{filename}",
        ),
    ]


def names_of(path: str) -> tuple[str, str, str]:
    """The values of `name_outputs` for a path inside the folder."""
    filename = posixpath.basename(path)
    return filename, posixpath.splitext(filename)[0], path
