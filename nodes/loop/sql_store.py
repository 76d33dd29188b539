"""A store in a database, by default a SQLite file: what it holds outlives the process."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import secrets
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    Row,
    and_,
    bindparam,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.exc import OperationalError

from ..io.files import IfExists, write_whole
from ..io.leftovers import sweep
from ..io.listing import Filter, Selection, SortBy
from ..io.naming import ResultName
from ..io.paths import quoted
from . import carried as carried_files
from .errors import BatchLoopError, StateNotKept, UnwritableImage
from .prompt import Failure, Prompt
from .state import (
    NOTHING_CARRIED,
    Carried,
    Claim,
    Counts,
    ErrorHandling,
    Item,
    ItemState,
    IterationMode,
    LoopKey,
    Policy,
    WhenComplete,
    check_transition,
)
from .store import OPEN, UNLISTED, LoopEntry
from .tables import items, loops, outputs

_REASONS = {
    "database or disk is full": ("the disk is full", "Free some space"),
    "attempt to write a readonly database": ("it is read-only", "Make the folder writable"),
    "unable to open database file": ("it cannot be opened", "Bring the folder back"),
    "database is locked": ("another program holds it", "End that program"),
}
"""What SQLite says, in words for users, and what they can do."""

_log = logging.getLogger(__name__)

_LOOP_COLUMNS = list(enumerate(loops.columns))
_CARRIED_SUFFIX = ".safetensors"
_OPEN = [state.value for state in OPEN]


class _Loop:
    """A loop's row within a transaction: read once, and written once, when it ends."""

    def __init__(self, row: Mapping[str, Any]) -> None:
        self.row = dict(row)
        self._set: set[str] = set()
        self._added: Counter[str] = Counter()

    def set(self, **values: Any) -> None:
        self.row |= values
        self._set |= values.keys()
        for name in values:
            self._added.pop(name, None)

    def add(self, **changes: int) -> None:
        for name, change in changes.items():
            self.row[name] += change
            if name not in self._set:
                self._added[name] += change

    @property
    def changes(self) -> dict[str, Any]:
        """What to write. Counts by difference: other servers change them too."""
        added = {name: loops.c[name] + by for name, by in self._added.items() if by}
        return {name: self.row[name] for name in self._set} | added


