"""The errors that end the command early, and its exit codes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from enum import IntEnum


class ExitCode(IntEnum):
    """The command's exit codes, with their meanings as `--help` shows them."""

    meaning: str

    DONE = 0, "every item is done"
    SOME_FAILED = 1, "complete, and some items failed"
    WRONG_CALL = 2, "the command line cannot be used, or the servers do not share the batch"
    STOPPED = 3, "stopped at an item that failed, or cancelled"
    UNREACHABLE = 4, "the server does not answer"
    REFUSED = 5, "the server refuses what it was asked for"
    NO_WORKFLOW = 6, "the file is not a workflow"
    NODE_MISSING = 7, "the server lacks a node of the workflow, or the pack"
    NO_BATCH = 8, "the workflow has no iterator, such as Directory Iterator"
    NO_DATABASE = 9, "the server cannot reach its database"
    SETTINGS_REFUSED = (
        10,
        "an iterator refuses its folder, table or settings, or a saver its folder",
    )
    INTERRUPTED = 130, "Ctrl-C"
    OUTPUT_CLOSED = 141, "what read the output has closed it, as head does"

    def __new__(cls, code: int, meaning: str) -> ExitCode:  # noqa: PYI034 - Self came with 3.11
        """Make a code with its meaning."""
        member = int.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member


class CommandError(Exception):
    """Raised to end the command; the message, one line for a person, says what to do."""

    code: ExitCode
    """The exit code; each kind of error has its own."""


class WrongCall(CommandError):
    """Raised for a command line that cannot be used, or not with these servers."""

    code = ExitCode.WRONG_CALL


class NoWorkflow(CommandError):
    """Raised for a file that is not a workflow."""

    code = ExitCode.NO_WORKFLOW


class NoBatch(CommandError):
    """Raised for a workflow without a node that hands out items."""

    code = ExitCode.NO_BATCH


class Stopped(CommandError):
    """Raised when the batch stopped before it was complete."""

    code = ExitCode.STOPPED


class Unreachable(CommandError):
    """Raised when the server does not answer."""

    code = ExitCode.UNREACHABLE

    def __init__(self, url: str, why: object) -> None:
        super().__init__(
            f"{url} does not answer ({why}). Start ComfyUI, or name its address with --server."
        )


class ServerError(CommandError):
    """Raised for a problem with one server; `naming` adds its address to the message."""


class RefusedByServer(ServerError):
    """Raised when the server refuses a request; `status` is that of its HTTP response."""

    code = ExitCode.REFUSED

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class NodeMissing(ServerError):
    """Raised when the server lacks a node of the workflow, or the pack."""

    code = ExitCode.NODE_MISSING


class NoDatabase(ServerError):
    """Raised when the server cannot reach its database."""

    code = ExitCode.NO_DATABASE


class DatabaseAway(NoDatabase):
    """Raised while a database that the server has reached before is out of reach."""


class SettingsRefused(ServerError):
    """Raised when an iterator, or a saver, refuses its folder, table or settings."""

    code = ExitCode.SETTINGS_REFUSED


@contextlib.contextmanager
def naming(server: str) -> Iterator[None]:
    """Add the server's address to the message of a ServerError that lacks it."""
    try:
        yield
    except ServerError as error:
        if server not in str(error):
            error.args = (f"{server}: {error}",)
        raise
