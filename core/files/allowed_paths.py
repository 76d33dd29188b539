"""Which folders and files the pack may touch: the allow-list, checked on real paths.

Prompts reach a ComfyUI server without a login, even from somebody else's web page, and they name
folders. So every path from a prompt or a route is checked here first.
"""

from __future__ import annotations

import contextlib
import logging
import os
import stat
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType

from .. import PACK_FOLDER
from ..common.errors import (
    FolderNotFound,
    InvalidSetting,
    NotAFolder,
    PathRefused,
    is_control,
    quoted,
)
from ..common.variables import ALLOWED_DIRS_VARIABLE
from .protected import NOTHING_PROTECTED, UNPROTECTED, Protected

EXAMPLE_FOLDER = "batch-loop/examples/images"
"""The name of the pack's example images in workflows, wherever the pack is installed.

With it an example workflow runs on any machine, with nothing copied into the user's folders.
"""

EXAMPLE_IMAGES = os.path.realpath(os.path.join(PACK_FOLDER, "examples", "images"))
"""Real path of that folder, which may be read but not written."""

MOST_PARTS = 256
"""The most parts a path may have: real ones have far fewer, and each costs a system call."""

_log = logging.getLogger(__name__)


def allowed_dirs_file(user_dir: str) -> str:
    """The file in ComfyUI's user folder that lists additional allowed folders, one per line."""
    return os.path.join(state_dir(user_dir), "allowed_dirs.txt")


def state_dir(user_dir: str) -> str:
    """The folder in ComfyUI's user folder with the pack's own state."""
    return os.path.join(os.path.abspath(user_dir), "batch_loop")


def with_line(content: bytes, folder: str) -> bytes:
    """The content of that file with a line added for `folder`, a full path without line breaks."""
    line = folder if _unquoted(folder) == folder else f'"{folder}"'
    before = content if not content or content.endswith((b"\n", b"\r")) else content + b"\n"
    return before + line.encode("utf-8", "surrogateescape") + b"\n"


@dataclass(frozen=True, eq=False)
class AllowedFolders:
    """The allow-list: real paths of the folders below which the pack reads and writes."""

    input: str
    output: str
    temp: str
    extra: tuple[str, ...] = ()
    how_to_allow: str = ""
    """The file that a refusal tells the user to add a line to, or ""."""
    protected: Protected = NOTHING_PROTECTED
    """What may not be touched, even within these folders."""

    @classmethod
    def load(  # noqa: PLR0913 - one for each kind of folder
        cls,
        *,
        input_dir: str,
        output_dir: str,
        temp_dir: str,
        user_dir: str,
        listed: Collection[str] = (),
        comfyui: Mapping[str, Collection[str]] | None = None,
    ) -> AllowedFolders:
        """Read the current allow-list.

        It contains ComfyUI's own folders, the full paths `listed`, and the lines of
        `batch_loop/allowed_dirs.txt` in `user_dir` (UTF-8; blank lines and lines that begin with a
        hash sign are skipped; a missing file counts as empty). A line that is not a full path is
        skipped with a warning in the log: its meaning would depend on where ComfyUI was started.
        `comfyui` has ComfyUI's own folders that may not be written, see `Protected.load`.
        """
        listed_in = allowed_dirs_file(user_dir)
        folders = [*listed, *_folders_in(listed_in)]
        return cls(
            input=os.path.realpath(input_dir),
            output=os.path.realpath(output_dir),
            temp=os.path.realpath(temp_dir),
            extra=tuple(map(os.path.realpath, folders)),
            how_to_allow=listed_in,
            protected=Protected.load(
                state_dir=state_dir(user_dir),
                comfyui=comfyui or {},
                free=(input_dir, output_dir, temp_dir),
            ),
        )

    def may_write(self, real_path: str) -> bool:
        """Whether a real path lies within one of the folders, and in no protected place."""
        return self.holds(real_path) and self.protected.verdict(real_path) == UNPROTECTED

    def may_read(self, real_path: str) -> bool:
        """Whether a real path may be read; ComfyUI's own folders and the example images may."""
        return self._admits_to_read(real_path) and not self.protected.verdict(real_path).is_state

    def check(
        self, path: str, real_path: str, *, to_write: bool, refusal: Callable[[], PathRefused]
    ) -> None:
        """Raise `PathRefused` if a path with this real path may not be read or written.

        `refusal` makes the error for a path outside the folders; only inside them does an error
        mention protected places. Both paths are checked: a link in a protected place is protected,
        wherever it leads.
        """
        if not (self.holds(real_path) if to_write else self._admits_to_read(real_path)):
            raise refusal()
        for each in {os.path.normpath(path), real_path}:
            is_state, part = self.protected.verdict(each)
            if is_state:
                raise refusal_of_state(path)
            if to_write and part is not None:
                raise _refusal_to_write(path, part)

    def holds(self, real_path: str) -> bool:
        """Whether a real path is one of the folders, or lies within one, protected or not."""
        return any(
            _is_within(real_path, folder)
            for folder in (self.input, self.output, self.temp, *self.extra)
        )

    def _admits_to_read(self, real_path: str) -> bool:
        return self.holds(real_path) or _is_within(real_path, EXAMPLE_IMAGES)


