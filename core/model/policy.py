"""How a loop is to be run, as chosen in Directory Iterator."""

from __future__ import annotations

from collections.abc import Sequence
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

    def carries_out(
        self, mode: IterationMode, before: IterationMode, *, is_after_the_end: bool
    ) -> bool:
        """Whether a run is the one that carries out its `mode`: Reset and Retry failed act once.

        It is the first run with it, if it was another `before`, or one on a complete batch.
        """
        if before is not mode:
            return True
        # A watched batch has no end: each new file would bring all the others back.
        return is_after_the_end and self.when_complete is not WhenComplete.WATCH

    def starts_over(self, mode: IterationMode) -> bool:
        """Whether a run on a complete batch begins the next one."""
        # A retry of what failed must not repeat everything.
        return (
            self.when_complete is WhenComplete.START_OVER and mode is not IterationMode.RETRY_FAILED
        )

    @property
    def skips(self) -> bool:
        """Whether the batch goes on after an error."""
        return self.error_handling is ErrorHandling.SKIP

    def gives_up_after(self, attempts: int) -> bool:
        """Whether an item is FAILED once so many prompts have failed on it."""
        return self.skips and attempts >= self.max_attempts


DEFAULT_POLICY = Policy()
"""The defaults of Directory Iterator's widgets."""


def policy_of_all(policies: Sequence[Policy]) -> Policy:
    """The policy of images that go through the workflow together, each with a policy of its own.

    Stop on error if any of them says so, and the most attempts that any allows. They agree on what
    happens when the batch is complete.
    """
    stops = any(one.error_handling is ErrorHandling.STOP for one in policies)
    return Policy(
        error_handling=ErrorHandling.STOP if stops else ErrorHandling.SKIP,
        max_attempts=max(one.max_attempts for one in policies),
        when_complete=policies[0].when_complete,
    )
