"""The registry's transactions on a database.

What was read of a loop is cached, so that it need not be read again for every prompt.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection, Executable

from ...common.errors import StoreAway, Unanswered
from ...model.item_life import OPEN
from ...model.items import ItemState
from ...model.loop_key import LoopKey
from ...model.shared_roots import Roots
from ..interface import NeedsItsTurn
from ..records import taken_by_others
from ..schema import statements
from ..schema.beside_statement import count_beside
from ..schema.found import Found, conversions
from ..schema.tables import loops
from .backend import Backend, WasKept
from .beside import Others, Pending, is_open_to_others, taken_besides
from .carried_values import Carrying
from .connections import Connections
from .known_items import KnownItems
from .known_loop import KnownLoop, Next

T = TypeVar("T")

_LOOP_NAMES = [column.name for column in loops.columns]


class _OutsideTransaction(RuntimeError):
    """Raised when the database is needed outside of a transaction."""


class SqlSession:
    """The registry's transactions, one at a time: the base class of all parts of the store.

    Times in the database are by its clock, and times that are returned are by this machine's.
    Folders in it have the form that all machines share; `roots` converts them.
    """

    def __init__(self, connections: Connections, roots: Roots) -> None:
        self._connections = connections
        self._backend: Backend = connections.backend
        self._roots = roots
        self._carrying = Carrying(self._backend.carried)
        self._connection: Connection | None = None
        self._loops: dict[str, KnownLoop] = {}
        self._known_items = KnownItems()
        # The servers for which items of loops are about to be claimed.
        self._claimants: dict[str, str] = {}
        self._others = Others()
        # The server for which the current transaction leaves room for others; None if it does not.
        self._beside: str | None = None
        # A snapshot read changes nothing, so it need not keep others from changing a loop.
        self._only_reads = False

    @contextlib.contextmanager
    def transaction(self, *, beside: str | None = None) -> Iterator[None]:
        """See `Store.transaction`."""
        if self._connection is not None:
            raise RuntimeError("transactions of a store cannot be nested")
        was_kept: WasKept | None = None
        kept: bool | None = False
        self._beside = beside if self._backend.has_turns_beside else None
        try:
            with self._connections.translated_errors():
                self._connections.prepare()
                with self._connections.changing() as connection:
                    self._connection = connection
                    self._backend.begins(connection)
                    # The cached loops are valid only if a read would return the same.
                    if self._backend.others_wrote(connection):
                        self._loops.clear()
                    self._connections.ahead = self._backend.clock_ahead(connection)
                    yield
                    is_milestone = any(loop.is_at_milestone for loop in self._loops.values())
                    self._write_loops()
                    was_kept = self._backend.mark(connection, is_milestone=is_milestone)
                kept = True
        except StoreAway as error:
            if was_kept is None:
                raise
            kept = None
            raise Unanswered(str(error), partial(self._was_kept, was_kept)) from None
        except NeedsItsTurn:
            for loop_id, loop in self._loops.items():
                if loop.is_beside:
                    self._others.note_in_vain(loop_id)
            raise
        finally:
            self._connection = None
            self._claimants.clear()
            if not kept:
                self._loops.clear()
            if kept is not None:
                self._carrying.ended(kept=kept)

    def _was_kept(self, was_kept: WasKept) -> bool:
        """Whether a transaction was kept that ended without an answer."""
        with self._connections.translated_errors(), self._connections.engine.begin() as connection:
            kept = was_kept(connection)
        self._carrying.ended(kept=kept)
        return kept

    def snapshot_read(self, read: Callable[[], T]) -> T | None:
        """See `Store.snapshot_read`."""
        if self._connection is not None:
            return read()
        if self._backend.shows_a_moment:
            return self._read_snapshot(read)
        if not self._backend.is_as_last_seen():
            return None
        try:
            return read()
        except _OutsideTransaction:
            return None

    def _read_snapshot(self, read: Callable[[], T]) -> T | None:
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
        """The connection of the current transaction."""
        if self._connection is None:
            raise _OutsideTransaction("a store has to be used inside of a transaction")
        return self._connection

    def _later(self, statement: Executable, given: Mapping[str, Any]) -> None:
        """See `Backend.later`."""
        self._backend.later(self._database, statement, given)

    @property
    def _ahead(self) -> float:
        return self._connections.ahead

    def _loop(self, key: LoopKey) -> KnownLoop | None:
        """A loop, if it has a batch."""
        loop = self._loops.get(key.id)
        if loop is None:
            pending, asked, is_along = None, None, False
            if not self._only_reads:
                if self._beside is not None:
                    pending = self._others.seen(key.id)
                self._backend.take_turn(self._database, key.id, beside=pending is not None)
                asked = self._items_of(key, pending)
                is_along = self._backend.along(self._database, *asked)
            found = self._backend.read(self._database, statements.loop_row, {"of_loop": key.id})
            if not found.rows:
                return None
            columns = self._loop_columns(found)
            loop = KnownLoop(columns, self._ahead, self._roots, is_beside=pending is not None)
            self._loops[key.id] = loop
            if pending and not (is_open_to_others(columns) and pending.is_true_of(columns)):
                raise NeedsItsTurn
            if asked is not None and (is_along or loop.is_beside):
                self._know_items(loop, self._backend.read(self._database, *asked))
        return loop if loop.row["batch"] else None

    def _loop_columns(self, found: Found) -> dict[str, Any]:
        """The columns of the loop whose row was found."""
        columns = dict(zip(_LOOP_NAMES, found.rows[0], strict=False))
        for at, convert in conversions(self._database.dialect, loops, found.types):
            columns[_LOOP_NAMES[at]] = convert(columns[_LOOP_NAMES[at]])
        return columns

    def _items_of(self, key: LoopKey, pending: Pending | None) -> tuple[Executable, dict[str, Any]]:
        """The statement by which a loop's items are read along with its row.

        Those that are open, but beside others (with `pending`) only this server's; and if a claim
        is to come, those that are next.
        """
        claimant = self._claimants.get(key.id)
        if pending is not None:
            own = {"of_listing": pending.listing, "of_server": self._beside}
            if claimant is None:
                return statements.own_rows, own
            of_many, of_any = statements.own_and_free_rows_of_many, statements.own_and_free_rows
            return of_many if pending.are_many else of_any, {**own, "of_from": pending.first}
        if claimant is None:
            return statements.open_rows_of, {"of_loop": key.id}
        return statements.open_and_next_rows_of, {"of_loop": key.id, "of_server": claimant}

    def _know_items(self, loop: KnownLoop, rows: Found) -> None:
        found = self._known_items.of(self._database.dialect, rows, self._ahead)
        are_open = {item.path: item for item in found if item.state in OPEN}
        if loop.is_beside:
            loop.own = are_open
            loop.taken = taken_besides(loop.row, are_open.values())
        else:
            loop.open = are_open
        server = self._claimants.get(loop.row["id"])
        if server is None:
            return
        taken = loop.taken
        if taken is None:
            taken = taken_by_others(are_open.values(), server)
        self._others.note(loop.row, are_there=taken > 0)
        pending = [item for item in found if item.state is ItemState.PENDING]
        pending.sort(key=lambda item: item.index)
        loop.next = Next(
            pending[0] if pending else None, taken, pending[1].path if pending[1:] else None
        )

    def _known(self, key: LoopKey) -> KnownLoop:
        """A loop that has a row, even if its first batch is only about to begin."""
        loop = self._loops.get(key.id)
        if loop is None:
            self._loop(key)
            loop = self._loops[key.id]
        return loop

    def _listing(self, key: LoopKey) -> str:
        """The id of a loop's listing."""
        listing: str = self._known(key).row["listing"]
        return listing

    def _alone(self, key: LoopKey) -> KnownLoop:
        """A loop that nobody else changes in this moment; raises NeedsItsTurn."""
        loop = self._known(key)
        if loop.is_beside:
            raise NeedsItsTurn
        return loop

    def _write_loops(self) -> None:
        for loop_id, loop in self._loops.items():
            if loop.is_beside:
                self._others.note_success(loop_id)
                given = loop.take_differences()
                if given:
                    self._later(count_beside, {"of_loop": loop_id, **given})
                continue
            values, added = loop.take_changes()
            if added:
                by = {f"by_{name}": added.get(name, 0) for name in statements.COUNTS}
                self._later(statements.count_loop, {"of_loop": loop_id, **by, **values})
            elif values:
                self._later(statements.set_loop, {"of_loop": loop_id, **values})
