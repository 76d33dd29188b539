"""A store in a database, on SQLite or PostgreSQL: what it holds outlives the process."""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import secrets
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Executable, Row, select
from sqlalchemy.exc import DBAPIError

from ...common.errors import UnwritableImage
from ...common.pace import Pace
from ...model.roots import MARK, NO_ROOTS, Roots
from ...model.state import (
    NOTHING_CARRIED,
    Carried,
    Claim,
    Counts,
    Item,
    ItemState,
    KnownResult,
    LoopKey,
    ReportedItem,
    Written,
    check_transition,
)
from ..store import OPEN, UNLISTED, ListedLoop, LoopEntry, NewListing, ends_in_vain
from . import carried as carried_values
from . import sql_listings, statements
from .backend import AT_ONCE, ONLY_READS, Backend
from .known_loop import KnownLoop
from .rows import claim_columns, counts_of, entry_columns, failure_columns, item_of, listed_counts
from .sql_listings import SqlListings
from .tables import leases, loops, path_text

_log = logging.getLogger(__name__)
T = TypeVar("T")

_LOOP_COLUMNS = list(enumerate(loops.columns))
_LEASES_KEPT_SECONDS = 30 * 86_400.0
"""How long a lease is remembered of a server that has ended without a word, and had no item."""

_READ_AT_ONCE = 500
"""Rows that are read in one call."""

_NEXT = {"/": "0", "\\": "]"}
"""By each separator of paths the character that follows it: all paths below a folder lie between
the folder with the one and with the other."""


class _OutsideTransaction(RuntimeError):
    """Raised when the database is needed, and there is no transaction."""


