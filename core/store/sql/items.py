"""Items in a database: their states and their claims."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from ...model.item_life import Event, On, after_event, check_transition
from ...model.items import STATE_NAMES, Claim, Item, ItemState
from ...model.loop_key import LoopKey
from ...model.prompt import Failure
from ..records import UNLISTED, Standing, gives_up, taken_by_others
from ..schema import output_statements, statements
from ..schema.rows import claim_columns, failure_columns, item_of, kept_with
from .backend import AT_ONCE
from .known_loop import KnownLoop, Next
from .session import SqlSession

_PLAIN = (
    "attempts",
    "missed_loop_ends",
    "seconds",
    "lost_transparency",
    "stopped",
    "turns",
    "lost_turn",
)
"""Fields of an item that are stored as they are."""
FAR_BEHIND = 1_000
"""How far the next item may lie behind `pending_from` beside other servers. Only one that has the
loop to itself can move that forward: until then each claim passes what is between in the index. As
a rule the one does that who comes to a place that this divides, as all would wait for each other.
"""
_FAILED = Item("", 0, ItemState.FAILED, attempts=1, failure=Failure("any"))
"""Stands for all failed items, as Retry failed changes them in one statement."""


class SqlItems(SqlSession):
    """See `core.store.interface.Items`."""

    def will_claim(self, key: LoopKey, server: str) -> None:
        self._claimants[key.id] = server

    def claim(self, key: LoopKey, claim: Claim) -> Item | None:
        loop = self._known(key)
        known = loop.next
        first = None if known is None else known.first
        if first is None or _is_far(first.index, loop.row["pending_from"]):
            self._alone(key)
        if known is not None:
            item = self._claim_known(key, claim, known)
        else:
            item = self._claim_next(key, claim)
        if item is None and loop.row["pending"] and loop.row["pending_from"]:
            # Put back by a server whose version of the pack does not know that place.
            loop.set(pending_from=0)
            item = self._claim_next(key, claim)
        return item

    def _claim_next(self, key: LoopKey, claim: Claim) -> Item | None:
        """Claim the next item, which was not read yet."""
        loop = self._known(key)
        columns = claim_columns(claim, self._ahead)
        given = {**self._from_there(loop), **columns}
        row = self._database.execute(statements.claim_item, given).one_or_none()
        if row is None:
            return None
        item = item_of(row, self._ahead)
        changed = {"state": item.state.value, "turns": item.turns, **columns}
        self._set_item(loop, item.path, changed, only_next=True)
        loop.set(pending_from=item.index)
        loop.add(pending=-1, running=1)
        loop.moved(ItemState.PENDING, item)
        return item

    def _claim_known(self, key: LoopKey, claim: Claim, known: Next) -> Item | None:
        """Claim the item that was read as the next, if there is one.

        Nobody else can: it was read while this server had the loop to itself, or was locked for it
        as it was read.
        """
        if known.first is None:
            return None
        item = self.put(key, known.first, after_event(known.first, Event(On.ACQUIRED, claim=claim)))
        loop = self._known(key)
        loop.following = known.taken, known.following
        # Beside others it only moves back: they may yet leave an item before this one as it was.
        loop.set(pending_from=item.index)
        return item

    def _from_there(self, loop: KnownLoop) -> dict[str, Any]:
        """What a statement is given that looks for the next pending item."""
        return {"of_listing": loop.row["listing"], "of_from": loop.row["pending_from"]}

    def first_pending(self, key: LoopKey, skipping: int = 0) -> str | None:
        loop = self._known(key)
        known = loop.following
        if known is not None and known[0] == skipping:
            return known[1]
        given = {**self._from_there(loop), "of_others": skipping}
        found = self._database.execute(statements.next_pending, given)
        path: str | None = found.scalar_one_or_none()
        return path

    def first_together(self, keys: Sequence[LoopKey]) -> int | None:
        # Starting with the loop that has the fewest: if one has none, nothing is scanned. No other
        # server may claim one of what is found.
        loops = sorted(map(self._alone, keys), key=lambda loop: int(loop.row["pending"]))
        place = self._first_together(loops)
        is_in_doubt = loops[0].row["pending"] and any(loop.row["pending_from"] for loop in loops)
        if place is None and is_in_doubt:
            # As in `claim`.
            for loop in loops:
                loop.set(pending_from=0)
            place = self._first_together(loops)
        return place

    def _first_together(self, loops: Sequence[KnownLoop]) -> int | None:
        given: dict[str, Any] = {}
        for at, loop in enumerate(loops):
            given |= {f"of_listing_{at}": loop.row["listing"]}
            given |= {f"of_from_{at}": loop.row["pending_from"]}
        place, *firsts = self._database.execute(statements.first_together(len(loops)), given).one()
        for loop, first in zip(loops, firsts, strict=True):
            # What waits for its partner stays the first of its own loop.
            if first is not None:
                loop.set(pending_from=first)
        return None if place is None else int(place)

    def put(self, key: LoopKey, old: Item, new: Item) -> Item:
        check_transition(old.path, old.state, new.state)
        loop = self._known(key)
        if not self._is_own(loop, old):
            self._alone(key)
        self._set_item(loop, old.path, self._changed_columns(old, new))
        if gives_up(old, new.state):
            self._note_not_whole(key, old.path)
        if old.index != UNLISTED:
            loop.add(**{STATE_NAMES[old.state]: -1, STATE_NAMES[new.state]: 1})
            if new.state is ItemState.PENDING and old.index < loop.row["pending_from"]:
                loop.set(pending_from=old.index)
        loop.moved(old.state, new)
        return new

    def _is_own(self, loop: KnownLoop, item: Item) -> bool:
        """Whether an item is this server's, or locked for it, so that no other changes it."""
        known = loop.next
        if item.claim is None:
            return known is not None and item is known.first
        return item.claim.server == self._beside

    def _changed_columns(self, old: Item, new: Item) -> dict[str, Any]:
        values: dict[str, Any] = {"state": STATE_NAMES[new.state]}
        if new.claim is not old.claim:
            values |= claim_columns(new.claim, self._ahead)
        if new.failure is not old.failure:
            values |= failure_columns(new.failure)
        before, after = vars(old), vars(new)
        return values | {name: after[name] for name in _PLAIN if after[name] != before[name]}

    def _set_item(
        self, loop: KnownLoop, path: str, values: Mapping[str, Any], *, only_next: bool = False
    ) -> None:
        """Set columns of an item in the loop's listing, and in the next one if there is one."""
        row = loop.row
        for listing in (None if only_next else row["listing"], row["next_listing"]):
            if listing is not None:
                given = {"of_listing": listing, "of_path": path, **values}
                self._later(statements.set_item, given)

    def _note_not_whole(self, key: LoopKey, path: str) -> None:
        """Note that an item may not have written all of its files in this batch."""
        batch = self._known(key).row["batch"]
        given = {"of_loop": key.id, "of_batch": batch, "of_path": path}
        self._later(output_statements.set_not_whole, given)

    def retry(self, key: LoopKey) -> int:
        loop = self._alone(key)
        failed: int = loop.row["failed"]
        if failed:
            retried = after_event(_FAILED, Event(On.RETRIED))
            values = self._changed_columns(_FAILED, retried)
            given = {"of_listing": self._listing(key), **values}
            self._database.execute(statements.set_failed, given)
            # A listing that is being written has the old states, so it cannot be taken.
            loop.set(next_listing=None, pending_from=0)
            loop.add(failed=-failed, pending=failed)
            loop.forget_items()
        return failed

    def retry_unlisted(self, key: LoopKey, paths: Collection[str]) -> None:
        loop = self._alone(key)
        values = self._changed_columns(_FAILED, after_event(_FAILED, Event(On.RETRIED)))
        for part in _parts(paths):
            given = {"of_listing": self._listing(key), "of_paths": part, **values}
            self._database.execute(statements.set_failed_unlisted, given)
        # A listing that is being written has the old states, so it cannot be taken.
        loop.set(next_listing=None)

    def standing(self, key: LoopKey, paths: Collection[str]) -> Standing:
        self._alone(key)
        listing = self._listing(key)
        found: dict[str, ItemState] = {}
        lost: set[str] = set()
        for part in _parts(paths):
            given = {"of_listing": listing, "of_paths": part}
            for row in self._database.execute(statements.states_of, given):
                found[row.path] = ItemState(row.state)
                if row.lost_turn:
                    lost.add(row.path)
        return Standing(listing, found, lost)

    def item(self, key: LoopKey, path: str) -> Item | None:
        loop = self._loop(key)
        if loop is None:
            return None
        for known in (loop.open, loop.own):
            if known is not None and path in known:
                return known[path]
        given = {"of_listing": self._listing(key), "of_path": path}
        row = self._database.execute(statements.item_row, given).one_or_none()
        return None if row is None else item_of(row, self._ahead)

    def item_at(self, key: LoopKey, place: int) -> Item | None:
        given = {"of_listing": self._listing(key), "of_place": place}
        row = self._database.execute(statements.item_at, given).one_or_none()
        return None if row is None else item_of(row, self._ahead)

    def open_items(self, key: LoopKey) -> list[Item]:
        loop = self._loop(key)
        if loop is None:
            return []
        if loop.open is None:
            own = {"of_listing": self._listing(key)}
            rows = self._database.execute(statements.open_rows, own)
            loop.open = {row.path: item_of(row, self._ahead) for row in rows}
        return list(loop.open.values())

    def at_hand(self, key: LoopKey) -> list[Item]:
        loop = self._loop(key)
        if loop is not None and loop.open is None and loop.own is not None:
            return list(loop.own.values())
        return self.open_items(key)

    def taken(self, key: LoopKey, server: str) -> int:
        loop = self._loop(key)
        if loop is not None and loop.taken is not None:
            return loop.taken
        return taken_by_others(self.open_items(key), server)

    def kept_open_items(self, key: LoopKey) -> list[Item]:
        loop = self._loop(key)
        if loop is None or loop.row["kept_listing"] is None:
            return []
        kept = {"of_listing": loop.row["kept_listing"]}
        rows = self._database.execute(statements.open_rows, kept)
        return [item_of(row, self._ahead) for row in rows]

    def put_kept(self, key: LoopKey, old: Item, new: Item) -> None:
        check_transition(old.path, old.state, new.state)
        loop = self._alone(key)
        given = {"of_listing": loop.row["kept_listing"], "of_path": old.path}
        changed = self._changed_columns(old, new)
        self._later(statements.set_item, {**given, **changed})
        if old.index != UNLISTED:
            loop.set(kept=kept_with(loop.row, old.state, new.state))

    def failures(self, key: LoopKey, most: int) -> tuple[Item, ...]:
        loop = self._known(key)
        if not loop.row["failed"]:
            return ()
        if loop.failures is None or loop.failures[0] != most:
            given = {"of_listing": self._listing(key), "of_most": most}
            rows = self._database.execute(statements.failed_rows, given)
            loop.failures = most, tuple(item_of(row, self._ahead) for row in rows)
        return loop.failures[1]

    def failed(self, key: LoopKey) -> list[str]:
        if not self._known(key).row["failed"]:
            return []
        given = {"of_listing": self._listing(key)}
        return list(self._database.execute(statements.failed_paths, given).scalars())

    def lost(self, key: LoopKey) -> list[str]:
        given = {"of_listing": self._listing(key)}
        places = self._database.execute(statements.lost_places, given)
        return [path for _, path in sorted((at, path) for at, path in places if at is not None)]


def _parts(paths: Collection[str]) -> Iterator[list[str]]:
    """Paths, as many at a time as one statement is given."""
    every = list(paths)
    return (every[start : start + AT_ONCE] for start in range(0, len(every), AT_ONCE))


def _is_far(place: int, pending_from: int) -> bool:
    """Whether the next item lies so far behind `pending_from` that this has to be moved forward."""
    behind = place - pending_from
    return behind >= 2 * FAR_BEHIND or (behind > 0 and place % FAR_BEHIND == 0)