def resolve_source(directory: str, allowed: AllowedFolders) -> str:
    """Resolve the folder that a user named to read images from.

    `directory` is a full path, or a path inside ComfyUI's input folder ("." is that folder
    itself), or `EXAMPLE_FOLDER` for the pack's own example images. Spaces and quotes around it,
    as they come with a pasted path, are dropped; "~" is an ordinary character.

    Returns its real path, which is the same however the folder is written.

    Raises `InvalidSetting` if `directory` is empty, `PathRefused` if it is outside of the
    allow-list or not acceptable, `FolderNotFound` if there is no such folder or it cannot be
    accessed, and `NotAFolder` if it is a file. Whether something is there at all is looked at, and
    told, only inside of the allow-list.
    """
    cleaned = _unquoted(directory)
    if not cleaned:
        msg = (
            "No folder is chosen: 'directory' is empty. Choose a folder: its full path, or a "
            "folder inside ComfyUI's input folder ('.' is the input folder itself)."
        )
        raise InvalidSetting(msg)
    if cleaned.replace("\\", "/").rstrip("/") == EXAMPLE_FOLDER:
        cleaned = EXAMPLE_IMAGES
    real_path = _allowed_real_path(cleaned, allowed.input, allowed, to_write=False)
    try:
        mode = os.stat(real_path).st_mode
    except (FileNotFoundError, NotADirectoryError) as error:
        what = (
            f"does not exist ('directory' is {quoted(directory)}). Check how it is written: give "
            "its full path, or a folder inside ComfyUI's input folder."
        )
        raise FolderNotFound(
            f"The folder {quoted(real_path)} {what}", elsewhere=f"The folder {what}"
        ) from error
    except OSError as error:
        what = (
            f"cannot be looked at: {error.strerror or error}. Let the user that runs ComfyUI read "
            "it, or choose another folder."
        )
        raise FolderNotFound(
            f"The folder {quoted(real_path)} {what}",
            elsewhere=f"The folder {quoted(directory)} {what}",
        ) from error
    if not stat.S_ISDIR(mode):
        msg = (
            f"{quoted(real_path)} is a file, not a folder. Choose the folder that it is in: "
            f"{quoted(os.path.dirname(real_path))}."
        )
        elsewhere = f"{quoted(directory)} is a file, not a folder. Choose the folder that it is in."
        raise NotAFolder(msg, elsewhere=elsewhere)
    return real_path


def as_written(folder: str, allowed: AllowedFolders) -> str:
    """The shortest text by which a user can name a folder, by its real path, to read images from.

    It is the path inside ComfyUI's input folder, or the full path of any other folder.
    """
    if not _is_within(folder, allowed.input):
        return folder
    inner = os.path.relpath(folder, allowed.input).replace(os.sep, "/")
    return inner if inner in (".", _unquoted(inner)) and inner != EXAMPLE_FOLDER else folder


