"""How a tool speaks to a person: its progress, and what to do when it cannot go on."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable


class ToolError(Exception):
    """Raised when a person has to do something; the message says what happened and what to do."""


def say(text: str) -> None:
    """Write text for a person to read now, a line or part of one."""
    sys.stdout.write(text)
    sys.stdout.flush()


def run_command(main: Callable[[], int | None]) -> None:
    """Run `main` and exit with its code, None being 0; a `ToolError` becomes one line and 1."""
    # As an exception, so that no server is left behind; with the code that a shell gives it.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        code = main()
    except ToolError as error:
        sys.stderr.write(f"error: {error}\n")
        code = 1
    except KeyboardInterrupt:
        code = 128 + signal.SIGINT
    sys.exit(code)
