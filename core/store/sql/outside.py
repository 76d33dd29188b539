"""Operations on a database outside of the registry's transactions, from any thread."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Executable, Row
from sqlalchemy.exc import DBAPIError

from ...common.pace import Pace
from ...model.items import Item, ItemState
from ...model.loop_key import LoopKey, entry_of
from ...model.records import KnownResult, ReportedItem
from ...model.shared_roots import Roots
from ..records import ListedLoop, NewListing, Standing, WantedListing, Writer
from ..schema import output_statements, statements
from ..schema.column_types import path_text
from ..schema.rows import item_of, listed_counts, reported, wanted_text
from . import listing_rows
from .backend import AT_ONCE
from .connections import Connections
from .leases import renew
from .loops import key_of

_READ_AT_ONCE = 500
"""Rows that are fetched in one call."""


class SqlOutside:
    """See `core.store.outside.Outside`."""

    def __init__(self, connections: Connections, roots: Roots) -> None:
        self._connections = connections
        self._backend = connections.backend
        self._roots = roots

    def renew(self, server: str, seconds: float) -> None:
        with self._connections.renewing() as connection:
            renew(connection, self._backend, server, seconds)

    def listed_loops(self) -> list[ListedLoop]:
        with self._connections.reading() as connection:
            rows = connection.execute(statements.loop_rows).all()
            opened = connection.execute(statements.all_open_rows).all()
            ahead = self._connections.ahead
        open_items: defaultdict[str, list[Item]] = defaultdict(list)
        for row in opened:
            open_items[row.loop].append(item_of(row, ahead))
        return [
            ListedLoop(
                key_of(row, self._roots),
                row.batch,
                row.finished,
                None if row.ran_at is None else row.ran_at - ahead,
                listed_counts(row),
                tuple(open_items[row.id]),
                stopped=bool(row.stopped),
                title=row.title,
                kept_at=None if row.kept_at is None else row.kept_at - ahead,
            )
            for row in rows
            if row.batch
        ]

    def paths(self, key: LoopKey) -> Collection[str]:
        return self._paths(statements.listed_paths, key)

    def pending(self, key: LoopKey) -> Collection[str]:
        return self._paths(statements.pending_paths, key)

    def standing(self, key: LoopKey) -> Standing:
        listing = ""
        states: dict[str, ItemState] = {}
        lost: set[str] = set()
        for part in self._read(statements.listed_states, {"of_loop": key.id}):
            listing = part[0][0]
            states.update((path_text(path), ItemState(state)) for _, path, state, _ in part)
            lost.update(path_text(path) for _, path, _, lost_turn in part if lost_turn)
        return Standing(listing, states, lost)

    def undone(self, key: LoopKey) -> Collection[str]:
        return self._paths(statements.undone_paths, key)

    def _paths(self, statement: Executable, key: LoopKey) -> set[str]:
        found: set[str] = set()
        for part in self._read(statement, {"of_loop": key.id}):
            found.update(path_text(path) for (path,) in part)
        return found

    def results_below(self, key: LoopKey, folder: str) -> Mapping[str, str]:
        given = output_statements.results_of(key, self._roots.shared(folder))
        local = self._roots.local
        return {
            local(path_text(target)): entry_of(path_text(path), source)
            for rows in self._read(output_statements.results_below, given)
            for target, path, source in rows
        }

    def report(self, key: LoopKey) -> list[ReportedItem]:
        with self._connections.reading() as connection:
            loop = connection.execute(statements.loop_row, {"of_loop": key.id}).one_or_none()
            if loop is None:
                return []
            of_batch = {"of_loop": key.id, "of_batch": loop.batch}
            return reported(
                _rows(connection, statements.listed_rows, {"of_listing": loop.listing}),
                _rows(connection, output_statements.output_rows, of_batch),
                self._connections.ahead,
                self._roots,
            )

    def written_below(self, folder: str, after: str = "") -> Iterator[KnownResult]:
        given: dict[str, Any] = output_statements.range_below(self._roots.shared(folder))
        if after:
            given["of_first"] = self._roots.shared(after)
        read = list(self._read(output_statements.written_below, {**given, "of_most": AT_ONCE}))
        make, local = KnownResult._make, self._roots.local
        here = functools.cache(lambda directory: local(path_text(directory)))
        return (
            make(
                (local(path_text(target)), loop, here(shared), path_text(path), batch, bool(whole))
            )
            for rows in read
            for target, loop, shared, path, batch, whole in rows
        )

    def _read(
        self, statement: Executable, given: Mapping[str, Any]
    ) -> Iterator[Sequence[tuple[Any, ...]]]:
        """The rows that a statement finds, some at a time, as the driver returns them.

        A SQLAlchemy object for each row would trigger Python's garbage collector again and again.
        """
        pace = Pace()
        with self._connections.reading() as connection:
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

    # Listings that are written before a loop takes them.

    def is_large(self, wanted: WantedListing, number: int) -> bool:
        if listing_rows.are_many(number) or not wanted.keeps:
            return listing_rows.are_many(number)
        with self._connections.reading() as connection:
            present = listing_rows.present(connection, wanted.key.id)
            return present is not None and listing_rows.has_many(connection, present)

    def new_listing(
        self, wanted: WantedListing, listing: str, server: str, *, but: Collection[str] = ()
    ) -> NewListing | None:
        key, text = wanted.key, wanted_text(wanted, self._roots)
        with self._connections.writing() as connection:
            self._backend.take_turn(connection, key.id)
            writers = listing_rows.being_written(connection, text)
            if any(each.server != server and name not in but for name, each in writers.items()):
                return None
            before = listing_rows.present(connection, key.id) if wanted.keeps else None
            listing_rows.announce(connection, listing, server, text)
            if wanted.keeps:
                listing_rows.set_next(connection, key.id, listing)
        return NewListing(key, listing, before)

    def being_written(self, wanted: WantedListing) -> Mapping[str, Writer]:
        with self._connections.reading() as connection:
            return listing_rows.being_written(connection, wanted_text(wanted, self._roots))

    def give_up(self, listing: str) -> None:
        with self._connections.writing() as connection:
            listing_rows.give_up(connection, listing)

    def write_listing(self, new: NewListing, first: int, paths: Sequence[str]) -> None:
        with self._connections.writing() as connection:
            if listing_rows.begin_part(connection, self._backend, new):
                self._backend.insert(connection, new.id, paths, first, new.before or "")

    def write_unlisted(self, new: NewListing, after: str) -> str | None:
        if new.before is None:
            return None
        with self._connections.writing() as connection:
            if not listing_rows.begin_part(connection, self._backend, new):
                return None
            return listing_rows.add_unlisted(connection, new.id, new.before, after)

    def finish_listing(self, new: NewListing) -> None:  # noqa: ARG002
        with self._connections.writing() as connection:
            self._backend.has_many(connection)

    def spare_listings(self) -> Mapping[str, str]:
        with self._connections.reading() as connection:
            return listing_rows.spares(connection)

    def delete_some(self, listing: str) -> bool:
        with self._connections.writing() as connection:
            return listing_rows.delete_some(connection, listing)


def _rows(
    connection: Connection, statement: Executable, given: Mapping[str, Any]
) -> Iterator[Row[Any]]:
    """The rows that a statement finds, read some at a time, with rests for other threads."""
    pace = Pace()
    found = connection.execute(statement, given, execution_options={"yield_per": _READ_AT_ONCE})
    for some in found.partitions():
        yield from some
        pace.rest()
