"""The files of tables that a user names: which they are, and how they are opened."""

from __future__ import annotations

import os
from typing import BinaryIO

from ..common.errors import FolderNotFound, InvalidSetting, quoted
from ..files.allowed_paths import AllowedFolders, check_source_file, resolve_file
from ..files.folder_list import unquoted
from ..files.real_paths import open_file
from ..model.loop_key import TYPED_TEXT

TABLE_EXTENSIONS = frozenset(
    {".txt", ".csv", ".tsv", ".tab", ".json", ".jsonl", ".ndjson", ".xlsx", ".xlsm"}
)
"""Extensions of the files that are offered as tables, in lower case."""

_HOW = "Give its full path, or its path inside ComfyUI's input folder."


def resolve_table(file: str, allowed: AllowedFolders) -> str:
    """Resolve the table that a user named, like `core.files.allowed_paths.resolve_source`.

    Returns its real path. Raises `InvalidSetting` if `file` is empty or a folder, `PathRefused` if
    it is outside of the allow-list, and `FolderNotFound` if there is no such file.
    """
    cleaned = unquoted(file)
    if not cleaned:
        raise InvalidSetting(
            "No table is chosen: file is empty, and so is text. Choose a file with rows (.txt, "
            ".csv, .tsv, .json, .jsonl or .xlsx), or type the rows into text, one a line."
        )
    real_path = resolve_file(cleaned, allowed)
    if os.path.isdir(real_path):
        raise InvalidSetting(
            f"{quoted(file)} is a folder, not a table. Choose a file in it. For the images of a "
            "folder use Directory Iterator."
        )
    if not os.path.exists(real_path):
        raise FolderNotFound(
            f"There is no file {quoted(real_path)} (file is {quoted(file)}). {_HOW}",
            elsewhere=f"There is no file {quoted(file)}. {_HOW}",
        )
    return real_path


def check_table(path: str, allowed: AllowedFolders) -> None:
    """Raise FolderNotFound if the table at a real path is gone, and PathRefused.

    A text that was typed is always there.
    """
    if path != TYPED_TEXT and not os.path.exists(check_source_file(path, allowed)):
        raise FolderNotFound(f"The table {quoted(path)} is gone. Put it back.")


def opened_table(path: str, allowed: AllowedFolders) -> BinaryIO:
    """Open the table at a real path; raises FolderNotFound and PathRefused.

    A database that machines share may name any file.
    """
    name = quoted(os.path.basename(path))
    try:
        return os.fdopen(open_file(check_source_file(path, allowed)), "rb")
    except OSError as error:
        why = error.strerror or str(error)
        raise FolderNotFound(
            f"The table {quoted(path)} cannot be opened: {why}. Bring it back, or let the user "
            "that runs ComfyUI read it, and run again: the batch goes on where it stood.",
            elsewhere=f"The table {name} cannot be opened: {why}. Bring it back, and run again.",
        ) from error


def there(path: str, allowed: AllowedFolders) -> str:
    """The real path of a file that all items of a loop are in, as of a film.

    Raises FolderNotFound if it is gone, so that no item is to blame, and PathRefused.
    """
    real_path = check_source_file(path, allowed)
    if os.path.exists(real_path):
        return real_path
    what = "is gone in the midst of its batch. Bring it back (is its drive connected?), and run "
    raise FolderNotFound(
        f"{quoted(path)} {what}again: the batch goes on where it stood.",
        elsewhere=f"{quoted(os.path.basename(path))} {what}again.",
    )


def being_written(what: str, path: str) -> FolderNotFound:
    """The error for a file that all items of a loop are in, and that is written without an end."""
    why = "is still being written, so that nothing in it is certain. Wait until it is saved, and"
    return FolderNotFound(
        f"The {what} {quoted(path)} {why} run again: the batch goes on where it stood.",
        elsewhere=f"The {what} {quoted(os.path.basename(path))} {why} run again.",
    )


def emptied(path: str, cut: str | None) -> FolderNotFound:
    """The error for a table that no longer has any of the rows that are still to be done.

    `cut` is the title of a last row that may be only the beginning of one.
    """
    why = (
        "no longer has any of the rows that are still to be done: it was emptied, or is being "
        "written anew. Wait until it is saved, or put them back, and run again: the batch goes on "
        "where it stood. "
    )
    why += (
        "If they were removed on purpose, press Start over: it is then read anew."
        if cut is None
        else f"Its last row, {quoted(cut)}, has no line end, and may be half written: if it is as "
        "it should be, end it with a line break, or run again in a minute."
    )
    return FolderNotFound(
        f"The table {quoted(path)} {why}",
        elsewhere=f"The table {quoted(os.path.basename(path))} {why}",
    )
