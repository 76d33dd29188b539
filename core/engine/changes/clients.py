"""What each client of a loop was last seen to want of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ...model.policy import IterationMode

REMEMBERED = 64
"""How many clients are remembered: scripts tend to use a new client id for every call."""


@dataclass(frozen=True)
class _Seen:
    mode: IterationMode
    knows_the_end: bool = False


@dataclass(frozen=True)
class Clients:
    """What each client last wanted of one loop, in order of their latest runs.

    Two browser tabs may run one loop. Without this, a tab whose Reset stays switched on would start
    the batch over each time the other tab had a turn, and a tab that had missed the batch's end
    would start the next batch by itself.
    """

    _seen: Mapping[str | None, _Seen] = field(default_factory=dict)

    def mode(self, client_id: str | None, otherwise: IterationMode) -> IterationMode:
        """The mode of the client's newest run; `otherwise` for one that was never seen."""
        seen = self._seen.get(client_id)
        return otherwise if seen is None else seen.mode

    def knows_the_end(self, client_id: str | None) -> bool:
        """Whether a new run of this client is meant as one: it did not miss the batch's end."""
        seen = self._seen.get(client_id)
        return seen is None or seen.knows_the_end

    def seen(self, client_id: str | None, mode: IterationMode, *, knows_the_end: bool) -> Clients:
        """A copy with a run of the client added."""
        seen = dict(self._seen)
        seen.pop(client_id, None)
        seen[client_id] = _Seen(mode, knows_the_end)
        if len(seen) > REMEMBERED:
            del seen[next(iter(seen))]
        return Clients(seen)

    def told_the_end(self, client_id: str | None) -> Clients:
        """A copy in which the client's own prompt has completed the batch."""
        if client_id not in self._seen:
            return self
        known = replace(self._seen[client_id], knows_the_end=True)
        return Clients({**self._seen, client_id: known})
