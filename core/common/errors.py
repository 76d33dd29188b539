"""All errors that Batch Loop raises deliberately.

Each message says what happened, what was received, and what to do next. ComfyUI shows it
unchanged, in its error dialog or on the node. Names from outside are quoted so that they are safe
to show.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that change the direction of the text after them, which can disguise a name."""


def is_control(character: str) -> bool:
    """Whether a character is invisible but affects the text around it, such as a line break."""
    return character in _BIDI or unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}


def quoted(path: str) -> str:
    r"""Quote a path for a message, with characters that cannot be shown (such as "\n") escaped."""
    shown = "".join(
        character if character.isprintable() else ascii(character)[1:-1] for character in path
    )
    return f'"{shown}"'


class BatchLoopError(Exception):
    """Base class of all errors below: those that Batch Loop reports to the user."""

    def __init__(self, message: str = "", *, elsewhere: str | None = None) -> None:
        """`elsewhere` is the message without the details meant only for this machine."""
        super().__init__(message)
        self._elsewhere = elsewhere

    @property
    def elsewhere(self) -> str:
        """The message for pages on other machines, and for anything that anybody can read."""
        return str(self) if self._elsewhere is None else self._elsewhere


class PathRefused(BatchLoopError):
    """Raised when a folder or file lies outside the allow-list, or its path is not acceptable."""


class FolderNotFound(BatchLoopError):
    """Raised when the directory does not exist, or cannot be read."""


class NotAFolder(BatchLoopError):
    """Raised when the directory is a file."""


class NoImages(BatchLoopError):
    """Raised when no file in a folder matches the filter."""


class InvalidSetting(BatchLoopError):
    """Raised when an input of a node has a value that cannot work, such as an empty pattern."""


class Unreadable(BatchLoopError):
    """Raised when an item cannot be read; `reason` is a short explanation."""

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class UnreadableImage(Unreadable):
    """Raised when an image file cannot be decoded."""


class UnreadableTable(Unreadable):
    """Raised when a table, or a row of it, cannot be read.

    `line` is the line, or row of a sheet, counted from 1; None if it is the table as a whole.
    """

    def __init__(self, message: str, reason: str, line: int | None = None) -> None:
        super().__init__(message, reason)
        self.line = line


class UnreadableFilm(Unreadable):
    """Raised when a film cannot be decoded."""


class UnreadableFrame(UnreadableFilm):
    """Raised when one frame of a film cannot be decoded; those around it may be sound."""


class WindowGone(UnreadableFrame):
    """Raised when a whole film no longer has the frames of an item."""


class UnreadableCompanion(Unreadable):
    """Raised when the file beside an image is missing, or cannot be read.

    `asked_by` is the type of the nodes that ask for it: the image itself is not to blame.
    """

    def __init__(self, message: str, reason: str, asked_by: str | None = None) -> None:
        super().__init__(message, reason)
        self.asked_by = asked_by


class LeftOut(UnreadableCompanion):
    """Raised when a file is missing without which its image is to be left out."""


class UnreadableSound(Unreadable):
    """Raised when a sound cannot be decoded."""


class RowGone(UnreadableTable):
    """Raised when a table that can be read no longer has a row."""


class UnwritableImage(BatchLoopError):
    """Raised when a result cannot be written; the message names the path and the reason."""


class ResultsMissing(BatchLoopError):
    """Raised when a film is to be made of a batch's results, and they do not make one."""


class NoRoom(UnwritableImage):
    """Raised when no result can be written: the disk is full, or the folder is read-only."""


class StateNotKept(BatchLoopError):
    """Raised when the store cannot be read or written; nothing has changed."""


class StoreAway(StateNotKept):
    """Raised when the database does not answer at the moment; the change can be retried."""


class Unanswered(StoreAway):
    """Raised when the database is cut off while it keeps a change: it may have kept it or not.

    `was_kept` asks it for that, and raises StoreAway while nobody can tell.
    """

    def __init__(self, message: str, was_kept: Callable[[], bool]) -> None:
        super().__init__(message)
        self.was_kept = was_kept


class ClaimLost(BatchLoopError):
    """Raised when the image that a prompt works on has been given to another server."""


class Refused(BatchLoopError):
    """Raised when a route rejects a request; `status` is the HTTP status of the response."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class LoopEndMissing(BatchLoopError):
    """Raised before a run, when neither a saver nor a Loop End follows a Directory Iterator."""


class OutputLeftOut(BatchLoopError):
    """Raised when ComfyUI has dropped an output node that depends on the image from a prompt."""


class LoopEndNotReached(BatchLoopError):
    """Raised when two prompts in a row succeeded on one image without reaching its end."""


class LoopForgotten(BatchLoopError):
    """Raised when a prompt's loop was forgotten after the prompt was queued."""


class IllegalTransition(BatchLoopError):
    """Raised when an item cannot change from its current state to the requested one."""


class OutsidePrompt(BatchLoopError):
    """Raised when a node runs outside a prompt, so its item would never have an outcome."""


class UnknownLoop(BatchLoopError):
    """Raised when no loop has the requested id."""


class UnknownItem(BatchLoopError):
    """Raised when a loop does not have the requested image or result."""


class NoDialog(BatchLoopError):
    """Raised when the operating system's folder dialog cannot be opened."""


class NotNow(BatchLoopError):
    """Raised when something cannot be done right now but may be possible later."""
