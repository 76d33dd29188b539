"""Until when Start over can be undone."""

from __future__ import annotations

from ...model.items import Counts

UNDO_SECONDS = 600.0
"""How long the batch before is kept, unless an image of the new one is done or failed first."""


def undo_until(kept_at: float | None, counts: Counts, now: float) -> float | None:
    """Until when the batch before can be put back, in seconds since the epoch; None if it cannot.

    `kept_at` is when it was set aside, and `counts` are those of the batch since.
    """
    if kept_at is None or counts.handled:
        return None
    until = kept_at + UNDO_SECONDS
    return until if now < until else None
