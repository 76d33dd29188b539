"""How a tool ends: in order, or with one line that says what to do."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable

ENDED_BY_SIGINT = 130
ENDED_BY_SIGTERM = 143


class ToolError(Exception):
    """Raised when a person has to do something; the message says what happened and what to do."""


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
