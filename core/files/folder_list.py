"""The list of additional allowed folders, a file that a person or a choice in the page writes."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator

from ..common.errors import quoted

_log = logging.getLogger(__name__)


def allowed_dirs_file(user_dir: str) -> str:
    """The file in ComfyUI's user folder that lists additional allowed folders, one per line."""
    return os.path.join(state_dir(user_dir), "allowed_dirs.txt")


def state_dir(user_dir: str) -> str:
    """The folder in ComfyUI's user folder with the pack's own state."""
    return os.path.join(os.path.abspath(user_dir), "batch_loop")


def with_line(content: bytes, folder: str) -> bytes:
    """The content of that file with a line added for `folder`, a full path without line breaks."""
    line = folder if unquoted(folder) == folder else f'"{folder}"'
    before = content if not content or content.endswith((b"\n", b"\r")) else content + b"\n"
    return before + line.encode("utf-8", "surrogateescape") + b"\n"


def folders_in(file: str) -> Iterator[str]:
    """The full paths in a list of allowed folders."""
    for line in map(str.strip, _lines(file)):
        if not unquoted(line) or line.startswith("#"):
            continue
        folder = full_path_in(line)
        if folder is not None:
            yield folder
        else:
            _log.warning(
                "Batch Loop skips the allowed folder %s in %s: it is not a full path.",
                quoted(line),
                quoted(file),
            )


def unquoted(text: str) -> str:
    """A path as it was typed or pasted, without spaces and quotes around it."""
    stripped = text.strip()
    for quote in ('"', "'"):
        if len(stripped) > 1 and stripped[0] == stripped[-1] == quote:
            return stripped[1:-1]
    return stripped


def full_path_in(entry: str) -> str | None:
    """An entry of a list of folders, without quotes; None if it is not a full path."""
    path = unquoted(entry)
    return path if os.path.isabs(path) and "\0" not in path else None


def _lines(path: str) -> Iterator[str]:
    try:
        # utf-8-sig: Windows' Notepad begins a file with a byte order mark.
        with open(path, encoding="utf-8-sig", errors="surrogateescape") as file:
            yield from file
    except FileNotFoundError:
        pass
    except OSError as error:
        _log.warning("Batch Loop cannot read %s: %s", quoted(path), error.strerror or error)
