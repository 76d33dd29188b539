"""Which folders and files the pack may touch: the allow-list, checked on real paths.

Prompts reach a ComfyUI server without a login, even from somebody else's web page, and they name
folders. So every path from a prompt or a route is checked here first.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from .. import PACK_FOLDER
from ..common.errors import FolderNotFound, InvalidSetting, NotAFolder, PathRefused, quoted
from .folder_list import allowed_dirs_file, folders_in, state_dir, unquoted
from .path_refusals import (
    HOW_ELSEWHERE,
    how_to_allow,
    refusal_of_state,
    refusal_to_write,
    shown_name,
)
from .path_texts import check_is_here, check_text, is_elsewhere, is_within
from .protected import NOTHING_PROTECTED, UNPROTECTED, Protected

EXAMPLE_FOLDER = "batch-loop/examples/images"
"""The name of the pack's example images in workflows, wherever the pack is installed.

With it an example workflow runs on any machine, with nothing copied into the user's folders.
"""

EXAMPLE_IMAGES = os.path.realpath(os.path.join(PACK_FOLDER, "examples", "images"))
"""Real path of that folder, which may be read but not written."""

EXAMPLE_MASKS = os.path.realpath(os.path.join(PACK_FOLDER, "examples", "masks"))
"""Real path of the folder with the masks of these images; the same goes for it."""

EXAMPLE_FILM = "batch-loop/examples/films/balloons.mp4"
"""The name of the pack's example film in workflows, wherever the pack is installed."""

EXAMPLE_FILMS = os.path.realpath(os.path.join(PACK_FOLDER, "examples", "films"))
"""Real path of the folder with this film; it may be read but not written."""


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
        folders = [*listed, *folders_in(listed_in)]
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
                raise refusal_to_write(path, part)

    def holds(self, real_path: str) -> bool:
        """Whether a real path is one of the folders, or lies within one, protected or not."""
        return any(
            is_within(real_path, folder)
            for folder in (self.input, self.output, self.temp, *self.extra)
        )

    def _admits_to_read(self, real_path: str) -> bool:
        examples = (EXAMPLE_IMAGES, EXAMPLE_MASKS, EXAMPLE_FILMS)
        return self.holds(real_path) or any(is_within(real_path, each) for each in examples)


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
    cleaned = unquoted(directory)
    if not cleaned:
        msg = (
            "No folder is chosen: 'directory' is empty. Choose a folder: its full path, or a "
            "folder inside ComfyUI's input folder ('.' is the input folder itself)."
        )
        raise InvalidSetting(msg)
    if cleaned.replace("\\", "/").rstrip("/") == EXAMPLE_FOLDER:
        cleaned = EXAMPLE_IMAGES
    return _source_folder(cleaned, directory, allowed)


def resolve_shown(path: str, allowed: AllowedFolders) -> str:
    """Like `resolve_source`, but a full path is taken as it is: nobody has typed it.

    Spaces and quotes around it belong to the names of folders.
    """
    if os.path.isabs(path):
        return _source_folder(path, path, allowed)
    return resolve_source(path, allowed)


def _source_folder(path: str, directory: str, allowed: AllowedFolders) -> str:
    real_path = _allowed_real_path(path, allowed.input, allowed, to_write=False)
    try:
        mode = os.stat(real_path).st_mode
    except (FileNotFoundError, NotADirectoryError) as error:
        what = (
            f"does not exist ('directory' is {quoted(directory)}). Check how it is written: give "
            "its full path, or a folder inside ComfyUI's input folder."
        )
        if path.startswith("~"):
            what += " '~' does not stand for a home folder here."
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


def resolve_file(path: str, allowed: AllowedFolders) -> str:
    """The real path of a file that a user named, which need not exist; raises `PathRefused`.

    `path` is a full path, a path inside ComfyUI's input folder, or `EXAMPLE_FILM`.
    """
    if path.replace("\\", "/") == EXAMPLE_FILM:
        path = os.path.join(EXAMPLE_FILMS, os.path.basename(EXAMPLE_FILM))
    return _allowed_real_path(path, allowed.input, allowed, to_write=False)


def as_written(folder: str, allowed: AllowedFolders) -> str:
    """The shortest text by which a user can name a folder, by its real path, to read images from.

    It is the path inside ComfyUI's input folder, or the full path of any other folder; in quotes if
    spaces or quotes around it would be dropped otherwise.
    """
    written = folder
    if is_within(folder, allowed.input):
        inner = os.path.relpath(folder, allowed.input).replace(os.sep, "/")
        written = folder if inner == EXAMPLE_FOLDER else inner
    return written if written == unquoted(written) else f'"{written}"'


def resolve_beside(folder: str, base: str, allowed: AllowedFolders) -> str:
    """The real path of a folder to read from, which a user named as seen from the folder `base`.

    It need not exist. Raises `PathRefused`.
    """
    return _allowed_real_path(folder or ".", base, allowed, to_write=False)


def resolve_target(folder: str, allowed: AllowedFolders) -> str:
    """Resolve the folder that a user named to save to; it need not exist yet.

    Like `resolve_source`, but relative to ComfyUI's output folder, which an empty `folder` means
    too. Raises `PathRefused`, also for protected places: ComfyUI's own folders and the pack's
    state, whatever is allowed around them.
    """
    folder = unquoted(folder) or "."
    return _allowed_real_path(folder, allowed.output, allowed, to_write=True)


def check_source_file(path: str, allowed: AllowedFolders) -> str:
    """Return the real path of a file that a listing has found.

    `path` is absolute. Raises `PathRefused` if a link in it leads out of the allow-list.
    """
    return _check_file(path, allowed, to_write=False)


def is_allowed_file(path: str, allowed: AllowedFolders) -> bool:
    """Whether a file is at an absolute path, and may be read."""
    try:
        return os.path.isfile(check_source_file(path, allowed))
    except PathRefused:
        return False


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
    check_text(path)
    what = (
        "it is a link that leads out of the folders that Batch Loop may use, or lies in none of "
        "them. Put the file itself there, or allow the folder that the link leads to: "
    )

    def refusal() -> PathRefused:
        how = how_to_allow("that folder", allowed.how_to_allow)
        return PathRefused(
            f"Batch Loop may not use {quoted(path)}: {what}{how}",
            elsewhere=f"Batch Loop may not use {quoted(shown_name(path))}: {what}{HOW_ELSEWHERE}",
        )

    # A shared database may name anything. Network paths are not even queried, except in a folder
    # that a person has allowed by its drive letter.
    if is_elsewhere(path) and not allowed.holds(os.path.normpath(path)):
        raise refusal()
    real_path = _real_path(path)
    allowed.check(path, real_path, to_write=to_write, refusal=refusal)
    return real_path


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
        how = how_to_allow(typed, allowed.how_to_allow)
        return PathRefused(
            f"Batch Loop may not use the folder {quoted(typed)}: {what}{how}",
            elsewhere=f"Batch Loop may not use the folder {quoted(path)}: {what}{HOW_ELSEWHERE}",
        )

    allowed.check(full_path, real_path, to_write=to_write, refusal=refusal)
    return real_path


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
