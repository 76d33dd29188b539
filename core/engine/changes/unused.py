"""Which loops go by themselves: those in which nothing was ever done, a long time ago."""

from __future__ import annotations

from ...model.items import Counts
from ...store.records import LoopEntry

UNUSED_SECONDS = 30 * 24 * 60 * 60.0
"""For how long such a loop is kept after its last run."""


def is_unused(entry: LoopEntry, counts: Counts, now: float) -> bool:
    """Whether a loop has been in its first batch for a long time with nothing done or failed."""
    has_done_nothing = not (counts.handled or counts.running or entry.times.ended)
    used_at = max(entry.looked_at, entry.ran_at or 0.0)
    return entry.batch == 1 and has_done_nothing and now - used_at > UNUSED_SECONDS
