"""What could not be written after its prompt had ended well: the next run says it.

Everything here expects to run inside of a transaction.
"""

from __future__ import annotations

from collections.abc import Iterable

from ...model.loop_key import LoopKey
from ...model.policy import ErrorHandling, Policy
from ...model.prompt import Ending, Outcome
from ..changes.process_memory import Memory


class Untold:
    """The errors that no prompt has told."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def note(self, key: LoopKey, policy: Policy, outcome: Outcome, reason: str) -> None:
        """Note why a result of a prompt could not be written, if nobody was told of it.

        With Skip on error the batch goes on, and its failures are listed.
        """
        if outcome.ending is Ending.SUCCESS and policy.error_handling is ErrorHandling.STOP:
            self._memory.change(key, untold=reason)

    def take(self, keys: Iterable[LoopKey]) -> str | None:
        """The first of what is to be told of some loops, which then counts as told."""
        for key in keys:
            reason = self._memory[key].untold
            if reason is not None:
                self.forget(key)
                return reason
        return None

    def forget(self, key: LoopKey) -> None:
        """Say no more of a loop's."""
        if self._memory[key].untold is not None:
            self._memory.change(key, untold=None)
