"""How a loop is to be run, as chosen in Directory Iterator."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class IterationMode(str, Enum):
    """What a run does with the results of earlier runs."""

    CONTINUE = "Continue"
    RESET = "Reset"
    RETRY_FAILED = "Retry failed"
    """Takes the FAILED items again, once; then like Continue."""


class ErrorHandling(str, Enum):
    """What happens to an item that fails."""

    STOP = "Stop on error"
    SKIP = "Skip on error"


class WhenComplete(str, Enum):
    """What a run on a complete batch does."""

    STOP = "Stop"
    START_OVER = "Start over"
    WATCH = "Watch"
    """Nothing, like Stop, but the batch waits for new files, and takes each once it is complete."""


@dataclass(frozen=True)
class Policy:
    """How a loop handles failures and the end of its batch."""

    error_handling: ErrorHandling = ErrorHandling.STOP
    max_attempts: int = 1
    """With Skip on error: how many prompts may fail on an item before it is FAILED; 1 or more."""
    when_complete: WhenComplete = WhenComplete.STOP


DEFAULT_POLICY = Policy()
"""The defaults of Directory Iterator's widgets."""
