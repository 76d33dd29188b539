"""When things happened to loops, told apart from prompts that were submitted before or after."""

from __future__ import annotations

from collections import defaultdict, deque

from ...model.loop_key import LoopKey
from ...model.prompt import Host, Prompt

END, LOOK, WORK, FORGOTTEN = "end", "look", "work", "forgotten"
"""When a batch became complete, when its folder was looked through, when a prompt last began or
ended, and when a person has forgotten the loop."""

_REMEMBERED = 8
"""How many of each kind are kept: not every one that is noted is then committed."""
_SAME_SECONDS = 0.5
"""By how much a time may differ when it comes back from the store, as clocks are compared anew."""


class Moments:
    """When things happened to loops: before or after the submission of a prompt.

    The store keeps the time of day for all servers, which may be set at any moment. So this server
    also remembers its own notes by a monotonic clock. For others it compares how long ago they were
    with how long the prompt has waited.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        # The time of day of each of the last ones, and that of the monotonic clock.
        self._own: defaultdict[tuple[LoopKey, str], deque[tuple[float, float]]] = defaultdict(
            lambda: deque(maxlen=_REMEMBERED)
        )

    def note(self, key: LoopKey, what: str, steady: float | None = None) -> float:
        """Note that it happens now; returns the time of day, to store.

        Or that it happened before: at the time `steady` of the monotonic clock.
        """
        now = self._host.steady()
        then = now if steady is None else steady
        at = self._host.now() - (now - then)
        self._own[key, what].append((at, then))
        return at

    def passed(self, key: LoopKey, what: str, at: float) -> float:
        """How many seconds have passed since something, at the time of day `at` by the store."""
        return max(0.0, self._host.steady() - self.steady(key, what, at))

    def steady(self, key: LoopKey, what: str, at: float) -> float:
        """The time by the monotonic clock of something, at the time of day `at` by the store."""
        own = self._own_note(key, what, at)
        if own is None:
            return self._host.steady() - (self._host.now() - at)
        # Another server may have noted it, soon before or after this one has noted the same.
        noted_at, steady = own
        return steady + at - noted_at

    def _own_note(self, key: LoopKey, what: str, at: float) -> tuple[float, float] | None:
        """What this server noted about then, by both clocks; None if only another one did."""
        # Copied in one step, as listing a folder notes it outside any transaction.
        noted = tuple(self._own[key, what])
        nearest = min(noted, key=lambda own: abs(own[0] - at), default=None)
        is_own = nearest is not None and abs(nearest[0] - at) < _SAME_SECONDS
        return nearest if is_own else None

    def is_since(self, key: LoopKey, what: str, prompt: Prompt) -> bool:
        """Whether this server has noted something after the submission.

        False if nobody knows when that was: otherwise all such prompts, of whichever time, would
        count as earlier ones.
        """
        noted = tuple(self._own.get((key, what), ()))
        if prompt.steady is None:
            # 0, see `prompt_of`: it was put into the queue of a ComfyUI that notes no times.
            return bool(prompt.submitted_at) and any(at > prompt.submitted_at for at, _ in noted)
        return any(steady > prompt.steady for _, steady in noted)

    def forget(self, key: LoopKey) -> None:
        """Forget a loop, but for when a person has forgotten it."""
        for what in (END, LOOK, WORK):
            self._own.pop((key, what), None)

    def is_before(self, key: LoopKey, what: str, at: float, prompt: Prompt) -> bool:
        """Whether something, at the time of day `at` by the store, was before the submission."""
        own = self._own_note(key, what, at)
        if own is not None and prompt.steady is not None:
            return own[1] < prompt.steady
        waited = None if prompt.steady is None else self._host.steady() - prompt.steady
        now = self._host.now()
        if waited is None:
            waited = now - prompt.submitted_at
        ago = now - at
        # If it is in the future, the clock was set back since, nobody knows by how much.
        return ago < -_SAME_SECONDS or ago > waited
