"""What ends the command before its work is done, and the exit codes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from enum import IntEnum


class ExitCode(IntEnum):
    """What the command tells the shell."""

    DONE = 0
    """Every image is done."""
    SOME_FAILED = 1
    """The batch is complete, and some images failed."""
    WRONG_CALL = 2
    """The command line cannot be used, or not with these servers; nothing ran."""
    STOPPED = 3
    """A prompt failed, and the batch stopped there."""
    UNREACHABLE = 4
    """The server does not answer."""
    REFUSED = 5
    """The server answers, and refuses what it was asked for."""
    NO_WORKFLOW = 6
    """The file is no workflow."""
    NODE_MISSING = 7
    """The server lacks a node of the workflow, or the pack."""
    NO_BATCH = 8
    """The workflow has no Directory Iterator, or no End Queue."""
    NO_DATABASE = 9
    """The server cannot reach its database."""
    SETTINGS_REFUSED = 10
    """Directory Iterator refuses the folder or its settings, or Save Image (Batch) its folder."""
    INTERRUPTED = 130
    """A person pressed Ctrl-C."""


class CommandError(Exception):
    """Raised to end the command; the message, one line for a person, says what to do."""

    code: ExitCode
    """What the shell is told. Each subclass has its own."""


class WrongCall(CommandError):
    """Raised for a command line that cannot be used, or not with these servers."""

    code = ExitCode.WRONG_CALL


class NoWorkflow(CommandError):
    """Raised for a file that is no workflow."""

    code = ExitCode.NO_WORKFLOW


class NoBatch(CommandError):
    """Raised for a workflow without Directory Iterator, or without End Queue."""

    code = ExitCode.NO_BATCH


class Stopped(CommandError):
    """Raised when the batch has stopped before it was complete."""

    code = ExitCode.STOPPED


class Unreachable(CommandError):
    """Raised when the server does not answer."""

    code = ExitCode.UNREACHABLE

    def __init__(self, url: str, why: object) -> None:
        super().__init__(
            f"{url} does not answer ({why}). Start ComfyUI, or name its address with --server."
        )


class OfServer(CommandError):
    """Raised for what is wrong with one server, which `named_after` adds to the message."""


class RefusedByServer(OfServer):
    """Raised when the server refuses a request; `status` is of the HTTP answer."""

    code = ExitCode.REFUSED

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class NodeMissing(OfServer):
    """Raised when the server lacks a node of the workflow, or the pack."""

    code = ExitCode.NODE_MISSING


class NoDatabase(OfServer):
    """Raised when the server cannot reach its database."""

    code = ExitCode.NO_DATABASE


class DatabaseAway(NoDatabase):
    """Raised when the server's database, which it could reach before, is away for the moment."""


class SettingsRefused(OfServer):
    """Raised when Directory Iterator refuses the folder or its settings."""

    code = ExitCode.SETTINGS_REFUSED


@contextlib.contextmanager
def named_after(server: str) -> Iterator[None]:
    """Have the message of what is wrong with a server say which one it is."""
    try:
        yield
    except OfServer as error:
        if server not in str(error):
            error.args = (f"{server}: {error}",)
        raise
