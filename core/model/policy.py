"""How a loop is to be run: the choices that a person makes at Directory Iterator."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class IterationMode(str, Enum):
    """What a run does with the results of runs before it."""

    CONTINUE = "Continue"
    RESET = "Reset"
    RETRY_FAILED = "Retry failed"
    """Once, take the FAILED items again; then like Continue."""


class ErrorHandling(str, Enum):
    """What happens to an item that fails."""

    STOP = "Stop on error"
    SKIP = "Skip on error"


class WhenComplete(str, Enum):
    """What a run on a complete batch does."""

    STOP = "Stop"
    START_OVER = "Start over"
    WATCH = "Watch"
    """Nothing, like Stop; but the batch waits for new files, and takes only whole ones."""


@dataclass(frozen=True)
class Policy:
    """How a loop treats failures and its end."""

    error_handling: ErrorHandling = ErrorHandling.STOP
    max_attempts: int = 1
    """With Skip on error: how many prompts may fail on an item before it is FAILED; 1 or more."""
    when_complete: WhenComplete = WhenComplete.STOP


DEFAULT_POLICY = Policy()
"""What Directory Iterator's widgets say at first."""