class SqlStore:
    """A store on an SQLAlchemy engine whose tables are prepared.

    `carried_dir` is the folder for carried values. Every method but `transaction` is called
    inside of a transaction.
    """

    def __init__(self, engine: Engine, carried_dir: str) -> None:
        self._engine = engine
        self._carried_dir = os.path.realpath(carried_dir)
        self._connection: Connection | None = None
        self._loops: dict[str, _Loop] = {}
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
        try:
            with self._engine.begin() as connection:
                self._connection = connection
                try:
                    yield
                except BatchLoopError as error:
                    answer = error
                self._write_loops()
            unneeded = self._superseded
        except (OperationalError, OSError) as error:
            raise StateNotKept(self._not_kept(error)) from error
        finally:
            self._connection = None
            self._loops.clear()
            for path in unneeded:
                with contextlib.suppress(OSError):
                    os.unlink(path)
            self._superseded.clear()
            self._written.clear()
        if answer is not None:
            raise answer

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
            raise RuntimeError("a store is used inside of a transaction")
        return self._connection

    # Loops.

    def load(self, key: LoopKey) -> LoopEntry | None:
        loop = self._loop(key)
        return None if loop is None else _entry(loop.row)

    def save(self, key: LoopKey, entry: LoopEntry) -> None:
        self._known(key).set(
            selection=json.dumps(asdict(entry.selection)),
            batch=entry.batch,
            mode=entry.mode.value,
            looked_at=entry.looked_at,
            looked_again=entry.looked_again,
            completed_at=entry.completed_at,
            seconds=entry.seconds,
            finished=entry.finished,
        )

    def find(self, loop_id: str) -> LoopKey | None:
        query = select(loops.c.name, loops.c.directory).where(loops.c.id == loop_id)
        row = self._database.execute(query).one_or_none()
        return None if row is None else LoopKey(row.name, row.directory)

    def loops(self) -> list[LoopKey]:
        query = select(loops.c.name, loops.c.directory)
        return [LoopKey(row.name, row.directory) for row in self._database.execute(query)]

    def _loop(self, key: LoopKey) -> _Loop | None:
        if key.id not in self._loops:
            row = self._database.execute(select(loops).where(loops.c.id == key.id)).one_or_none()
            if row is None:
                return None
            self._loops[key.id] = _Loop({column.name: row[at] for at, column in _LOOP_COLUMNS})
        loop = self._loops[key.id]
        return loop if loop.row["batch"] else None

    def _known(self, key: LoopKey) -> _Loop:
        """The row of a loop that has one, though its first batch may only just begin."""
        self._loop(key)
        return self._loops[key.id]

    def _write_loops(self) -> None:
        for loop_id, loop in self._loops.items():
            if changes := loop.changes:
                self._database.execute(update(loops).where(loops.c.id == loop_id).values(changes))

    # Listings.

    def begin(self, key: LoopKey, paths: Sequence[str]) -> None:
        self._forget_carried(key)
        for table in (items, outputs):
            self._database.execute(delete(table).where(table.c.loop == key.id))
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
            self._database.execute(insert(loops).values(row))
        self._insert(key, enumerate(paths))
        counts = {state.value: 0 for state in ItemState} | {"pending": len(paths)}
        self._known(key).set(**counts)

    def relist(self, key: LoopKey, paths: Sequence[str]) -> None:
        own = items.c.loop == key.id
        query = select(items.c.path, items.c.state).where(own)
        states = {row.path: row.state for row in self._database.execute(query)}
        self._database.execute(update(items).where(own).values(position=None))
        counts = Counter({state.value: 0 for state in ItemState})
        counts.update(states.get(path, "pending") for path in paths)
        listed = list(enumerate(paths))
        self._insert(key, ((at, path) for at, path in listed if path not in states))
        statement = (
            update(items)
            .where(own, items.c.path == bindparam("known"))
            .values(position=bindparam("at"))
        )
        moved = [{"known": path, "at": at} for at, path in listed if path in states]
        if moved:
            self._database.execute(statement, moved)
        self._known(key).set(**counts)

    def append(self, key: LoopKey, path: str) -> None:
        at = self.counts(key).total
        own = and_(items.c.loop == key.id, items.c.path == path)
        back = update(items).where(own).values(position=at).returning(items.c.state)
        state = self._database.execute(back).scalar_one_or_none()
        if state is None:
            state = "pending"
            self._insert(key, [(at, path)])
        self._known(key).add(**{state: 1})

    def _insert(self, key: LoopKey, listed: Iterable[tuple[int, str]]) -> None:
        rows = [
            {"loop": key.id, "path": path, "position": at, "state": "pending"}
            for at, path in listed
        ]
        if rows:
            self._database.execute(insert(items), rows)

    # Items.

    def claim(self, key: LoopKey, claim: Claim) -> Item | None:
        first = (
            select(items.c.path)
            .where(
                items.c.loop == key.id, items.c.state == "pending", items.c.position.is_not(None)
            )
            .order_by(items.c.position)
            .limit(1)
            # Where several servers share the table, each takes another item.
            .with_for_update(skip_locked=True)
            .scalar_subquery()
        )
        statement = (
            update(items)
            .where(items.c.loop == key.id, items.c.path == first, items.c.state == "pending")
            .values(state="running", **_claim_columns(claim))
            .returning(items)
        )
        row = self._database.execute(statement).one_or_none()
        if row is None:
            return None
        self._known(key).add(pending=-1, running=1)
        return _item(row)

    def move(self, key: LoopKey, item: Item, state: ItemState, **changes: Any) -> Item:
        check_transition(item.path, item.state, state)
        new = replace(item, state=state, **changes)
        values: dict[str, Any] = {"state": state.value}
        if "claim" in changes:
            values |= _claim_columns(new.claim)
        if "failure" in changes:
            values |= _failure_columns(new.failure)
        plain = ("attempts", "unended", "seconds")
        values |= {name: changes[name] for name in plain if name in changes}
        self._database.execute(
            update(items).where(items.c.loop == key.id, items.c.path == item.path).values(values)
        )
        if item.index != UNLISTED:
            self._known(key).add(**{item.state.value: -1, state.value: 1})
        return new

    def item(self, key: LoopKey, path: str) -> Item | None:
        query = select(items).where(items.c.loop == key.id, items.c.path == path)
        row = self._database.execute(query).one_or_none()
        return None if row is None else _item(row)

    def paths(self, key: LoopKey) -> set[str]:
        listed = and_(items.c.loop == key.id, items.c.position.is_not(None))
        query = select(items.c.path).where(listed)
        return set(self._database.execute(query).scalars())

    def open_items(self, key: LoopKey) -> list[Item]:
        query = select(items).where(items.c.loop == key.id, items.c.state.in_(_OPEN))
        return [_item(row) for row in self._database.execute(query)]

    def counts(self, key: LoopKey) -> Counts:
        row = self._known(key).row
        return Counts(**{state.value: row[state.value] for state in ItemState})

    def failures(self, key: LoopKey, most: int) -> tuple[Item, ...]:
        query = (
            select(items)
            .where(items.c.loop == key.id, items.c.state == "failed", items.c.position.is_not(None))
            .order_by(items.c.position)
            .limit(most)
        )
        return tuple(_item(row) for row in self._database.execute(query))

    def retry(self, key: LoopKey) -> int:
        failed = self.counts(key).failed
        values = {"state": "pending", "attempts": 0, **_failure_columns(None)}
        listed = and_(items.c.state == "failed", items.c.position.is_not(None))
        self._database.execute(update(items).where(items.c.loop == key.id, listed).values(values))
        self._known(key).add(failed=-failed, pending=failed)
        return failed

    def report(self, key: LoopKey) -> list[tuple[Item, tuple[str, ...]]]:
        written: defaultdict[str, list[str]] = defaultdict(list)
        query = select(outputs).where(outputs.c.loop == key.id)
        for row in self._database.execute(query):
            written[row.path].append(row.target)
        listed = (
            select(items)
            .where(items.c.loop == key.id, items.c.position.is_not(None))
            .order_by(items.c.position)
        )
        found = (_item(row) for row in self._database.execute(listed))
        return [(item, tuple(sorted(written[item.path]))) for item in found]

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
            kept = set(self._database.execute(select(loops.c.carried_file)).scalars())
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
        own = and_(outputs.c.loop == key.id, outputs.c.target == target)
        changed = self._database.execute(update(outputs).where(own).values(path=path))
        if changed.rowcount == 0:
            self._database.execute(insert(outputs).values(loop=key.id, target=target, path=path))

    def output_owner(self, key: LoopKey, target: str) -> str | None:
        query = select(outputs.c.path).where(outputs.c.loop == key.id, outputs.c.target == target)
        owner: str | None = self._database.execute(query).scalar_one_or_none()
        return owner

    def open_outputs(self) -> set[str]:
        same = and_(items.c.loop == outputs.c.loop, items.c.path == outputs.c.path)
        query = select(outputs.c.target).join(items, same).where(items.c.state.in_(_OPEN))
        return set(self._database.execute(query).scalars())


