"""Items in a database: their states, and who has claimed them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...model.item_life import check_transition
from ...model.items import Claim, Item, ItemState
from ...model.loop_key import LoopKey
from ..records import UNLISTED, gives_up
from ..schema import statements
from ..schema.rows import claim_columns, failure_columns, item_of
from .session import SqlSession

_PLAIN = ("attempts", "missed_loop_ends", "seconds")
"""Fields of an item that are columns as they are."""


class SqlItems(SqlSession):
    """See `store.Items`."""

    def claim(self, key: LoopKey, claim: Claim) -> Item | None:
        columns = claim_columns(claim, self._ahead)
        given = {"of_listing": self._listing(key), **columns}
        row = self._database.execute(statements.claim_item, given).one_or_none()
        if row is None:
            return None
        item = item_of(row, self._ahead)
        self._set_item(key, item.path, {"state": item.state.value, **columns}, only_next=True)
        loop = self._known(key)
        loop.add(pending=-1, running=1)
        loop.moved(ItemState.PENDING, item)
        return item

    def first_pending(self, key: LoopKey, skipping: int = 0) -> str | None:
        given = {"of_listing": self._listing(key), "of_others": skipping}
        found = self._database.execute(statements.next_pending, given)
        path: str | None = found.scalar_one_or_none()
        return path

    def first_together(self, keys: Sequence[LoopKey]) -> int | None:
        # Starting with the loop that has the fewest: where one has none, nothing is looked through.
        keys = sorted(keys, key=lambda key: int(self._known(key).row["pending"]))
        given = {f"of_listing_{at}": self._listing(key) for at, key in enumerate(keys)}
        found = self._database.execute(statements.first_together(len(keys)), given)
        place: Any = found.scalar_one_or_none()
        return None if place is None else int(place)

    def put(self, key: LoopKey, old: Item, new: Item) -> Item:
        check_transition(old.path, old.state, new.state)
        values: dict[str, Any] = {"state": new.state.value}
        if new.claim != old.claim:
            values |= claim_columns(new.claim, self._ahead)
        if new.failure != old.failure:
            values |= failure_columns(new.failure)
        before, after = vars(old), vars(new)
        values |= {name: after[name] for name in _PLAIN if after[name] != before[name]}
        self._set_item(key, old.path, values)
        loop = self._known(key)
        if gives_up(old, new.state):
            self._note_not_whole(key, old.path)
        if old.index != UNLISTED:
            loop.add(**{old.state.value: -1, new.state.value: 1})
        loop.moved(old.state, new)
        return new

    def _set_item(
        self, key: LoopKey, path: str, values: Mapping[str, Any], *, only_next: bool = False
    ) -> None:
        """Set columns of an item, also in the listing that is being written to come next."""
        row = self._known(key).row
        for listing in (None if only_next else row["listing"], row["next_listing"]):
            if listing is not None:
                given = {"of_listing": listing, "of_path": path, **values}
                self._database.execute(statements.set_item, given)

    def _note_not_whole(self, key: LoopKey, path: str) -> None:
        """Note that an item may not have written all of its files in this batch."""
        batch = self._known(key).row["batch"]
        given = {"of_loop": key.id, "of_batch": batch, "of_path": path}
        self._database.execute(statements.set_not_whole, given)

    def retry(self, key: LoopKey) -> int:
        loop = self._known(key)
        failed: int = loop.row["failed"]
        if failed:
            values = {"state": "pending", "attempts": 0, **failure_columns(None)}
            given = {"of_listing": self._listing(key), **values}
            self._database.execute(statements.set_failed, given)
            # A listing that is being written has these items as they were.
            loop.set(next_listing=None)
            loop.add(failed=-failed, pending=failed)
            loop.forget_items()
        return failed

    def item(self, key: LoopKey, path: str) -> Item | None:
        loop = self._loop(key)
        if loop is None:
            return None
        if loop.open is not None and path in loop.open:
            return loop.open[path]
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

    def failures(self, key: LoopKey, most: int) -> tuple[Item, ...]:
        loop = self._known(key)
        if not loop.row["failed"]:
            return ()
        if loop.failures is None or loop.failures[0] != most:
            given = {"of_listing": self._listing(key), "of_most": most}
            rows = self._database.execute(statements.failed_rows, given)
            loop.failures = most, tuple(item_of(row, self._ahead) for row in rows)
        return loop.failures[1]
