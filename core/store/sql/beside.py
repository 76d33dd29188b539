"""Changes of a loop that several servers make in the same moment.

Each hands out, and ends, images of its own, and notes files that they write. Who changes anything
else of a loop waits until he is the only one, as all do who have not seen others at work.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ...model.items import Item
from ..records import UNLISTED
from ..schema.beside_statement import ADDED

_MOST_ALONE = 8
"""For how many transactions at most a loop is not tried beside others, once that was in vain."""

_CHANGED = frozenset({*ADDED, "seconds", "until", "last", "ran_at", "runner", "pending_from"})
"""The columns of a loop that change as images are handed out and end."""
_NEVER = float("inf")

MANY = 1_000
"""With so many pending items some are left, however many servers are about to claim one: for each
PostgreSQL has a process."""


class Pending(NamedTuple):
    """Where items are pending, by a loop's row that was read before.

    So what a claim needs can be asked for without having PostgreSQL look up that row several times.
    """

    listing: str
    first: int
    """A place before which none is."""
    are_many: bool

    def is_true_of(self, row: Mapping[str, Any]) -> bool:
        """Whether what was found by it holds by the loop's row as it is now."""
        return (
            row["listing"] == self.listing
            and row["pending_from"] >= self.first
            and (row["pending"] >= MANY or not self.are_many)
        )


class Others:
    """The loops on which other servers were seen at work."""

    def __init__(self) -> None:
        self._seen: dict[str, Pending] = {}
        # For how many transactions each loop was last not tried, and for how many it still is not.
        self._pauses: dict[str, int] = {}
        self._left: dict[str, int] = {}

    def note(self, row: Mapping[str, Any], *, are_there: bool) -> None:
        """Note whether others are at work on the loop that has a row."""
        if are_there:
            are_many = row["pending"] >= MANY
            self._seen[row["id"]] = Pending(row["listing"], row["pending_from"], are_many)
        else:
            self._seen.pop(row["id"], None)

    def note_in_vain(self, loop_id: str) -> None:
        """Note that a loop could not be changed beside others.

        The cause may be gone with the next transaction, or stay: each time that it was in vain
        again, it is not tried for twice as many.
        """
        pause = min(2 * self._pauses.get(loop_id, 0) or 1, _MOST_ALONE)
        self._pauses[loop_id] = self._left[loop_id] = pause

    def note_success(self, loop_id: str) -> None:
        """Note that a loop was changed beside others."""
        self._pauses.pop(loop_id, None)

    def seen(self, loop_id: str) -> Pending | None:
        """What is pending in a loop; None if others were not seen there, or if it was in vain.

        To be asked as a transaction begins, which is to leave room for others unless it is None.
        """
        left = self._left.pop(loop_id, 0)
        if left > 1:
            self._left[loop_id] = left - 1
        return None if left else self._seen.get(loop_id)


def is_open_to_others(row: Mapping[str, Any]) -> bool:
    """Whether a loop, by its row, is in the midst of a batch that goes on by itself.

    Not once its last image is handed out: its end must be seen by whoever ends it.
    """
    return (
        row["pending"] > 0
        and row["completed_at"] is None
        and row["next_listing"] is None
        and row["kept"] is None
        and row["partners"] == "[]"
    )


def taken_besides(row: Mapping[str, Any], own: Iterable[Item]) -> int:
    """How many of a listing's open items are another server's, by the loop's row and all others."""
    taken: int = row["running"] + row["finishing"]
    return taken - sum(item.index != UNLISTED for item in own)


def may_change(columns: Mapping[str, Any]) -> bool:
    """Whether columns of a loop may change while others change it, too."""
    return columns.keys() <= _CHANGED


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """What `count_beside` is given for a change of a loop's row; nothing if there is none."""
    if before == after:
        return {}
    given = {f"by_{name}": after[name] - before[name] for name in ADDED}
    ended_ago = after["seconds"] - after["last"] if after["last"] != before["last"] else _NEVER
    return {
        **given,
        "of_passed": after["seconds"] - before["seconds"],
        "of_until": after["until"],
        "of_ended_ago": ended_ago,
        "of_pending_from": after["pending_from"],
        "of_ran_at": after["ran_at"],
        "of_runner": after["runner"],
    }