def resolve_target(folder: str, allowed: AllowedFolders) -> str:
    """Resolve the folder that a user named to save to; it need not exist yet.

    Like `resolve_source`, but relative to ComfyUI's output folder, which an empty `folder` means
    too. Raises `PathRefused`, also for protected places: ComfyUI's own folders and the pack's
    state, whatever is allowed around them.
    """
    folder = _unquoted(folder) or "."
    return _allowed_real_path(folder, allowed.output, allowed, to_write=True)


def check_source_file(path: str, allowed: AllowedFolders) -> str:
    """Return the real path of a file that a listing has found.

    `path` is absolute. Raises `PathRefused` if a link in it leads out of the allow-list.
    """
    return _check_file(path, allowed, to_write=False)


def real_path_if_allowed(path: str, allowed: AllowedFolders) -> str | None:
    """The real path of a path that a node or a shared database names; None if it is not allowed.

    The file system is queried only if the path as text lies in the allow-list.
    """
    with contextlib.suppress(PathRefused):
        if allowed.holds(os.path.normpath(path)):
            return check_source_file(path, allowed)
    return None


def check_target_file(path: str, allowed: AllowedFolders) -> str:
    """Return the real path of a file that is about to be written; like `check_source_file`."""
    return _check_file(path, allowed, to_write=True)


def _check_file(path: str, allowed: AllowedFolders, *, to_write: bool) -> str:
    _check_text(path)
    what = (
        "it is a link that leads out of the folders that Batch Loop may use, or lies in none of "
        "them. Put the file itself there, or allow the folder that the link leads to: "
    )

    def refusal() -> PathRefused:
        return PathRefused(
            f"Batch Loop may not use {quoted(path)}: {what}{_how_to_allow('that folder', allowed)}",
            elsewhere=f"Batch Loop may not use {quoted(_name(path))}: {what}{_HOW_ELSEWHERE}",
        )

    # A shared database may name anything. Network paths are not even queried, except in a folder
    # that a person has allowed by its drive letter.
    if is_elsewhere(path) and not allowed.holds(os.path.normpath(path)):
        raise refusal()
    real_path = _real_path(path)
    allowed.check(path, real_path, to_write=to_write, refusal=refusal)
    return real_path


def inside(folder: str, relative: str, system: ModuleType = os.path) -> str | None:
    """The full path of `relative` (with "/") in a folder; None if it leads out of the folder.

    On Windows, a drive letter in the middle of it does. `system` is the module for paths.
    """
    full: str = system.normpath(system.join(folder, *relative.split("/")))
    start = system.normcase(folder).rstrip(system.sep) + system.sep
    return full if system.normcase(full).startswith(start) else None


def _unquoted(text: str) -> str:
    stripped = text.strip()
    for quote in ('"', "'"):
        if len(stripped) > 1 and stripped[0] == stripped[-1] == quote:
            return stripped[1:-1]
    return stripped


def full_path_in(entry: str) -> str | None:
    """An entry of a list of folders, without quotes; None if it is not a full path."""
    path = _unquoted(entry)
    return path if os.path.isabs(path) and "\0" not in path else None


def _folders_in(file: str) -> Iterator[str]:
    """The full paths in a list of allowed folders."""
    for line in map(str.strip, _lines(file)):
        if not _unquoted(line) or line.startswith("#"):
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


def _lines(path: str) -> Iterator[str]:
    try:
        # utf-8-sig: Windows' Notepad begins a file with a byte order mark.
        with open(path, encoding="utf-8-sig", errors="surrogateescape") as file:
            yield from file
    except FileNotFoundError:
        pass
    except OSError as error:
        _log.warning("Batch Loop cannot read %s: %s", quoted(path), error.strerror or error)


def _allowed_real_path(path: str, base: str, allowed: AllowedFolders, *, to_write: bool) -> str:
    check_is_here(path)
    full_path = os.path.join(base, path)
    real_path = _real_path(full_path)
    # The path as typed, not the real one, which would reveal where links lead.
    typed = os.path.normpath(full_path)
    what = (
        "it is outside of the folders that this ComfyUI lets Batch Loop read and write (input, "
        "output, temp, and those added by its owner). Choose one inside, or allow this one: "
    )

    def refusal() -> PathRefused:
        how = _how_to_allow(typed, allowed)
        return PathRefused(
            f"Batch Loop may not use the folder {quoted(typed)}: {what}{how}",
            elsewhere=f"Batch Loop may not use the folder {quoted(path)}: {what}{_HOW_ELSEWHERE}",
        )

    allowed.check(full_path, real_path, to_write=to_write, refusal=refusal)
    return real_path


