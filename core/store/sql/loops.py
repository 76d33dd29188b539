"""Loops and their listings in a database."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from ...model.items import Counts
from ...model.loop_key import LoopKey
from ...model.records import NOTHING_CARRIED, Carried
from ...model.shared_roots import Roots
from ..records import LoopEntry, NewListing, new_listing_id
from ..schema import output_statements, statements
from ..schema.rows import NOTHING_KEPT, entry_columns, kept_batch, kept_columns
from . import listing_rows
from .backend import AT_ONCE
from .items import SqlItems
from .known_loop import KnownLoop
from .session import SqlSession


def key_of(row: Any, roots: Roots) -> LoopKey:
    """The key of a loop, from its row."""
    local = roots.local(row.directory)
    place = "" if local == row.directory else row.directory
    return LoopKey(row.name, local, place, row.workflow, row.source)


class SqlLoops(SqlSession):
    """See `core.store.interface.Loops`."""

    def load(self, key: LoopKey) -> LoopEntry | None:
        loop = self._loop(key)
        return None if loop is None else loop.entry

    def save(self, key: LoopKey, entry: LoopEntry) -> None:
        loop = self._known(key)
        columns = entry_columns(entry, self._ahead, self._roots)
        loop.set(**{name: value for name, value in columns.items() if loop.row[name] != value})
        loop.entry = entry

    def find(self, loop_id: str) -> LoopKey | None:
        loop = self._loops.get(loop_id)
        if loop is not None:
            row = loop.row
            return key_of(SimpleNamespace(**row), self._roots)
        found = self._database.execute(statements.loop_key, {"of_loop": loop_id}).one_or_none()
        return None if found is None else key_of(found, self._roots)

    def loops(self) -> list[LoopKey]:
        rows = self._database.execute(statements.loop_keys)
        return [key_of(row, self._roots) for row in rows]

    def forget(self, key: LoopKey) -> None:
        self._alone(key)
        self.drop_kept(key)
        self._forget_carried(key)
        listing_rows.discard(self._database, self._listing(key))
        del self._loops[key.id]
        for statement in (output_statements.delete_outputs, statements.delete_loop):
            self._database.execute(statement, {"of_loop": key.id})

    def counts(self, key: LoopKey) -> Counts:
        return self._known(key).counts

    def carry(self, key: LoopKey, value: Any) -> None:
        self._forget_carried(key)
        if value is None:
            return
        self._alone(key)
        name = f"{key.id}-{secrets.token_hex(8)}{statements.CARRIED_SUFFIX}"
        lost = self._carrying.write(self._database, key.id, name, value)
        self._known(key).set(carried_file=name, carried_lost=lost)

    def carried(self, key: LoopKey) -> Carried:
        row = self._known(key).row
        name = row["carried_file"]
        if name is None:
            return NOTHING_CARRIED
        return self._carrying.read(lambda: self._database, key.id, name, row["carried_lost"])

    def drop_kept(self, key: LoopKey) -> bool:
        loop = self._known(key)
        kept = kept_batch(loop.row)
        if kept is None:
            return False
        if kept["carried_file"] is not None:
            self._carrying.forget(self._database, key.id, kept["carried_file"])
        loop.set(**NOTHING_KEPT)
        return listing_rows.discard(self._database, kept["listing"])

    def _forget_carried(self, key: LoopKey) -> None:
        loop = self._loop(key)
        if loop is not None and loop.row["carried_file"] is not None:
            self._alone(key)
            self._carrying.forget(self._database, key.id, loop.row["carried_file"])
            loop.set(carried_file=None, carried_lost=None)


class SqlListings(SqlLoops, SqlItems):
    """See `core.store.interface.Listings`."""

    def start_batch(
        self,
        key: LoopKey,
        paths: Sequence[str],
        new: NewListing | None = None,
        *,
        keep: bool = False,
    ) -> None:
        before = None if self._loop(key) is None else self._alone(key).row["listing"]
        if before is None and key.id not in self._loops:
            self._add_loop(key)
        for item in self.open_items(key):
            self._note_not_whole(key, item.path)
        listing = self._written(new, paths)
        if before is not None:
            listing_rows.keep_undone(self._database, listing, before)
            self._set_aside(key, keep=keep)
        loop = self._known(key)
        loop.set(**dict.fromkeys(statements.COUNTS, 0) | {"pending": len(paths)})
        self._switch(loop, listing)
        loop.forget_items()
        loop.writers.clear()

    def _set_aside(self, key: LoopKey, *, keep: bool) -> None:
        """Keep the batch that another one is about to replace, or delete it."""
        loop = self._known(key)
        if keep and (loop.row["kept"] is None or self.counts(key).handled):
            self.drop_kept(key)
            loop.set(**kept_columns(loop.row), carried_file=None, carried_lost=None)
            return
        if not keep:
            self.drop_kept(key)
        self._forget_carried(key)
        listing_rows.discard(self._database, loop.row["listing"])

    def put_back(self, key: LoopKey) -> None:
        loop = self._known(key)
        kept = kept_batch(loop.row)
        assert kept is not None  # noqa: S101 for the type checker: the caller has looked
        present: str = loop.row["listing"]
        self._forget_carried(key)
        # What prompts have begun since is not done, whatever was done before.
        listing_rows.keep_undone(self._database, kept["listing"], present)
        listing_rows.discard(self._database, present)
        outputs = {"of_loop": key.id, "of_batch": kept["batch"]}
        self._database.execute(output_statements.put_back_outputs, outputs)
        loop.set(**kept, **NOTHING_KEPT, kept_at=None, taken_back=loop.row["batch"])
        self._switch(loop, kept["listing"])
        loop.forget_items()
        loop.writers.clear()

    def _add_loop(self, key: LoopKey) -> None:
        """Add the row of a loop whose first batch is about to begin."""
        row = {
            "id": key.id,
            "name": key.name,
            "directory": key.shared,
            "workflow": key.workflow,
            "source": key.source,
            "selection": "{}",
            "batch": 0,
            "mode": "",
            "looked_at": 0.0,
            "looked_again": False,
            "unpaired": 0,
            "partners": "[]",
            "taken_back": 0,
        }
        self._database.execute(statements.add_loop, row)

    def relist(self, key: LoopKey, paths: Sequence[str], new: NewListing | None = None) -> None:
        present = self._alone(key).row["listing"]
        listing = self._written(new, paths, before=present)
        listing_rows.discard(self._database, present)
        loop = self._known(key)
        loop.set(**listing_rows.counts(self._database, listing, len(paths)))
        self._switch(loop, listing)
        loop.forget_items()

    def _written(self, new: NewListing | None, paths: Sequence[str], before: str = "") -> str:
        """The id of the listing: `new`, which has been written, or one that is written now."""
        if new is not None:
            listing_rows.take(self._database, new)
            return new.id
        listing = new_listing_id()
        listing_rows.add(self._database, self._backend, listing, paths, before)
        return listing

    def _switch(self, loop: KnownLoop, listing: str) -> None:
        """Give a loop another listing: at once, as later statements read it from the row."""
        changes = {"listing": listing, "next_listing": None, "pending_from": 0}
        self._database.execute(statements.set_loop, {"of_loop": loop.row["id"], **changes})
        loop.set(**changes)

    def listing(self, key: LoopKey) -> str:
        return self._listing(key)

    def can_take(self, new: NewListing) -> bool:
        loop = self._loop(new.key)
        if new.before is not None and (
            loop is None or (loop.row["listing"], loop.row["next_listing"]) != (new.before, new.id)
        ):
            return False
        return listing_rows.is_spare(self._database, new.id)

    def append(self, key: LoopKey, *paths: str) -> None:
        loop, place = self._alone(key), self.counts(key).listed
        added: Counter[str] = Counter()
        for start in range(0, len(paths), AT_ONCE):
            part = paths[start : start + AT_ONCE]
            states = listing_rows.append(
                self._database, self._backend, loop.row["listing"], part, place
            )
            added.update(states)
            place += len(states)
        loop.add(**added)
        # A listing that is being written lacks these items, so it cannot be taken.
        loop.set(next_listing=None)
        loop.forget_items()
