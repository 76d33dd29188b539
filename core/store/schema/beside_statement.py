"""The statement by which several servers change the row of a loop in the same moment."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Double, bindparam, cast, func

from .statements import COUNTS, set_loop
from .tables import loops

ADDED = (
    *COUNTS,
    "ended",
    "turns",
    "firsts",
    "first_turns",
    "lost_transparency",
    "renamed_texts",
)
"""The columns that change by differences."""


def _given(name: str) -> ColumnElement[float]:
    return cast(bindparam(name), Double)


# Time that passed while two were at work has passed once: what the row already counts up to is left
# out. A database's `least` and `greatest` leave out what is NULL.
_uncounted = func.greatest(0.0, _given("of_until") - loops.c.until)
_seconds = loops.c.seconds + func.least(_given("of_passed"), _uncounted)
count_beside = set_loop.values(
    {name: loops.c[name] + bindparam(f"by_{name}") for name in ADDED}
    | {
        "seconds": _seconds,
        "until": func.greatest(loops.c.until, _given("of_until")),
        "last": func.greatest(loops.c.last, _seconds - _given("of_ended_ago")),
        "pending_from": func.least(loops.c.pending_from, bindparam("of_pending_from")),
        "ran_at": func.greatest(loops.c.ran_at, _given("of_ran_at")),
        "runner": bindparam("of_runner"),
    }
)
"""For PostgreSQL only, as SQLite has one writer at a time."""
