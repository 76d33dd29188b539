"""Reading the text of a companion, such as a caption."""

from __future__ import annotations

import codecs
import os

from ..common.errors import UnreadableCompanion, quoted
from ..common.names import COMPANION_TEXT
from ..files.real_paths import open_file

MOST_BYTES = 1_000_000
"""Of a text file: far more than any caption has."""

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_text(real_path: str) -> str:
    """The text of the file at a real path, without the line breaks at its end.

    It is UTF-8, with or without a mark, UTF-16 with a mark, or else Windows-1252. Every line break
    becomes a plain one. Raises `UnreadableCompanion` for a file that cannot be read, is larger than
    `MOST_BYTES`, or holds no text.
    """
    try:
        with os.fdopen(open_file(real_path), "rb") as file:
            data = file.read(MOST_BYTES + 1)
            size = os.fstat(file.fileno()).st_size
    except OSError as error:
        reason = error.strerror or str(error)
        raise _unreadable(real_path, reason) from error
    if len(data) > MOST_BYTES:
        raise _unreadable(real_path, f"it has {size:,} bytes, and may have {MOST_BYTES:,} at most")
    try:
        text = _decoded(data)
    except UnicodeDecodeError as error:
        raise _unreadable(real_path, "it is not text, or in an unknown encoding") from error
    if "\0" in text:
        raise _unreadable(real_path, "it is not text: it holds zeros")
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")


def _decoded(data: bytes) -> str:
    if data.startswith(_UTF_16):
        return data.decode("utf-16")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        if data.startswith(codecs.BOM_UTF8):
            raise
        return data.decode("cp1252")


def _unreadable(real_path: str, reason: str) -> UnreadableCompanion:
    return UnreadableCompanion(
        f"Cannot read the text {quoted(real_path)}: {reason}. Save it again as text in UTF-8, or "
        "take it out of the folder, and run again. To go on without such images, set "
        "error_handling to Skip on error.",
        f"{quoted(os.path.basename(real_path))}, its companion, cannot be read: {reason}",
        COMPANION_TEXT,
    )
