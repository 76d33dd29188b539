"""What is said of a path that may not be used, and how its owner may allow it."""

from __future__ import annotations

import os

from ..common.errors import PathRefused, is_control, quoted
from ..common.variables import ALLOWED_DIRS_VARIABLE

HOW_ELSEWHERE = (
    "its owner can do that. Opened on the machine that ComfyUI runs on, its page says how."
)
"""Replaces the names of this machine's files for a page on another machine."""


def how_to_allow(folder: str, listed_in: str) -> str:
    """How the owner allows a folder; `listed_in` is the file of allowed folders, or ""."""
    variable = f"put it into the environment variable {ALLOWED_DIRS_VARIABLE}"
    if any(map(is_control, folder)):
        return (
            "first give it a name without line breaks and other characters that cannot be shown, "
            "as a list of folders cannot hold them."
        )
    if not listed_in:
        return f"{variable}, and start ComfyUI again."
    return (
        f"add the line {folder} to the file {quoted(listed_in)} and run again, or "
        f"{variable} and start ComfyUI again."
    )


def refusal_of_state(path: str) -> PathRefused:
    """The refusal to read or write the pack's own state."""
    what = (
        "it belongs to what Batch Loop itself keeps, its list of allowed folders among it, which "
        "no workflow may read or write. Choose another folder."
    )
    return PathRefused(
        f"Batch Loop may not use {quoted(path)}: {what}",
        elsewhere=f"Batch Loop may not use {quoted(shown_name(path))}: {what}",
    )


def refusal_to_write(path: str, part: str) -> PathRefused:
    """The refusal to write to a part of ComfyUI."""
    what = (
        f"it belongs to {part}, which no workflow may change, whatever folders are allowed. "
        "Choose a folder inside ComfyUI's output folder, or an allowed one beside ComfyUI's own."
    )
    return PathRefused(
        f"Batch Loop may not write to {quoted(path)}: {what}",
        elsewhere=f"Batch Loop may not write to {quoted(shown_name(path))}: {what}",
    )


def shown_name(path: str) -> str:
    """The last part of a path, which may be told to a page on another machine."""
    return os.path.basename(path.rstrip("/" + os.sep)) or path
