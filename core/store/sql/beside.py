"""Changes of a loop that several servers make in the same moment.

Each hands out, and ends, images of its own, and notes files that they write. Who changes anything
else of a loop waits until he is the only one, as all do who have not seen others at work.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..schema.beside_statement import ADDED

_MOST_ALONE = 8
"""For how many transactions at most a loop is not tried beside others, once that was in vain."""

_CHANGED = frozenset({*ADDED, "seconds", "until", "last", "ran_at", "runner", "pending_from"})
"""The columns of a loop that change as images are handed out and end."""
_NEVER = float("inf")


class Others:
    """The loops on which other servers were seen at work."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        # For how many transactions each loop was last not tried, and for how many it still is not.
        self._pauses: dict[str, int] = {}
        self._left: dict[str, int] = {}

    def note(self, loop_id: str, *, are_there: bool) -> None:
        """Note whether others are at work on a loop."""
        (self._seen.add if are_there else self._seen.discard)(loop_id)

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

    def may_be_there(self, loop_id: str) -> bool:
        """Whether a transaction that is about to begin is to leave room for others."""
        left = self._left.pop(loop_id, 0)
        if left > 1:
            self._left[loop_id] = left - 1
        return not left and loop_id in self._seen


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
