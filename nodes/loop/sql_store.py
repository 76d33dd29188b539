"""A store in a database, by default a SQLite file: what it holds outlives the process."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import secrets
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Row
from sqlalchemy.exc import OperationalError

from ..io.files import IfExists, write_whole
from ..io.leftovers import sweep
from ..io.paths import quoted
from . import carried as carried_files
from . import statements
from .errors import BatchLoopError, StateNotKept, UnwritableImage
from .known_loop import KnownLoop
from .rows import claim_columns, entry_columns, failure_columns, item_of
from .state import (
    NOTHING_CARRIED,
    Carried,
    Claim,
    Counts,
    Item,
    ItemState,
    LoopKey,
    ReportedItem,
    check_transition,
)
from .store import UNLISTED, LoopEntry
from .tables import loops

_REASONS = {
    "database or disk is full": ("the disk is full", "Free some space"),
    "attempt to write a readonly database": ("it is read-only", "Make the folder writable"),
    "unable to open database file": ("it cannot be opened", "Bring the folder back"),
    "database is locked": ("another program holds it", "End that program"),
}
"""What SQLite says, in words for users, and what they can do."""

_log = logging.getLogger(__name__)
T = TypeVar("T")

_LOOP_COLUMNS = list(enumerate(loops.columns))
_CARRIED_SUFFIX = ".safetensors"


class _OutsideTransaction(RuntimeError):
    """Raised when the database is needed, and there is no transaction."""


class SqlStore:
    """A store on an SQLAlchemy engine whose tables are prepared.

    `carried_dir` is the folder for carried values. Every method but `transaction` is called
    inside of a transaction, or of `at_hand`. The engine serves this store alone.
    """

    def __init__(self, engine: Engine, carried_dir: str) -> None:
        self._engine = engine
        self._carried_dir = os.path.realpath(carried_dir)
        self._connection: Connection | None = None
        self._loops: dict[str, KnownLoop] = {}
        # The connection that these were read through, and when others had last written by then.
        self._known_since: tuple[object, int] | None = None
        # What was carried over in this process, with the name of its file: no need to read it
        # back, and some values cannot be kept in a file. Another server may have carried on since.
        self._carried: dict[str, tuple[str, Carried]] = {}
        # Files whose value was replaced, and files that were written: the ones are deleted when
        # the transaction is kept, the others when it is not.
        self._superseded: list[str] = []
        self._written: list[str] = []

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        if self._connection is not None:
            yield
            return
        answer: BatchLoopError | None = None
        unneeded = self._written
        kept = False
        try:
            with self._engine.begin() as connection:
                self._connection = connection
                self._forget_what_others_changed(connection)
                try:
                    yield
                except BatchLoopError as error:
                    answer = error
                self._write_loops()
            unneeded = self._superseded
            kept = True
        except (OperationalError, OSError) as error:
            raise StateNotKept(self._not_kept(error)) from error
        finally:
            self._connection = None
            if not kept:
                self._loops.clear()
            for path in unneeded:
                with contextlib.suppress(OSError):
                    os.unlink(path)
            self._superseded.clear()
            self._written.clear()
        if answer is not None:
            raise answer

    def at_hand(self, read: Callable[[], T]) -> T | None:
        if self._connection is None and not self._is_known():
            return None
        try:
            return read()
        except _OutsideTransaction:
            return None

    def _is_known(self) -> bool:
        """Whether nobody else has written since the last transaction."""
        if self._known_since is None:
            return False
        driver, version = self._known_since
        try:
            return bool(_data_version(driver) == version)
        except sqlite3.Error:  # it was closed: the next transaction gets another
            return False

    def _forget_what_others_changed(self, connection: Connection) -> None:
        """Keep what is known of the loops only if it is sure to be what a read would give."""
        since: tuple[object, int] | None = None
        if connection.dialect.name == "sqlite":
            # It is asked for inside of the transaction, which keeps all others from writing.
            driver = connection.connection.dbapi_connection
            since = (driver, _data_version(driver))
        if since is None or since != self._known_since:
            self._loops.clear()
        self._known_since = since

    def _not_kept(self, error: OperationalError | OSError) -> str:
        where = self._engine.url.database or self._engine.url.render_as_string()
        said = str(error.orig) if isinstance(error, OperationalError) else str(error)
        reason, advice = _REASONS.get(said, (said, "Check the folder and the disk"))
        return (
            f"Batch Loop cannot keep its state in {quoted(where)}: {reason}. {advice}, and run "
            "again: the batch goes on with this image. (Nothing is done without it, as what is "
            "done could not be told from what is not.)"
        )

    @property
    def _database(self) -> Connection:
        if self._connection is None:
            raise _OutsideTransaction("a store is used inside of a transaction")
        return self._connection

    # Loops.

    def load(self, key: LoopKey) -> LoopEntry | None:
        loop = self._loop(key)
        return None if loop is None else loop.entry

    def save(self, key: LoopKey, entry: LoopEntry) -> None:
        loop = self._known(key)
        columns = entry_columns(entry)
        loop.set(**{name: value for name, value in columns.items() if loop.row[name] != value})

    def find(self, loop_id: str) -> LoopKey | None:
        loop = self._loops.get(loop_id)
        if loop is not None:
            return LoopKey(loop.row["name"], loop.row["directory"])
        row = self._database.execute(statements.loop_key, {"of_loop": loop_id}).one_or_none()
        return None if row is None else LoopKey(row.name, row.directory)

    def loops(self) -> list[LoopKey]:
        rows = self._database.execute(statements.loop_keys)
        return [LoopKey(row.name, row.directory) for row in rows]

    def forget(self, key: LoopKey) -> None:
        self._forget_carried(key)
        self._carried.pop(key.id, None)
        del self._loops[key.id]
        for statement in (
            statements.delete_items,
            statements.delete_outputs,
            statements.delete_loop,
        ):
            self._database.execute(statement, {"of_loop": key.id})

    def _loop(self, key: LoopKey) -> KnownLoop | None:
        loop = self._loops.get(key.id)
        if loop is None:
            row = self._database.execute(statements.loop_row, {"of_loop": key.id}).one_or_none()
            if row is None:
                return None
            loop = KnownLoop({column.name: row[at] for at, column in _LOOP_COLUMNS})
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

    # Listings.

    def begin(self, key: LoopKey, paths: Sequence[str]) -> None:
        self._forget_carried(key)
        for statement in (statements.delete_items, statements.delete_outputs):
            self._database.execute(statement, {"of_loop": key.id})
        if self._loop(key) is None and key.id not in self._loops:
            row = {
                "id": key.id,
                "name": key.name,
                "directory": key.directory,
                "selection": "{}",
                "batch": 0,
                "mode": "",
                "looked_at": 0.0,
                "looked_again": False,
                "seconds": 0.0,
            }
            self._database.execute(statements.add_loop, row)
        self._insert(key, paths)
        loop = self._known(key)
        loop.set(**dict.fromkeys(statements.COUNTS, 0) | {"pending": len(paths)})
        loop.forget_items()
        loop.owners.clear()

    def relist(self, key: LoopKey, paths: Sequence[str]) -> None:
        own = {"of_loop": key.id}
        rows = self._database.execute(statements.known_states, own)
        states = {row.path: row.state for row in rows}
        self._database.execute(statements.unlist_items, own)
        counts = Counter(dict.fromkeys(statements.COUNTS, 0))
        counts.update(states.get(path, "pending") for path in paths)
        self._insert(key, [None if path in states else path for path in paths])
        moved = [
            own | {"of_path": path, "of_place": at}
            for at, path in enumerate(paths)
            if path in states
        ]
        if moved:
            self._database.execute(statements.relist_item, moved)
        loop = self._known(key)
        loop.set(**counts)
        loop.forget_items()

    def append(self, key: LoopKey, path: str) -> None:
        at = self.counts(key).total
        known = {"of_loop": key.id, "of_path": path, "of_place": at}
        state = self._database.execute(statements.back_in_listing, known).scalar_one_or_none()
        if state is None:
            state = "pending"
            self._insert_each(key, [(at, path)])
        loop = self._known(key)
        loop.add(**{state: 1})
        loop.forget_items()

    def _insert(self, key: LoopKey, paths: Sequence[str | None]) -> None:
        """Add PENDING items, whose positions are their places in `paths`, without those of None."""
        if self._database.dialect.name == "sqlite" and _are_text(paths):
            given = {"of_loop": key.id, "of_paths": json.dumps(list(paths))}
            self._database.execute(statements.add_items_from_json, given)
        else:
            listed = [(at, path) for at, path in enumerate(paths) if path is not None]
            self._insert_each(key, listed)

    def _insert_each(self, key: LoopKey, listed: Iterable[tuple[int, str]]) -> None:
        rows = [
            {"loop": key.id, "path": path, "position": at, "state": "pending"}
            for at, path in listed
        ]
        if rows:
            self._database.execute(statements.add_items, rows)

    # Items.

    def first_pending(self, key: LoopKey) -> str | None:
        found = self._database.execute(statements.first_pending, {"of_loop": key.id})
        path: str | None = found.scalar_one_or_none()
        return path

    def claim(self, key: LoopKey, claim: Claim) -> Item | None:
        given = {"of_loop": key.id, **claim_columns(claim)}
        row = self._database.execute(statements.claim_item, given).one_or_none()
        if row is None:
            return None
        item = item_of(row)
        loop = self._known(key)
        loop.add(pending=-1, running=1)
        loop.moved(ItemState.PENDING, item)
        return item

    def move(self, key: LoopKey, item: Item, state: ItemState, **changes: Any) -> Item:
        check_transition(item.path, item.state, state)
        new = replace(item, state=state, **changes)
        values: dict[str, Any] = {"of_loop": key.id, "of_path": item.path, "state": state.value}
        if "claim" in changes:
            values |= claim_columns(new.claim)
        if "failure" in changes:
            values |= failure_columns(new.failure)
        plain = ("attempts", "unended", "seconds")
        values |= {name: changes[name] for name in plain if name in changes}
        self._database.execute(statements.set_item, values)
        loop = self._known(key)
        if item.index != UNLISTED:
            loop.add(**{item.state.value: -1, state.value: 1})
        loop.moved(item.state, new)
        return new

    def item(self, key: LoopKey, path: str) -> Item | None:
        loop = self._loop(key)
        if loop is None:
            return None
        if loop.open is not None and path in loop.open:
            return loop.open[path]
        given = {"of_loop": key.id, "of_path": path}
        row = self._database.execute(statements.item_row, given).one_or_none()
        return None if row is None else item_of(row)

    def paths(self, key: LoopKey) -> set[str]:
        return set(self._database.execute(statements.listed_paths, {"of_loop": key.id}).scalars())

    def open_items(self, key: LoopKey) -> list[Item]:
        loop = self._loop(key)
        if loop is None:
            return []
        if loop.open is None:
            rows = self._database.execute(statements.open_rows, {"of_loop": key.id})
            loop.open = {row.path: item_of(row) for row in rows}
        return list(loop.open.values())

    def counts(self, key: LoopKey) -> Counts:
        row = self._known(key).row
        return Counts(**{name: row[name] for name in statements.COUNTS})

    def failures(self, key: LoopKey, most: int) -> tuple[Item, ...]:
        loop = self._known(key)
        if not loop.row["failed"]:
            return ()
        if loop.failures is None or loop.failures[0] != most:
            given = {"of_loop": key.id, "of_most": most}
            rows = self._database.execute(statements.failed_rows, given)
            loop.failures = most, tuple(item_of(row) for row in rows)
        return loop.failures[1]

    def retry(self, key: LoopKey) -> int:
        loop = self._known(key)
        failed: int = loop.row["failed"]
        if failed:
            values = {"state": "pending", "attempts": 0, **failure_columns(None)}
            self._database.execute(statements.set_failed, {"of_loop": key.id, **values})
            loop.add(failed=-failed, pending=failed)
            loop.forget_items()
        return failed

    def report(self, key: LoopKey) -> list[ReportedItem]:
        own = {"of_loop": key.id}
        written = self._database.execute(statements.output_rows, own)
        return _reported(self._database.execute(statements.listed_rows, own), written)

    def page(self, key: LoopKey, start: int, most: int, *, failed: bool) -> list[ReportedItem]:
        statement = statements.failed_page_rows if failed else statements.page_rows
        given = {"of_loop": key.id, "of_start": start, "of_most": most}
        found = self._database.execute(statement, given).all()
        return _reported(found, self._outputs_of(key, [row.path for row in found]))

    def outputs(self, key: LoopKey, path: str) -> tuple[str, ...]:
        return tuple(sorted(row.target for row in self._outputs_of(key, [path])))

    def _outputs_of(self, key: LoopKey, paths: list[str]) -> Iterable[Row[Any]]:
        if not paths:
            return ()
        given = {"of_loop": key.id, "of_paths": paths}
        return self._database.execute(statements.outputs_of_items, given)

    # Carried values.

    def carry(self, key: LoopKey, value: Any) -> None:
        self._forget_carried(key)
        if value is None:
            return
        # A new name each time, so that the old file stands until the transaction is kept.
        name = f"{key.id}-{secrets.token_hex(8)}{_CARRIED_SUFFIX}"
        lost = None
        try:
            self._write_carried(name, value)
        except carried_files.CannotKeep as error:
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

    def tidy(self) -> None:
        """Delete the files that crashes have left beside the database."""
        sweep(self._carried_dir)
        # Nobody else writes a carried value meanwhile: that is done inside of transactions.
        with self.transaction():
            kept = set(self._database.execute(statements.carried_names).scalars())
            for name in os.listdir(self._carried_dir):
                if name.endswith(_CARRIED_SUFFIX) and name not in kept:
                    os.unlink(os.path.join(self._carried_dir, name))

    def _write_carried(self, name: str, value: Any) -> None:
        data = carried_files.encode(value)
        path = os.path.join(self._carried_dir, name)
        self._written.append(path)
        write_whole(path, data, IfExists.OVERWRITE)

    def _read_carried(self, name: str) -> Carried:
        path = os.path.join(self._carried_dir, name)
        try:
            return Carried(carried_files.read(path))
        except Exception as error:  # noqa: BLE001 whatever is wrong with the file
            _log.warning("Batch Loop cannot read the carried value in %s: %s", path, error)
            return Carried(lost=f"the file {name}, which cannot be read")

    def _forget_carried(self, key: LoopKey) -> None:
        loop = self._loop(key)
        if loop is not None:
            if loop.row["carried_file"] is not None:
                self._superseded.append(os.path.join(self._carried_dir, loop.row["carried_file"]))
            loop.set(carried_file=None, carried_lost=None)

    # Outputs.

    def note_output(self, key: LoopKey, target: str, path: str) -> None:
        owner = self.output_owner(key, target)
        if owner is None:
            row = {"loop": key.id, "target": target, "path": path}
            self._database.execute(statements.add_output, row)
        elif owner != path:
            given = {"of_loop": key.id, "of_target": target, "path": path}
            self._database.execute(statements.set_output, given)
        self._known(key).owners[target] = path

    def output_owner(self, key: LoopKey, target: str) -> str | None:
        owners = self._known(key).owners
        if target not in owners:
            given = {"of_loop": key.id, "of_target": target}
            found = self._database.execute(statements.output_owner, given)
            owners[target] = found.scalar_one_or_none()
        return owners[target]

    def open_outputs(self) -> set[str]:
        return set(self._database.execute(statements.open_targets).scalars())


def _data_version(driver: Any) -> Any:
    """A number that changes when somebody writes to the SQLite file by any other connection.

    The driver itself is asked, as this is done each time.
    """
    return driver.execute("PRAGMA data_version").fetchone()[0]


def _reported(found: Iterable[Row[Any]], written: Iterable[Row[Any]]) -> list[ReportedItem]:
    """Rows of items as items, each with the files that rows of outputs say it wrote."""
    targets: defaultdict[str, list[str]] = defaultdict(list)
    for row in written:
        targets[row.path].append(row.target)
    return [(item_of(row), tuple(sorted(targets[row.path]))) for row in found]


def _are_text(paths: Iterable[str | None]) -> bool:
    """Whether no path holds bytes that are no text, which JSON could not carry as they are."""
    try:
        "".join(filter(None, paths)).encode()
    except UnicodeEncodeError:
        return False
    return True