def refusal_of_state(path: str) -> PathRefused:
    """The refusal to read or write the pack's own state."""
    what = (
        "it belongs to what Batch Loop itself keeps, its list of allowed folders among it, which "
        "no workflow may read or write. Choose another folder."
    )
    return PathRefused(
        f"Batch Loop may not use {quoted(path)}: {what}",
        elsewhere=f"Batch Loop may not use {quoted(_name(path))}: {what}",
    )


def _refusal_to_write(path: str, part: str) -> PathRefused:
    what = (
        f"it belongs to {part}, which no workflow may change, whatever folders are allowed. "
        "Choose a folder inside ComfyUI's output folder, or an allowed one beside ComfyUI's own."
    )
    return PathRefused(
        f"Batch Loop may not write to {quoted(path)}: {what}",
        elsewhere=f"Batch Loop may not write to {quoted(_name(path))}: {what}",
    )


def _name(path: str) -> str:
    return os.path.basename(path.rstrip("/" + os.sep)) or path


def _real_path(path: str) -> str:
    try:
        return os.path.realpath(path)
    except OSError as error:
        # It was a link a moment ago, and is now something else.
        msg = (
            f"Batch Loop may not use {quoted(path)}: a link in it was changed while it was looked "
            "at. Try again."
        )
        raise PathRefused(msg) from error


def check_is_here(path: str) -> None:
    """Raise `PathRefused` for a path on another machine, and for text that is not a path."""
    # By the text alone: on Windows, merely querying a path on another machine sends it the user's
    # credentials.
    if is_elsewhere(path):
        msg = (
            f"Batch Loop does not use network or device paths such as {quoted(path)}. Give the "
            "network folder a drive letter or mount it, and use that path."
        )
        raise PathRefused(msg)
    _check_text(path)


def is_elsewhere(path: str) -> bool:
    """Whether Windows would take a path for that of a network folder or a device."""
    return path.replace("/", "\\").startswith(("\\\\", "\\??\\"))


_HOW_ELSEWHERE = (
    "its owner can do that. Opened on the machine that ComfyUI runs on, its page says how."
)
"""Replaces the names of this machine's files for a page on another machine."""


def _how_to_allow(folder: str, allowed: AllowedFolders) -> str:
    variable = f"put it into the environment variable {ALLOWED_DIRS_VARIABLE}"
    if any(map(is_control, folder)):
        return (
            "first give it a name without line breaks and other characters that cannot be shown, "
            "as a list of folders cannot hold them."
        )
    if not allowed.how_to_allow:
        return f"{variable}, and start ComfyUI again."
    return (
        f"add the line {folder} to the file {quoted(allowed.how_to_allow)} and run again, or "
        f"{variable} and start ComfyUI again."
    )


def _check_text(path: str) -> None:
    """Raise `PathRefused` for text that is not a path, or has more parts than any in use."""
    try:
        # JSON can hold half a surrogate pair, which no file system accepts.
        usable = b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:
        usable = False
    if not usable:
        msg = (
            f"{quoted(path)} is not a path: it has a character that no file name can have. "
            "Type it again."
        )
        raise PathRefused(msg)
    if len(path.replace(os.altsep or os.sep, os.sep).split(os.sep)) > MOST_PARTS:
        # Without the path, which is long, and may not be told to another machine.
        msg = (
            f"Batch Loop does not use paths of more than {MOST_PARTS} parts. Choose a folder that "
            "lies less deep."
        )
        raise PathRefused(msg)


def _is_within(real_path: str, folder: str) -> bool:
    # normcase: on Windows C:\Pics and c:\pics are one folder.
    real_path, folder = os.path.normcase(real_path), os.path.normcase(folder)
    return real_path == folder or real_path.startswith(folder.rstrip(os.sep) + os.sep)