def _entry(row: Mapping[str, Any]) -> LoopEntry:
    selection = json.loads(row["selection"])
    selection["filter"] = Filter(selection["filter"])
    selection["sort_by"] = SortBy(selection["sort_by"])
    selection["finished"] = tuple(
        ResultName(name["folder"], tuple(name["parts"])) for name in selection["finished"]
    )
    return LoopEntry(
        selection=Selection(**selection),
        batch=row["batch"],
        mode=IterationMode(row["mode"]),
        looked_at=row["looked_at"],
        looked_again=row["looked_again"],
        completed_at=row["completed_at"],
        seconds=row["seconds"],
        finished=row["finished"],
    )


def _item(row: Row[Any]) -> Item:
    claim = None
    if row.claim_prompt is not None:
        claim = Claim(
            Prompt(row.claim_prompt, row.claim_submitted_at, row.claim_client),
            _policy(json.loads(row.claim_policy)),
            row.claim_since,
            row.claim_server,
        )
    failure = None
    if row.failure_reason is not None:
        failure = Failure(row.failure_reason, row.failure_node_id, row.failure_node_type)
    return Item(
        path=row.path,
        index=UNLISTED if row.position is None else row.position,
        state=ItemState(row.state),
        attempts=row.attempts,
        unended=row.unended,
        claim=claim,
        failure=failure,
        seconds=row.seconds,
    )


def _policy(values: Mapping[str, Any]) -> Policy:
    return Policy(
        error_handling=ErrorHandling(values["error_handling"]),
        max_attempts=values["max_attempts"],
        when_complete=WhenComplete(values["when_complete"]),
    )


def _claim_columns(claim: Claim | None) -> dict[str, Any]:
    return {
        "claim_prompt": None if claim is None else claim.prompt.id,
        "claim_submitted_at": None if claim is None else claim.prompt.submitted_at,
        "claim_client": None if claim is None else claim.prompt.client_id,
        "claim_server": None if claim is None else claim.server,
        "claim_since": None if claim is None else claim.since,
        "claim_policy": None if claim is None else json.dumps(asdict(claim.policy)),
    }


def _failure_columns(failure: Failure | None) -> dict[str, Any]:
    return {
        "failure_reason": None if failure is None else failure.reason,
        "failure_node_id": None if failure is None else failure.node_id,
        "failure_node_type": None if failure is None else failure.node_type,
    }
