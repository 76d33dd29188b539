"""Every error that Batch Loop raises on purpose.

Each message says what happened, what was received, and what to do next. ComfyUI shows the
message as it is, in its error dialog or beside the node.
"""

from __future__ import annotations


class BatchLoopError(Exception):
    """Base of all errors below: catch it to catch what Batch Loop reports to its user."""

    def __init__(self, message: str = "", *, elsewhere: str | None = None) -> None:
        """`elsewhere` is the message without what only a page on this machine is told."""
        super().__init__(message)
        self._elsewhere = elsewhere

    @property
    def elsewhere(self) -> str:
        """The message for a page on another machine, and for all that anybody can read."""
        return str(self) if self._elsewhere is None else self._elsewhere


class PathRefused(BatchLoopError):
    """Raised when a folder or file lies outside the allow-list, or its path is not acceptable."""


class FolderNotFound(BatchLoopError):
    """Raised when the directory does not exist, or cannot be read."""


class NotAFolder(BatchLoopError):
    """Raised when the directory is a file."""


class NoImages(BatchLoopError):
    """Raised when a folder has no file that the filter admits."""


class InvalidSetting(BatchLoopError):
    """Raised when an input of a node has a value that cannot work, such as an empty pattern."""


class UnreadableImage(BatchLoopError):
    """Raised when an image file cannot be decoded; `reason` says why in a few words."""

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class UnwritableImage(BatchLoopError):
    """Raised when a result cannot be written; the message names the path and the reason."""


class StateNotKept(BatchLoopError):
    """Raised when the store cannot be read or written: nothing has changed."""


class StoreAway(StateNotKept):
    """Raised when the database does not answer for the moment; the change may be made again."""


class ClaimLost(BatchLoopError):
    """Raised when another server has been given the image that a prompt works on."""


class Refused(BatchLoopError):
    """Raised when a request to a route is not taken as it is; `status` is that of the answer."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class LoopEndMissing(BatchLoopError):
    """Raised before a run, when no Loop End is connected to a Directory Iterator."""


class OutputLeftOut(BatchLoopError):
    """Raised when ComfyUI has left out of a prompt an output node that an image needs."""


class LoopEndNotReached(BatchLoopError):
    """Raised when two prompts in a row succeeded on one image without reaching Loop End."""


class IllegalTransition(BatchLoopError):
    """Raised when an item is asked to change to a state that its present one does not lead to."""


class OutsidePrompt(BatchLoopError):
    """Raised when a node runs where no prompt runs, so that its item would have no outcome."""


class UnknownLoop(BatchLoopError):
    """Raised when a loop is asked for by an id that no loop has."""


class UnknownItem(BatchLoopError):
    """Raised when a loop is asked for an image or a result that it does not have."""


class NoDialog(BatchLoopError):
    """Raised where the operating system's folder dialog cannot be opened."""


class NotNow(BatchLoopError):
    """Raised when something cannot be done as things stand, and may be possible later."""
