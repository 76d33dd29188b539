"""Listings in a database: which one a loop has, and how a large one gets there.

All items of a listing have its name. A large one is written under a new name, in transactions of
some thousand rows, and then the loop's row is given that name: so nobody who wants the database is
held up for as long as a million rows take. What was there before is deleted in the same manner. A
crash leaves rows of a name that no loop has, and whose it is stands in `spare_listings`.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy import Connection

from ...model.state import ItemState, LoopKey
from ..store import OPEN, NewListing
from . import listing_statements as statements
from . import statements as of_items
from .backend import AT_ONCE, Backend
from .tables import path_bytes

_MANY = 1_000
"""Rows that change what a database should know of its table."""
_NOBODY = ""
"""In the place of the server that writes a listing."""


def new_name() -> str:
    """A name for a listing, which no other has."""
    return secrets.token_hex(8)


class SqlListings:
    """Writes listings beside those that loops have: in transactions of their own."""

    def __init__(
        self,
        writing: Callable[[], AbstractContextManager[Connection]],
        reading: Callable[[], AbstractContextManager[Connection]],
        backend: Backend,
    ) -> None:
        """`writing` and `reading` are transactions, from any thread."""
        self._writing = writing
        self._reading = reading
        self._backend = backend

    def is_large(self, key: LoopKey, number: int, *, keeps: bool) -> bool:
        """See `Store.is_large`."""
        if number > AT_ONCE or not keeps:
            return number > AT_ONCE
        with self._reading() as connection:
            present = _present(connection, key)
            return present is not None and has_many(connection, present)

    def new(self, key: LoopKey, name: str, server: str, *, keeps: bool) -> NewListing:
        """See `Store.new_listing`."""
        with self._writing() as connection:
            self._backend.take_turn(connection, key.id)
            new = NewListing(key, name, _present(connection, key) if keeps else None)
            # A second try, where the first was kept without a word.
            if not is_spare(connection, name):
                connection.execute(statements.add_spare, {"id": name, "server": server})
            if keeps:
                given = {"of_loop": key.id, "of_listing": name}
                connection.execute(statements.set_next, given)
        return new

    def write(self, new: NewListing, first: int, paths: Sequence[str]) -> None:
        """See `Store.write_listing`."""
        with self._writing() as connection:
            if self._goes_on(connection, new):
                self._backend.insert(connection, new.id, paths, first, new.before or "")

    def write_unlisted(self, new: NewListing, after: str) -> str | None:
        """See `Store.write_unlisted`."""
        if new.before is None:
            return None
        with self._writing() as connection:
            if not self._goes_on(connection, new):
                return None
            return add_unlisted(connection, new.id, new.before, after)

    def finish(self) -> None:
        """See `Store.finish_listing`."""
        with self._writing() as connection:
            self._backend.has_many(connection)

    def _goes_on(self, connection: Connection, new: NewListing) -> bool:
        """Whether the listing is still wanted, as far as that can be seen; then it stays so.

        Another server may have taken this one for gone, and be about to delete it.
        """
        if new.before is not None:
            # What becomes of an item meanwhile is written to both, or is there to be read.
            self._backend.take_turn(connection, new.key.id)
        return is_spare(connection, new.id)

    def spares(self) -> Mapping[str, str]:
        """See `Store.spare_listings`."""
        with self._reading() as connection:
            return {row.id: row.server for row in connection.execute(statements.spares)}

    def delete_some(self, listing: str) -> bool:
        """See `Store.delete_some`."""
        own = {"of_listing": listing}
        with self._writing() as connection:
            # First of all: it may have been taken.
            if not is_spare(connection, listing):
                return False
            deleted = connection.execute(statements.delete_some, {**own, "of_most": AT_ONCE})
            is_left = deleted.rowcount >= AT_ONCE
            if not is_left:
                connection.execute(statements.delete_spare, own)
                connection.execute(statements.forget_next, own)
            return is_left


def _present(connection: Connection, key: LoopKey) -> str | None:
    """The listing that a loop has."""
    found = connection.execute(statements.present, {"of_loop": key.id})
    present: str | None = found.scalar_one_or_none()
    return present


def is_spare(connection: Connection, listing: str) -> bool:
    """Whether no loop has a listing; it stays so up to the end of the transaction."""
    found = connection.execute(statements.is_spare, {"of_listing": listing})
    return found.scalar_one_or_none() is not None


# In the transaction that changes the loop.


def take(connection: Connection, new: NewListing) -> None:
    """Have a listing that was written be a spare one no more."""
    connection.execute(statements.delete_spare, {"of_listing": new.id})


def add(
    connection: Connection, backend: Backend, listing: str, paths: Sequence[str], before: str = ""
) -> None:
    """Write all of a listing at once, with what is known of items in the one `before`."""
    backend.insert(connection, listing, paths, 0, before)
    after: str | None = "" if before else None
    while after is not None:
        after = add_unlisted(connection, listing, before, after)
    if len(paths) > _MANY:
        backend.has_many(connection)


def add_unlisted(connection: Connection, listing: str, before: str, after: str) -> str | None:
    """See `Store.write_unlisted`."""
    given = {"of_listing": listing, "of_before": before, "of_after": after}
    at = {**given, "of_most": AT_ONCE - 1}
    last: str | None = connection.execute(statements.last_of_range, at).scalar_one_or_none()
    until = statements.BEHIND_ALL if last is None else path_bytes(last)
    connection.execute(statements.add_unlisted, {**given, "of_last": until})
    return last


def append(
    connection: Connection, backend: Backend, listing: str, paths: Sequence[str], place: int
) -> list[str]:
    """Put paths that a listing does not have at its end; the states that these items have."""
    given = {"of_listing": listing, "of_paths": paths}
    known = {row.path: row for row in connection.execute(of_items.states_of, given)}
    run: list[str] = []
    states: list[str] = []
    for path in dict.fromkeys(paths):
        row = known.get(path)
        if row is None:
            run.append(path)
            states.append(ItemState.PENDING.value)
        elif row.position is None:
            at = place + len(states)
            if run:
                backend.insert(connection, listing, run, at - len(run))
                run = []
            back = {"of_listing": listing, "of_path": path, "of_place": at}
            connection.execute(of_items.back_in_listing, back)
            states.append(row.state)
    if run:
        backend.insert(connection, listing, run, place + len(states) - len(run))
    return states


def give_up(connection: Connection, listing: str) -> None:
    """Have the rows of a listing deleted that its loop has no more: now, or if many, later."""
    if has_many(connection, listing):
        connection.execute(statements.add_spare, {"id": listing, "server": _NOBODY})
    else:
        connection.execute(statements.delete_all, {"of_listing": listing})


def has_many(connection: Connection, listing: str) -> bool:
    """Whether a listing has more rows than are written at once."""
    given = {"of_listing": listing, "of_most": AT_ONCE}
    found = connection.execute(statements.one_behind, given)
    return found.scalar_one_or_none() is not None


def counts(connection: Connection, listing: str, total: int) -> Mapping[str, Any]:
    """How many of the `total` items of a listing are in each state."""
    own = {"of_listing": listing}
    row = connection.execute(statements.numbers, own).one()
    states = Counter(connection.execute(statements.open_states, own).scalars())
    found = {
        "pending": row.pending,
        "failed": row.failed,
        **{state.value: states[state.value] for state in OPEN},
    }
    return {**found, "done": total - sum(found.values())}
