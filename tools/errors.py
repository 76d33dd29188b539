"""The one exception of the tools that a person is meant to read."""

from __future__ import annotations

import sys
from collections.abc import Callable


class ToolError(Exception):
    """Raised when a person has to do something; the message says what happened and what to do."""


def run_command(main: Callable[[], int]) -> None:
    """Run a command's `main` and leave with its exit code; a `ToolError` becomes one line."""
    try:
        code = main()
    except ToolError as error:
        sys.stderr.write(f"error: {error}\n")
        code = 1
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)
