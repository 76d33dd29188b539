"""What came first: the submission of a prompt, or what has happened to a loop.

The store keeps the time of day of what happens, for all servers, and a time of day may be set at
any moment. So what this server has noted itself it remembers by a clock that nobody sets; of the
rest it knows how long ago it was, which is compared with how long a prompt has waited.
"""

from __future__ import annotations

from collections import defaultdict, deque

from ...model.loop_key import LoopKey
from ...model.prompt import Host, Prompt

END, LOOK = "end", "look"
"""When a batch became complete, and when its folder was looked through."""

_REMEMBERED = 8
"""How many of a kind are kept: what was noted is not always what the store then keeps."""
_SAME_SECONDS = 0.5
"""By how much a time may come back from the store as another one, as clocks are compared anew."""


class Moments:
    """When things happened to loops."""

    def __init__(self, host: Host) -> None:
        self._host = host
        # The time of day of each of the last ones, and the steady clock then.
        self._own: defaultdict[tuple[LoopKey, str], deque[tuple[float, float]]] = defaultdict(
            lambda: deque(maxlen=_REMEMBERED)
        )

    def note(self, key: LoopKey, what: str) -> float:
        """Note that it happens now; the time of day, for the store."""
        at = self._host.now()
        self._own[key, what].append((at, self._host.steady()))
        return at

    def forget(self, key: LoopKey) -> None:
        """Forget a loop."""
        for what in (END, LOOK):
            self._own.pop((key, what), None)

    def is_before(self, key: LoopKey, what: str, at: float, prompt: Prompt) -> bool:
        """Whether what the store says was at the time of day `at` was before the submission."""
        # Copied in one step: who lists a folder notes that in no transaction.
        noted = tuple(self._own[key, what])
        nearest = min(noted, key=lambda own: abs(own[0] - at), default=None)
        is_own = nearest is not None and abs(nearest[0] - at) < _SAME_SECONDS
        if nearest is not None and is_own and prompt.steady is not None:
            return nearest[1] < prompt.steady
        waited = None if prompt.steady is None else self._host.steady() - prompt.steady
        now = self._host.now()
        if waited is None:
            waited = now - prompt.submitted_at
        ago = now - at
        # In time to come: the clock was set back since, and nobody can tell by how much.
        return ago < -_SAME_SECONDS or ago > waited