class SqlStore:
    """A store in the database that `engine` and `backend` lead to.

    Every method but `transaction` and those `_beside` is called inside of a transaction, or of
    `at_hand`. `engine` serves this store alone; `beside`, another on the same, is for what
    has to be done whoever holds up the transactions. `roots` says where folders that other
    machines have too are on this one. All times in the database are by the database's clock, and
    all that are given out by this machine's.
    """

    forgets = ""

    def __init__(
        self, engine: Engine, beside: Engine, backend: Backend, roots: Roots = NO_ROOTS
    ) -> None:
        self._engine = engine
        self._beside = beside
        self._backend = backend
        self._roots = roots
        self._listings = SqlListings(self._writing, self._reading, backend)
        self._preparing = threading.Lock()
        self._connection: Connection | None = None
        self._loops: dict[str, KnownLoop] = {}
        # Whether nothing is changed meanwhile, so that nobody has to be kept from changing it.
        self._looks_only = False
        # Seconds by which the database's clock is ahead.
        self._ahead = 0.0
        # What was carried over in this process, with the name of its file: no need to read it
        # back, and some values cannot be kept in a file. Another server may have carried on since.
        self._carried: dict[str, tuple[str, Carried]] = {}

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        if self._connection is not None:
            yield
            return
        kept = False
        try:
            self._prepare()
            with self._engine.begin() as connection:
                self._connection = connection
                # What is known of the loops holds only if it is what a read would give.
                if self._backend.others_wrote(connection):
                    self._loops.clear()
                self._ahead = self._backend.clock_ahead(connection)
                yield
                self._write_loops()
            kept = True
        except (DBAPIError, OSError) as error:
            raise self._backend.not_kept(error) from None
        finally:
            self._connection = None
            if not kept:
                self._loops.clear()
            self._backend.carried.ended(kept=kept)

    def at_hand(self, read: Callable[[], T]) -> T | None:
        if self._connection is not None:
            return read()
        if self._backend.shows_a_moment:
            return self._at_a_moment(read)
        if not self._backend.is_as_last_seen():
            return None
        try:
            return read()
        except _OutsideTransaction:
            return None

    def _at_a_moment(self, read: Callable[[], T]) -> T | None:
        """What `read` makes of the database as it is at one moment, without holding others up."""
        if not self._backend.is_prepared:
            return None
        self._loops.clear()
        try:
            with self._engine.connect() as plain:
                connection = plain.execution_options(isolation_level="REPEATABLE READ")
                with connection.begin():
                    self._connection, self._looks_only = connection, True
                    return read()
        except (DBAPIError, OSError) as error:
            raise self._backend.not_kept(error) from None
        finally:
            self._connection, self._looks_only = None, False
            self._loops.clear()

    @property
    def _database(self) -> Connection:
        if self._connection is None:
            raise _OutsideTransaction("a store is used inside of a transaction")
        return self._connection

    def close(self) -> None:
        self._engine.dispose()
        self._beside.dispose()
        self._backend.close()

    @property
    def is_of_one_machine(self) -> bool:
        return self._backend.is_of_one_machine

    def id(self) -> str:
        found: str = self._database.execute(statements.store_id).scalar_one()
        return found

    # Leases of servers.

    def renew(self, server: str, seconds: float) -> None:
        self._renew(self._database, server, seconds)

    def renew_beside(self, server: str, seconds: float) -> None:
        try:
            with self._beside.begin() as connection:
                self._renew(connection, server, seconds)
        except (DBAPIError, OSError) as error:
            raise self._backend.not_kept(error) from None

    @contextlib.contextmanager
    def _writing(self) -> Iterator[Connection]:
        """A transaction that changes something beside the registry's own, from any thread."""
        engine = self._engine if self._backend.shows_a_moment else self._beside
        try:
            self._prepare()
            with engine.begin() as connection:
                yield connection
        except (DBAPIError, OSError) as error:
            raise self._backend.not_kept(error) from None

    def _renew(self, connection: Connection, server: str, seconds: float) -> None:
        until = self._backend.now + seconds
        changed = connection.execute(
            statements.set_lease.values(until=until), {"of_server": server}
        ).rowcount
        if not changed:
            forgotten = self._backend.now - _LEASES_KEPT_SECONDS
            connection.execute(statements.forget_leases.where(leases.c.until < forgotten))
            connection.execute(statements.add_lease.values(server=server, until=until))

    def leases(self) -> Mapping[str, float]:
        return {row.server: row.until for row in self._database.execute(select(leases))}

    def release(self, server: str) -> None:
        self._database.execute(statements.delete_lease, {"of_server": server})

    # Loops.

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
            return self._key(loop.row["name"], loop.row["directory"])
        row = self._database.execute(statements.loop_key, {"of_loop": loop_id}).one_or_none()
        return None if row is None else self._key(row.name, row.directory)

    def loops(self) -> list[LoopKey]:
        rows = self._database.execute(statements.loop_keys)
        return [self._key(row.name, row.directory) for row in rows]

    def listed_loops(self) -> list[ListedLoop]:
        with self._reading() as connection:
            rows = connection.execute(statements.loop_rows).all()
            opened = connection.execute(statements.all_open_rows).all()
            ahead = self._ahead
        open_items: defaultdict[str, list[Item]] = defaultdict(list)
        for row in opened:
            open_items[row.loop].append(item_of(row, ahead))
        return [
            ListedLoop(
                self._key(row.name, row.directory),
                row.batch,
                row.seconds,
                row.finished,
                None if row.ran_at is None else row.ran_at - ahead,
                listed_counts(row),
                tuple(open_items[row.id]),
                stopped=bool(row.stopped),
            )
            for row in rows
            if row.batch
        ]

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Connection]:
        """A connection that sees one moment, keeps nobody waiting, and belongs to one thread."""
        # Connections of PostgreSQL are dear, and any will do; SQLite tells who has written by the
        # connection that asks, so that one is left to the transactions.
        engine = self._engine if self._backend.shows_a_moment else self._beside
        try:
            self._prepare()
            with engine.connect() as plain:
                options: dict[str, Any] = {ONLY_READS: True}
                if self._backend.shows_a_moment:
                    options = {"isolation_level": "REPEATABLE READ"}
                connection = plain.execution_options(**options)
                with connection.begin():
                    yield connection
        except (DBAPIError, OSError) as error:
            raise self._backend.not_kept(error) from None

    def _prepare(self) -> None:
        """Have the tables ready, by itself: others wait for it, and what follows may take long."""
        with self._preparing:
            if not self._backend.is_prepared:
                self._backend.prepare(self._engine)

    def _key(self, name: str, directory: str) -> LoopKey:
        """The loop whose row has this name and this directory."""
        local = self._roots.local(directory)
        return LoopKey(name, local, "" if local == directory else directory)

    def forget(self, key: LoopKey) -> None:
        self._forget_carried(key)
        self._carried.pop(key.id, None)
        sql_listings.give_up(self._database, self._listing(key))
        del self._loops[key.id]
        for statement in (statements.delete_outputs, statements.delete_loop):
            self._database.execute(statement, {"of_loop": key.id})

    def _loop(self, key: LoopKey) -> KnownLoop | None:
        loop = self._loops.get(key.id)
        if loop is None:
            if not self._looks_only:
                self._backend.take_turn(self._database, key.id)
            row = self._database.execute(statements.loop_row, {"of_loop": key.id}).one_or_none()
            if row is None:
                return None
            columns = {column.name: row[at] for at, column in _LOOP_COLUMNS}
            loop = KnownLoop(columns, self._ahead, self._roots)
            self._loops[key.id] = loop
        return loop if loop.row["batch"] else None

    def _known(self, key: LoopKey) -> KnownLoop:
        """The row of a loop that has one, though its first batch may only just begin."""
        self._loop(key)
        return self._loops[key.id]

    def _write_loops(self) -> None:
        for loop_id, loop in self._loops.items():
            values, added = loop.take_changes()
            if added:
                by = {f"by_{name}": added.get(name, 0) for name in statements.COUNTS}
                self._database.execute(statements.count_loop, {"of_loop": loop_id, **by, **values})
            elif values:
                self._database.execute(statements.set_loop, {"of_loop": loop_id, **values})

    def _listing(self, key: LoopKey) -> str:
        """The name of the listing that a loop has."""
        listing: str = self._known(key).row["listing"]
        return listing

    # Listings.

    def begin(self, key: LoopKey, paths: Sequence[str], new: NewListing | None = None) -> None:
        self._forget_carried(key)
        if self._loop(key) is not None:
            for item in self.open_items(key):
                self._note_not_whole(key, item.path)
            sql_listings.give_up(self._database, self._listing(key))
        elif key.id not in self._loops:
            row = {
                "id": key.id,
                "name": key.name,
                "directory": key.shared,
                "selection": "{}",
                "batch": 0,
                "mode": "",
                "looked_at": 0.0,
                "looked_again": False,
                "seconds": 0.0,
                "unpaired": 0,
                "partners": "[]",
            }
            self._database.execute(statements.add_loop, row)
        listing = self._taken(new, paths)
        loop = self._known(key)
        loop.set(**dict.fromkeys(statements.COUNTS, 0) | {"pending": len(paths)})
        self._switch(loop, listing)
        loop.forget_items()
        loop.writers.clear()

    def relist(self, key: LoopKey, paths: Sequence[str], new: NewListing | None = None) -> None:
        present = self._listing(key)
        listing = self._taken(new, paths, before=present)
        sql_listings.give_up(self._database, present)
        loop = self._known(key)
        loop.set(**sql_listings.counts(self._database, listing, len(paths)))
        self._switch(loop, listing)
        loop.forget_items()

    def _taken(self, new: NewListing | None, paths: Sequence[str], before: str = "") -> str:
        """The name of a listing that was written before, or is written now."""
        if new is not None:
            sql_listings.take(self._database, new)
            return new.id
        name = sql_listings.new_name()
        sql_listings.add(self._database, self._backend, name, paths, before)
        return name

    def _switch(self, loop: KnownLoop, listing: str) -> None:
        """Give a loop another listing: at once, as statements of this transaction go by the row."""
        given = {"of_loop": loop.row["id"], "listing": listing, "next_listing": None}
        self._database.execute(statements.set_loop, given)
        loop.set(listing=listing, next_listing=None)

    def takes(self, new: NewListing) -> bool:
        loop = self._loop(new.key)
        if new.before is not None and (
            loop is None or (loop.row["listing"], loop.row["next_listing"]) != (new.before, new.id)
        ):
            return False
        return sql_listings.is_spare(self._database, new.id)

    def is_large(self, key: LoopKey, number: int, *, keeps: bool) -> bool:
        return self._listings.is_large(key, number, keeps=keeps)

    def new_listing(self, key: LoopKey, name: str, server: str, *, keeps: bool) -> NewListing:
        return self._listings.new(key, name, server, keeps=keeps)

    def write_listing(self, new: NewListing, first: int, paths: Sequence[str]) -> None:
        self._listings.write(new, first, paths)

    def write_unlisted(self, new: NewListing, after: str) -> str | None:
        return self._listings.write_unlisted(new, after)

    def finish_listing(self, new: NewListing) -> None:  # noqa: ARG002
        self._listings.finish()

    def spare_listings(self) -> Mapping[str, str]:
        return self._listings.spares()

    def delete_some(self, listing: str) -> bool:
        return self._listings.delete_some(listing)

    def append(self, key: LoopKey, *paths: str) -> None:
        loop, place = self._known(key), self.counts(key).total
        added: Counter[str] = Counter()
        for start in range(0, len(paths), AT_ONCE):
            part = paths[start : start + AT_ONCE]
            states = sql_listings.append(
                self._database, self._backend, loop.row["listing"], part, place
            )
            added.update(states)
            place += len(states)
        loop.add(**added)
        # One that is being written does not have them.
        loop.set(next_listing=None)
        loop.forget_items()

    # Items.

    def first_pending(self, key: LoopKey, but: int = 0) -> str | None:
        given = {"of_listing": self._listing(key), "of_others": but}
        found = self._database.execute(statements.next_pending, given)
        path: str | None = found.scalar_one_or_none()
        return path

    def first_together(self, keys: Sequence[LoopKey]) -> int | None:
        # From the loop that has the fewest on: where one has none left, nothing is looked through.
        keys = sorted(keys, key=lambda key: int(self._known(key).row["pending"]))
        given = {f"of_listing_{at}": self._listing(key) for at, key in enumerate(keys)}
        found = self._database.execute(statements.first_together(len(keys)), given)
        place: Any = found.scalar_one_or_none()
        return None if place is None else int(place)

    def item_at(self, key: LoopKey, place: int) -> Item | None:
        given = {"of_listing": self._listing(key), "of_place": place}
        row = self._database.execute(statements.item_at, given).one_or_none()
        return None if row is None else item_of(row, self._ahead)

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

    def move(self, key: LoopKey, item: Item, state: ItemState, **changes: Any) -> Item:
        check_transition(item.path, item.state, state)
        new = replace(item, state=state, **changes)
        values: dict[str, Any] = {"state": state.value}
        if "claim" in changes:
            values |= claim_columns(new.claim, self._ahead)
        if "failure" in changes:
            values |= failure_columns(new.failure)
        plain = ("attempts", "unended", "seconds")
        values |= {name: changes[name] for name in plain if name in changes}
        self._set_item(key, item.path, values)
        loop = self._known(key)
        if ends_in_vain(item, state):
            self._note_not_whole(key, item.path)
        if item.index != UNLISTED:
            loop.add(**{item.state.value: -1, state.value: 1})
        loop.moved(item.state, new)
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

    def item(self, key: LoopKey, path: str) -> Item | None:
        loop = self._loop(key)
        if loop is None:
            return None
        if loop.open is not None and path in loop.open:
            return loop.open[path]
        given = {"of_listing": self._listing(key), "of_path": path}
        row = self._database.execute(statements.item_row, given).one_or_none()
        return None if row is None else item_of(row, self._ahead)

    def paths_beside(self, key: LoopKey) -> Collection[str]:
        found: set[str] = set()
        for part in self._read_beside(statements.listed_paths, {"of_loop": key.id}):
            found.update(path_text(path) for (path,) in part)
        return found

    def _read_beside(
        self, statement: Executable, given: Mapping[str, Any]
    ) -> Iterator[Sequence[tuple[Any, ...]]]:
        """What a statement reads, some rows at a time, in no transaction of the store.

        As the driver has it: with an object of SQLAlchemy's for each row Python would look for
        garbage among all that there is, again and again.
        """
        pace = Pace()
        with self._reading() as connection:
            cursor = connection.execute(statement, given).cursor
            assert cursor is not None  # noqa: S101 for the type checker: it reads rows
            while True:
                try:
                    some = cursor.fetchmany(_READ_AT_ONCE)
                except connection.dialect.loaded_dbapi.Error as error:
                    raise DBAPIError(None, None, error) from None
                if not some:
                    return
                yield some
                pace.rest()

    def open_items(self, key: LoopKey) -> list[Item]:
        loop = self._loop(key)
        if loop is None:
            return []
        if loop.open is None:
            own = {"of_listing": self._listing(key)}
            rows = self._database.execute(statements.open_rows, own)
            loop.open = {row.path: item_of(row, self._ahead) for row in rows}
        return list(loop.open.values())

    def counts(self, key: LoopKey) -> Counts:
        return counts_of(self._known(key).row)

    def failures(self, key: LoopKey, most: int) -> tuple[Item, ...]:
        loop = self._known(key)
        if not loop.row["failed"]:
            return ()
        if loop.failures is None or loop.failures[0] != most:
            given = {"of_listing": self._listing(key), "of_most": most}
            rows = self._database.execute(statements.failed_rows, given)
            loop.failures = most, tuple(item_of(row, self._ahead) for row in rows)
        return loop.failures[1]

    def retry(self, key: LoopKey) -> int:
        loop = self._known(key)
        failed: int = loop.row["failed"]
        if failed:
            values = {"state": "pending", "attempts": 0, **failure_columns(None)}
            given = {"of_listing": self._listing(key), **values}
            self._database.execute(statements.set_failed, given)
            # One that is being written has them as they were.
            loop.set(next_listing=None)
            loop.add(failed=-failed, pending=failed)
            loop.forget_items()
        return failed

    def report(self, key: LoopKey) -> list[ReportedItem]:
        own = {"of_listing": self._listing(key)}
        in_batch = {"of_loop": key.id, "of_batch": self._known(key).row["batch"]}
        written = self._database.execute(statements.output_rows, in_batch)
        return self._reported(self._database.execute(statements.listed_rows, own), written)

    def page(self, key: LoopKey, start: int, most: int, *, failed: bool) -> list[ReportedItem]:
        statement = statements.failed_page_rows if failed else statements.page_rows
        given = {"of_listing": self._listing(key), "of_start": start, "of_most": most}
        found = self._database.execute(statement, given).all()
        return self._reported(found, self._outputs_of(key, [row.path for row in found]))

    def outputs(self, key: LoopKey, path: str) -> tuple[str, ...]:
        return tuple(sorted(map(self._file_of, self._outputs_of(key, [path]))))

    def _outputs_of(self, key: LoopKey, paths: list[str]) -> Iterable[Row[Any]]:
        if not paths:
            return ()
        batch = self._known(key).row["batch"]
        given = {"of_loop": key.id, "of_batch": batch, "of_paths": paths}
        return self._database.execute(statements.outputs_of_items, given)

    def _reported(
        self, found: Iterable[Row[Any]], written: Iterable[Row[Any]]
    ) -> list[ReportedItem]:
        """Rows of items as items, each with the files that rows of outputs say it wrote."""
        targets: defaultdict[str, list[str]] = defaultdict(list)
        for row in written:
            targets[row.path].append(self._file_of(row))
        return [(item_of(row, self._ahead), tuple(sorted(targets[row.path]))) for row in found]

    # Carried values.

    def carry(self, key: LoopKey, value: Any) -> None:
        self._forget_carried(key)
        if value is None:
            return
        # A new name each time, so that the old file stands until the transaction is kept.
        name = f"{key.id}-{secrets.token_hex(8)}{statements.CARRIED_SUFFIX}"
        lost = None
        try:
            data = carried_values.encode(value)
            self._backend.carried.write(self._database, name, data)
        except carried_values.CannotKeep as error:
            lost = f"a value of type {error}, which no file can hold"
        except UnwritableImage as error:
            # The image is done all the same, and this process still has the value.
            _log.warning("Batch Loop cannot keep what Loop End carries over: %s", error)
            lost = "a value whose file could not be written"
        self._known(key).set(carried_file=name, carried_lost=lost)
        self._carried[key.id] = (name, Carried(value))

    def carried(self, key: LoopKey) -> Carried:
        row = self._known(key).row
        name = row["carried_file"]
        if name is None:
            return NOTHING_CARRIED
        cached, found = self._carried.get(key.id, ("", NOTHING_CARRIED))
        if cached != name:
            if row["carried_lost"] is None:
                found = self._read_carried(name)
            else:
                found = Carried(lost=row["carried_lost"])
            self._carried[key.id] = (name, found)
        return found

    def _read_carried(self, name: str) -> Carried:
        try:
            return Carried(carried_values.decode(self._backend.carried.read(self._database, name)))
        except DBAPIError:
            raise
        except Exception as error:  # noqa: BLE001 whatever is wrong with the file
            _log.warning("Batch Loop cannot read the carried value %s: %s", name, error)
            return Carried(lost=f"the file {name}, which cannot be read")

    def _forget_carried(self, key: LoopKey) -> None:
        loop = self._loop(key)
        if loop is not None:
            if loop.row["carried_file"] is not None:
                self._backend.carried.forget(self._database, loop.row["carried_file"])
            loop.set(carried_file=None, carried_lost=None)

    # Outputs.

    def note_output(
        self, key: LoopKey, target: str, path: str, *, file: str | None = None, kept: bool = False
    ) -> bool:
        shared = self._roots.shared(target)
        values = {
            "path": path,
            "batch": self._known(key).row["batch"],
            "file": None if file is None or file == target else self._roots.shared(file),
            "whole": any(item.path == path for item in self.open_items(key)),
            "kept": kept,
        }
        row = {"loop": key.id, "target": shared, **values}
        this = {"of_loop": key.id, "of_target": shared}
        if kept:
            return self._add_output(row)
        before = self.writer(key, target)
        new = Written(key.id, path, values["batch"], values["whole"], whole=values["whole"])
        if before is not None and before.loop == key.id:
            if before != new or before.whole != new.whole:
                self._database.execute(statements.set_output, {**this, **values})
        else:
            if before is not None:
                self._database.execute(statements.delete_written, {"of_target": shared})
            # Or another server was quicker.
            if not self._add_output(row):
                return False
        for loop in self._loops.values():
            loop.writers.pop(target, None)
        self._known(key).writers[target] = new
        return True

    def _add_output(self, row: Mapping[str, Any]) -> bool:
        """Add a row of outputs, in the place of what was kept; False where an image wrote it."""
        if self._database.execute(self._backend.add_output, row).one_or_none() is not None:
            return True
        given = {"of_loop": row["loop"], "of_target": row["target"], **row}
        return bool(self._database.execute(statements.set_kept_output, given).rowcount)

    def _note_not_whole(self, key: LoopKey, path: str) -> None:
        """Note that what an item has written in this batch may not be all that there should be."""
        batch = self._known(key).row["batch"]
        given = {"of_loop": key.id, "of_batch": batch, "of_path": path}
        self._database.execute(statements.set_not_whole, given)

    def forget_output(self, key: LoopKey, target: str) -> None:
        given = {"of_loop": key.id, "of_target": self._roots.shared(target)}
        self._database.execute(statements.delete_output, given)
        self._known(key).writers.pop(target, None)

    def writer(self, key: LoopKey, target: str) -> Written | None:
        known = self._known(key).writers
        if target in known:
            return known[target]
        row = self._database.execute(
            statements.writer, {"of_target": self._roots.shared(target)}
        ).one_or_none()
        if row is None:
            known[target] = None
            return None
        under_way = row.state is not None and ItemState(row.state) in OPEN
        found = Written(row.loop, row.path, row.batch, under_way, whole=row.whole)
        if found.loop == key.id:
            known[target] = found
        return found

    def written(self, key: LoopKey, path: str) -> tuple[str, ...]:
        given = {"of_loop": key.id, "of_path": path}
        rows = self._database.execute(statements.written_by_item, given)
        return tuple(sorted(self._file_of(row) for row in rows))

    def results_below(self, key: LoopKey, folder: str) -> set[str]:
        given = {"of_loop": key.id, "of_batch": self._known(key).row["batch"]}
        found = self._database.execute(statements.results_below, given | self._below(folder))
        return {self._roots.local(target) for target in found.scalars()}

    def _below(self, folder: str) -> dict[str, str]:
        first = self._roots.shared(folder).rstrip(os.sep + "/")
        separator = "/" if first.startswith(MARK) else os.sep
        return {"of_first": first + separator, "of_end": first + _NEXT[separator]}

    def written_below_beside(self, folder: str, after: str = "") -> Iterator[KnownResult]:
        given: dict[str, Any] = {**self._below(folder), "of_most": AT_ONCE}
        if after:
            given["of_first"] = self._roots.shared(after)
        read = list(self._read_beside(statements.written_below, given))
        make, local = KnownResult._make, self._roots.local
        here = functools.cache(lambda directory: local(path_text(directory)))
        return (
            make(
                (local(path_text(target)), loop, here(shared), path_text(path), batch, bool(whole))
            )
            for rows in read
            for target, loop, shared, path, batch, whole in rows
        )

    def open_outputs(self) -> set[str]:
        return {self._file_of(row) for row in self._database.execute(statements.open_targets)}

    def _file_of(self, row: Any) -> str:
        file: str = row.target if row.file is None else row.file
        return self._roots.local(file)
