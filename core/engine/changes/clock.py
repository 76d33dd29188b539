"""The clock on the wall: how long the prompts of a loop were queued or running."""

from __future__ import annotations

from ...common.times import Times
from ...model.go_or_stop import BETWEEN_SECONDS
from ...model.loop_key import LoopKey
from ...model.prompt import Host, Prompt
from .moments import WORK, Moments


class Clock:
    """Notes what passes in the times of loops; whether the day's time is set does not matter."""

    def __init__(self, host: Host, moments: Moments) -> None:
        self._host = host
        self._moments = moments

    def begins(self, key: LoopKey, times: Times, prompt: Prompt, *, is_at_work: bool) -> Times:
        """The times once a prompt is handed an image; `is_at_work` if others had one before.

        It counts from its submission on, or from the end of the one before, if it was submitted
        soon after that.
        """
        passed = self.since(key, times)
        waited = self._waited(prompt)
        is_next = passed is not None and (is_at_work or passed - waited < BETWEEN_SECONDS)
        taken = passed if is_next or (passed or waited) < waited else waited
        return times.passed(taken or 0.0, self._moments.note(key, WORK))

    def ends(self, key: LoopKey, times: Times, ago: float) -> Times:
        """The times once a prompt has ended, `ago` seconds before now."""
        passed = self.since(key, times) or 0.0
        # Another may have begun or ended since.
        if ago > passed:
            return times
        return times.passed(passed - ago, self._moments.note(key, WORK, self._host.steady() - ago))

    def since(self, key: LoopKey, times: Times) -> float | None:
        """Seconds since a prompt last began or ended; None if none has. From any thread."""
        return None if times.until is None else self._moments.passed(key, WORK, times.until)

    def last(self, key: LoopKey, times: Times) -> float | None:
        """When a prompt last began or ended, by the monotonic clock; None if none has."""
        return None if times.until is None else self._moments.steady(key, WORK, times.until)

    def _waited(self, prompt: Prompt) -> float:
        if prompt.steady is not None:
            return max(0.0, self._host.steady() - prompt.steady)
        return max(0.0, self._host.now() - prompt.submitted_at)
