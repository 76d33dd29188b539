"""What ends the command before its work is done, and the exit codes."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What the command tells the shell."""

    DONE = 0
    """Every image is done."""
    SOME_FAILED = 1
    """The batch is complete, and some images failed."""
    WRONG_CALL = 2
    """The command line or the workflow cannot be used; nothing ran."""
    STOPPED = 3
    """A prompt failed, and the batch stopped there."""
    UNREACHABLE = 4
    """The server does not answer."""
    REFUSED = 5
    """The server answers, and refuses what it was asked for."""
    INTERRUPTED = 130
    """A person pressed Ctrl-C."""


class CommandError(Exception):
    """Raised to end the command; the message, one line for a person, says what to do."""

    def __init__(self, message: str, code: ExitCode) -> None:
        super().__init__(message)
        self.code = code


class WrongCall(CommandError):
    """Raised for a command line or a workflow that cannot be used."""

    def __init__(self, message: str) -> None:
        super().__init__(message, ExitCode.WRONG_CALL)


class Unreachable(CommandError):
    """Raised when the server does not answer."""

    def __init__(self, url: str, why: object) -> None:
        super().__init__(
            f"{url} does not answer ({why}). Start ComfyUI, or name its address with --server.",
            ExitCode.UNREACHABLE,
        )


class RefusedByServer(CommandError):
    """Raised when the server refuses a request; `status` is of the HTTP answer."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message, ExitCode.REFUSED)
        self.status = status
