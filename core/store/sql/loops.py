"""Loops in a database, besides their items."""

from __future__ import annotations

import secrets
from typing import Any

from ...model.items import Counts
from ...model.loop_key import LoopKey
from ...model.records import NOTHING_CARRIED, Carried
from ...model.shared_roots import Roots
from ..records import LoopEntry
from ..schema import statements
from ..schema.rows import counts_of, entry_columns
from . import listing_rows
from .session import SqlSession


def key_of(name: str, directory: str, roots: Roots) -> LoopKey:
    """The loop whose row has this name and this directory."""
    local = roots.local(directory)
    return LoopKey(name, local, "" if local == directory else directory)


class SqlLoops(SqlSession):
    """See `store.Loops`."""

    def load(self, key: LoopKey) -> LoopEntry | None:
        loop = self._loop(key)
        return None if loop is None else loop.entry

    def save(self, key: LoopKey, entry: LoopEntry) -> None:
        loop = self._known(key)
        columns = entry_columns(entry, self._ahead, self._roots)
        loop.set(**{name: value for name, value in columns.items() if loop.row[name] != value})

    def find(self, loop_id: str) -> LoopKey | None:
        loop = self._loops.get(loop_id)
        if loop is not None:
            return key_of(loop.row["name"], loop.row["directory"], self._roots)
        row = self._database.execute(statements.loop_key, {"of_loop": loop_id}).one_or_none()
        return None if row is None else key_of(row.name, row.directory, self._roots)

    def loops(self) -> list[LoopKey]:
        rows = self._database.execute(statements.loop_keys)
        return [key_of(row.name, row.directory, self._roots) for row in rows]

    def forget(self, key: LoopKey) -> None:
        self._forget_carried(key)
        listing_rows.discard(self._database, self._listing(key))
        del self._loops[key.id]
        for statement in (statements.delete_outputs, statements.delete_loop):
            self._database.execute(statement, {"of_loop": key.id})

    def counts(self, key: LoopKey) -> Counts:
        return counts_of(self._known(key).row)

    def carry(self, key: LoopKey, value: Any) -> None:
        self._forget_carried(key)
        if value is None:
            return
        name = f"{key.id}-{secrets.token_hex(8)}{statements.CARRIED_SUFFIX}"
        lost = self._carrying.write(self._database, key.id, name, value)
        self._known(key).set(carried_file=name, carried_lost=lost)

    def carried(self, key: LoopKey) -> Carried:
        row = self._known(key).row
        name = row["carried_file"]
        if name is None:
            return NOTHING_CARRIED
        return self._carrying.read(lambda: self._database, key.id, name, row["carried_lost"])

    def _forget_carried(self, key: LoopKey) -> None:
        loop = self._loop(key)
        if loop is not None:
            if loop.row["carried_file"] is not None:
                self._carrying.forget(self._database, key.id, loop.row["carried_file"])
            loop.set(carried_file=None, carried_lost=None)
