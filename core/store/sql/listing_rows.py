"""The rows of listings in a database: which listing a loop has, and how a large one is written.

All items of a listing have its id. A large listing is written under a new id, in transactions of
some thousand rows, and then that id is put into the loop's row. So nobody has to wait for the
database while a million rows are written. The previous listing is deleted in the same manner. A
crash leaves rows under an id that no loop has; `spare_listings` says which server wrote them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from ...model.item_life import OPEN
from ...model.items import ItemState
from ..records import NewListing, Writer
from ..schema import listing_statements as statements
from ..schema import statements as of_items
from ..schema.column_types import path_bytes
from .backend import AT_ONCE, Backend

_MANY = 1_000
"""With more new rows than this, the database's statistics on its table are outdated."""
_NOBODY = ""
"""Stands for the server that writes a listing, where none does."""


def present(connection: Connection, loop_id: str) -> str | None:
    """The id of a loop's listing."""
    found = connection.execute(statements.present, {"of_loop": loop_id})
    listing: str | None = found.scalar_one_or_none()
    return listing


def are_many(number: int) -> bool:
    """Whether this many rows are more than are written at once."""
    return number > AT_ONCE


def has_many(connection: Connection, listing: str) -> bool:
    """Whether a listing has more rows than are written at once."""
    given = {"of_listing": listing, "of_most": AT_ONCE}
    found = connection.execute(statements.one_behind, given)
    return found.scalar_one_or_none() is not None


# Listings that belong to no loop.


def being_written(connection: Connection, wanted: str) -> Mapping[str, Writer]:
    """See `Outside.being_written`; `wanted` is the text for it."""
    found = connection.execute(statements.being_written, {"of_wanted": wanted})
    return {row.id: Writer(row.server, row.parts) for row in found}


def announce(connection: Connection, listing: str, server: str, wanted: str) -> None:
    """Note that a server is about to write a listing."""
    # It is there already if a first attempt was committed without a confirmation.
    if not is_spare(connection, listing):
        row = {"id": listing, "server": server, "wanted": wanted}
        connection.execute(statements.add_spare, row)


def set_next(connection: Connection, loop_id: str, listing: str) -> None:
    """Make a listing a loop's next one, to which changes of its items are written, too."""
    connection.execute(statements.set_next, {"of_loop": loop_id, "of_listing": listing})


def begin_part(connection: Connection, backend: Backend, new: NewListing) -> bool:
    """Note that a part of a listing is written, in the same transaction; False if none is to be.

    Another server may have taken this one for dead, and be about to delete the listing.
    """
    if new.before is not None:
        # A change of an item is either there to be read, or will be written to both listings.
        backend.take_turn(connection, new.key.id)
    return connection.execute(statements.note_part, {"of_listing": new.id}).rowcount == 1


def give_up(connection: Connection, listing: str) -> None:
    """See `Outside.give_up`."""
    connection.execute(statements.give_up, {"of_listing": listing})


def is_spare(connection: Connection, listing: str) -> bool:
    """Whether a listing belongs to no loop; this stays so until the transaction ends."""
    found = connection.execute(statements.is_spare, {"of_listing": listing})
    return found.scalar_one_or_none() is not None


def spares(connection: Connection) -> Mapping[str, str]:
    """See `Outside.spare_listings`."""
    return {row.id: row.server for row in connection.execute(statements.spares)}


def delete_some(connection: Connection, listing: str) -> bool:
    """See `Outside.delete_some`."""
    own = {"of_listing": listing}
    # Checked first, as a loop may have taken the listing.
    if not is_spare(connection, listing):
        return False
    deleted = connection.execute(statements.delete_some, {**own, "of_most": AT_ONCE})
    is_left = deleted.rowcount >= AT_ONCE
    if not is_left:
        connection.execute(statements.delete_spare, own)
        connection.execute(statements.forget_next, own)
    return is_left


# In the transaction that changes the loop.


def take(connection: Connection, new: NewListing) -> None:
    """Note that a listing that was written is no longer spare."""
    connection.execute(statements.delete_spare, {"of_listing": new.id})


def discard(connection: Connection, listing: str) -> bool:
    """Delete the rows of a listing that its loop no longer has: now, or later if they are many.

    Returns whether they are yet to be deleted.
    """
    is_large = has_many(connection, listing)
    if is_large:
        connection.execute(statements.add_spare, {"id": listing, "server": _NOBODY})
    else:
        connection.execute(statements.delete_all, {"of_listing": listing})
    return is_large


def add(
    connection: Connection, backend: Backend, listing: str, paths: Sequence[str], before: str = ""
) -> None:
    """Write a whole listing, with what is known of its items in the listing `before`."""
    backend.insert(connection, listing, paths, 0, before)
    after: str | None = "" if before else None
    while after is not None:
        after = add_unlisted(connection, listing, before, after)
    if len(paths) > _MANY:
        backend.has_many(connection)


def keep_undone(connection: Connection, listing: str, before: str) -> None:
    """Take over the turns of the items that are undone in the listing of the batch before."""
    given = {"of_listing": listing, "of_before": before}
    for statement in (statements.keep_undone, statements.add_undone):
        connection.execute(statement, given)


def add_unlisted(connection: Connection, listing: str, before: str, after: str) -> str | None:
    """See `Outside.write_unlisted`."""
    given = {"of_listing": listing, "of_before": before, "of_after": after}
    at = {**given, "of_most": AT_ONCE - 1}
    last: str | None = connection.execute(statements.last_of_range, at).scalar_one_or_none()
    until = statements.BEHIND_ALL if last is None else path_bytes(last)
    connection.execute(statements.add_unlisted, {**given, "of_last": until})
    return last


def append(
    connection: Connection, backend: Backend, listing: str, paths: Sequence[str], place: int
) -> list[str]:
    """Append paths that a listing lacks; returns the states of these items."""
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
