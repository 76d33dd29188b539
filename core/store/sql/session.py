"""A process's connections to a database, and the registry's transactions on it.

What the process knows of a loop is remembered, so that it need not be read again at every prompt.
"""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from ...model.item_life import OPEN
from ...model.items import Item, ItemState
from ...model.loop_key import LoopKey
from ...model.records import Written
from ...model.shared_roots import Roots
from ..records import LoopEntry
from ..schema import statements
from ..schema.rows import entry_of
from ..schema.tables import loops
from .backend import ONLY_READS, Backend
from .carried_values import Carrying


class KnownLoop:
    """A loop's row, and what was read of its items and outputs.

    It holds for as long as nobody else writes. Changes of the row are collected, to be written
    once, when the transaction ends.
    """

    def __init__(self, row: Mapping[str, Any], ahead: float, roots: Roots) -> None:
        """See `core.store.schema.rows.entry_of`."""
        self.row = dict(row)
        self._ahead = ahead
        self._roots = roots
        self.open: dict[str, Item] | None = None
        """The items that are RUNNING or FINISHING, by path; None where they were not read."""
        self.failures: tuple[int, tuple[Item, ...]] | None = None
        """The first FAILED items, under how many were asked for."""
        self.writers: dict[str, Written | None] = {}
        """Of files that were asked for: the image of this loop that wrote it, or None for nobody.
        Emptied with each prompt."""
        self._entry: LoopEntry | None = None
        self._set: set[str] = set()
        self._added: Counter[str] = Counter()

    @property
    def entry(self) -> LoopEntry:
        """The loop's entry."""
        if self._entry is None:
            self._entry = entry_of(self.row, self._ahead, self._roots)
        return self._entry

    def set(self, **values: Any) -> None:
        """Change columns of the row."""
        self._entry = None
        self.row |= values
        self._set |= values.keys()
        for name in values:
            self._added.pop(name, None)

    def add(self, **changes: int) -> None:
        """Change numbers of the row by a difference."""
        for name, change in changes.items():
            self.row[name] += change
            if name not in self._set:
                self._added[name] += change

    def moved(self, before: ItemState, new: Item) -> None:
        """Note that an item has another state than `before`."""
        if self.open is not None:
            if new.state in OPEN:
                self.open[new.path] = new
            else:
                self.open.pop(new.path, None)
        if new.state not in OPEN:
            self.writers.clear()
        if ItemState.FAILED in {before, new.state}:
            self.failures = None

    def forget_items(self) -> None:
        """Have the items read again."""
        self.open = None
        self.failures = None

    def take_changes(self) -> tuple[dict[str, Any], dict[str, int]]:
        """The columns to write, and the numbers to change and by how much; then there are none."""
        values = {name: self.row[name] for name in self._set}
        added = {name: by for name, by in self._added.items() if by}
        self._set.clear()
        self._added.clear()
        return values, added


class Connections:
    """The engines on one database.

    `engine` is for the registry's transactions. `outside_engine` is for what has to be done
    whoever holds those up.
    """

    def __init__(self, engine: Engine, outside_engine: Engine, backend: Backend) -> None:
        self.engine = engine
        self.outside_engine = outside_engine
        self.backend = backend
        self.ahead = 0.0
        """Seconds by which the database's clock is ahead, when last compared."""
        self._preparing = threading.Lock()
        # Connections to PostgreSQL are expensive, and any will do. SQLite says which connection
        # has written, so the transactions have one to themselves.
        self._shared = engine if backend.shows_a_moment else outside_engine

    def prepare(self) -> None:
        """Have the tables ready.

        This is no part of the transaction that needs them, which may take long.
        """
        with self._preparing:
            if not self.backend.is_prepared:
                self.backend.prepare(self.engine)

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one moment and keeps nobody waiting."""
        with self.errors_told():
            self.prepare()
            with self._shared.connect() as plain:
                options: dict[str, Any] = {ONLY_READS: True}
                if self.backend.shows_a_moment:
                    options = {"isolation_level": "REPEATABLE READ"}
                connection = plain.execution_options(**options)
                with connection.begin():
                    yield connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction besides the registry's own."""
        with self.errors_told():
            self.prepare()
            with self._shared.begin() as connection:
                yield connection

    @contextlib.contextmanager
    def renewing(self) -> Iterator[Connection]:
        """A transaction that no other can hold up for long, on tables that are there."""
        with self.errors_told(), self.outside_engine.begin() as connection:
            yield connection

    @contextlib.contextmanager
    def errors_told(self) -> Iterator[None]:
        """Raise what the database or the system says as a `StateNotKept`."""
        try:
            yield
        except (DBAPIError, OSError) as error:
            raise self.backend.not_kept(error) from None

    def close(self) -> None:
        """Let go of what is open."""
        self.engine.dispose()
        self.outside_engine.dispose()
        self.backend.close()


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
