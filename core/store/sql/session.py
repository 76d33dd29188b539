"""The registry's transactions on a database, and what is known of loops within them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TypeVar

from sqlalchemy import Connection

from ...model.loop_key import LoopKey
from ...model.shared_roots import Roots
from ..schema import statements
from ..schema.tables import loops
from .backend import Backend
from .carried_values import Carrying
from .connections import Connections
from .known_loop import KnownLoop

T = TypeVar("T")

_LOOP_COLUMNS = list(enumerate(loops.columns))


class _OutsideTransaction(RuntimeError):
    """Raised when the database is needed, and there is no transaction."""


class SqlSession:
    """One transaction after the other. The parts of the store are built on this class.

    All times in the database are by the database's clock, and all that are handed out are by this
    machine's. Folders in it are as all machines know them; `roots` says where they are on this one.
    """

    def __init__(self, connections: Connections, roots: Roots) -> None:
        self._connections = connections
        self._backend: Backend = connections.backend
        self._roots = roots
        self._carrying = Carrying(self._backend.carried)
        self._connection: Connection | None = None
        self._loops: dict[str, KnownLoop] = {}
        # In a snapshot read nothing is changed, so there is no need to keep others from changing.
        self._only_reads = False

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """See `Store.transaction`."""
        if self._connection is not None:
            raise RuntimeError("a transaction of a store is begun inside of another")
        kept = False
        try:
            with self._connections.errors_told():
                self._connections.prepare()
                with self._connections.engine.begin() as connection:
                    self._connection = connection
                    # What is known of loops is valid only if a read would return the same.
                    if self._backend.others_wrote(connection):
                        self._loops.clear()
                    self._connections.ahead = self._backend.clock_ahead(connection)
                    yield
                    self._write_loops()
                kept = True
        finally:
            self._connection = None
            if not kept:
                self._loops.clear()
            self._carrying.ended(kept=kept)

    def snapshot_read(self, read: Callable[[], T]) -> T | None:
        """See `Store.snapshot_read`."""
        if self._connection is not None:
            return read()
        if self._backend.shows_a_moment:
            return self._read_at_a_moment(read)
        if not self._backend.is_as_last_seen():
            return None
        try:
            return read()
        except _OutsideTransaction:
            return None

    def _read_at_a_moment(self, read: Callable[[], T]) -> T | None:
        if not self._backend.is_prepared:
            return None
        self._loops.clear()
        try:
            with self._connections.reading() as self._connection:
                self._only_reads = True
                return read()
        finally:
            self._connection, self._only_reads = None, False
            self._loops.clear()

    @property
    def _database(self) -> Connection:
        """The connection of the present transaction."""
        if self._connection is None:
            raise _OutsideTransaction("a store is used inside of a transaction")
        return self._connection

    @property
    def _ahead(self) -> float:
        return self._connections.ahead

    def _loop(self, key: LoopKey) -> KnownLoop | None:
        """A loop that has a batch."""
        loop = self._loops.get(key.id)
        if loop is None:
            if not self._only_reads:
                self._backend.take_turn(self._database, key.id)
            row = self._database.execute(statements.loop_row, {"of_loop": key.id}).one_or_none()
            if row is None:
                return None
            columns = {column.name: row[at] for at, column in _LOOP_COLUMNS}
            loop = KnownLoop(columns, self._ahead, self._roots)
            self._loops[key.id] = loop
        return loop if loop.row["batch"] else None

    def _known(self, key: LoopKey) -> KnownLoop:
        """A loop that has a row, though its first batch may only be about to begin."""
        self._loop(key)
        return self._loops[key.id]

    def _listing(self, key: LoopKey) -> str:
        """The id of the listing that a loop has."""
        listing: str = self._known(key).row["listing"]
        return listing

    def _write_loops(self) -> None:
        for loop_id, loop in self._loops.items():
            values, added = loop.take_changes()
            if added:
                by = {f"by_{name}": added.get(name, 0) for name in statements.COUNTS}
                self._database.execute(statements.count_loop, {"of_loop": loop_id, **by, **values})
            elif values:
                self._database.execute(statements.set_loop, {"of_loop": loop_id, **values})
