"""What each client was last seen to want of a loop, and whether it knows how the loop ended.

Two browser tabs may run one loop. Without this, a tab whose Reset stays switched on would start
the batch over each time the other tab had a turn, and a tab that was not told of the batch's end
would start the next batch by itself.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from ..model.state import IterationMode

REMEMBERED = 64
"""How many clients are kept, newest first: scripts tend to take a new client id at every call."""


@dataclass
class _Seen:
    mode: IterationMode
    knows_the_end: bool = False


class Clients:
    """The clients of one loop."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str | None, _Seen] = OrderedDict()

    def mode(self, client_id: str | None, otherwise: IterationMode) -> IterationMode:
        """The mode of the client's newest run; `otherwise` for one that was never seen."""
        seen = self._seen.get(client_id)
        return otherwise if seen is None else seen.mode

    def knows_the_end(self, client_id: str | None) -> bool:
        """Whether a new run of this client is meant as one: it did not miss the batch's end."""
        seen = self._seen.get(client_id)
        return seen is None or seen.knows_the_end

    def note(self, client_id: str | None, mode: IterationMode, *, knows_the_end: bool) -> None:
        """Note a run of the client."""
        self._seen[client_id] = _Seen(mode, knows_the_end)
        self._seen.move_to_end(client_id)
        while len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)

    def told_the_end(self, client_id: str | None) -> None:
        """Note that the client's own prompt has completed the batch."""
        seen = self._seen.get(client_id)
        if seen is not None:
            seen.knows_the_end = True
