"""What tools say: how far they are, and at the end, where it is an error, what to do."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable

ENDED_BY_SIGINT = 130
ENDED_BY_SIGTERM = 143


class ToolError(Exception):
    """Raised when a person has to do something; the message says what happened and what to do."""


def say(text: str) -> None:
    """Write something for a person to read now, a line or a part of one."""
    sys.stdout.write(text)
    sys.stdout.flush()


def run_command(main: Callable[[], int]) -> None:
    """Run a command's `main` and leave with its exit code; a `ToolError` becomes one line."""
    # As an exception, so that a server is not left behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(ENDED_BY_SIGTERM))
    try:
        code = main()
    except ToolError as error:
        sys.stderr.write(f"error: {error}\n")
        code = 1
    except KeyboardInterrupt:
        code = ENDED_BY_SIGINT
    sys.exit(code)
