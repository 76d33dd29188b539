"""The versions of the tables: making them, and bringing older ones up to date."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    MetaData,
    Table,
    delete,
    func,
    insert,
    inspect,
    literal,
    or_,
    select,
    text,
    true,
    update,
)

from ...model.state import ItemState
from .tables import (
    carried,
    in_state,
    is_open,
    items,
    leases,
    loops,
    metadata,
    open_items,
    outputs,
    outputs_of_items,
    spare_listings,
    stores,
    versions,
)

VERSION = 7
"""Number of the present design; a database of a later one is not touched."""


class NewerVersion(Exception):
    """Raised when a database was made by a later version of the pack."""


def _with_fewer_trees(connection: Connection) -> None:
    """From 1 to 2: the same columns, in rows and indexes that are quicker to write."""
    _make_anew(connection, items)
    _make_outputs_anew(connection)


def _with_the_time_of_the_last_run(connection: Connection) -> None:
    """From 2 to 3: when a loop last ran, as near as is known; and indexes to show a page by."""
    for table in (items, loops):
        _make_anew(connection, table)
    _make_outputs_anew(connection)
    known = func.coalesce(loops.c.completed_at, loops.c.looked_at)
    connection.execute(update(loops).values(ran_at=known))


def _with_several_machines(connection: Connection) -> None:
    """From 3 to 4: who is at work, and which store this is."""
    for table in (leases, carried, stores):
        table.create(connection)
    _name(connection)


def _with_one_writer_of_a_file(connection: Connection) -> None:
    """From 4 to 5: which loop wrote a file last, and in which batch."""
    _make_outputs_anew(connection)
    batch = select(loops.c.batch).where(loops.c.id == outputs.c.loop).scalar_subquery()
    connection.execute(update(outputs).values(batch=func.coalesce(batch, 0)))


def _make_outputs_anew(connection: Connection) -> None:
    """Make the table of outputs as it is now, in which one loop at the most has written a file.

    Which of several loops was the last was not written down.
    """
    other = outputs.alias()
    repeated = select(literal(1)).where(
        other.c.target == outputs.c.target, other.c.loop > outputs.c.loop
    )
    connection.execute(delete(outputs).where(repeated.exists()))
    _make_anew(connection, outputs)


def _with_partners(connection: Connection) -> None:
    """From 5 to 6: which loops go together."""
    _make_anew(connection, loops)


def _with_listings(connection: Connection) -> None:
    """From 6 to 7: items belong to a listing, which a loop has; as yet, of its own name."""
    if "loop" in {column["name"] for column in inspect(connection).get_columns(items.name)}:
        connection.execute(text(f"ALTER TABLE {items.name} RENAME COLUMN loop TO listing"))
    _make_anew(connection, loops)
    for index in (open_items, outputs_of_items):
        connection.execute(text(f"DROP INDEX {index.name}"))
        index.create(connection)
    connection.execute(update(loops).values(listing=loops.c.id))
    spare_listings.create(connection)
    # In the present batch only the item's state told whether it was done.
    is_whole = select(literal(1)).where(
        loops.c.id == outputs.c.loop,
        loops.c.batch == outputs.c.batch,
        items.c.listing == loops.c.listing,
        items.c.path == outputs.c.path,
        or_(is_open, in_state(ItemState.DONE)),
    )
    connection.execute(update(outputs).where(is_whole.exists()).values(whole=true()))


def _name(connection: Connection) -> None:
    """Give the store the name that tells it from any other."""
    connection.execute(stores.insert().values(id=secrets.token_hex(16)))


def _make_anew(connection: Connection, table: Table) -> None:
    """Make a table as it is now, with what the old one holds."""
    aside = f"{table.name}_before"
    connection.execute(text(f"ALTER TABLE {table.name} RENAME TO {aside}"))
    old = Table(aside, MetaData(), autoload_with=connection)
    # Their names are wanted again.
    for index in old.indexes:
        index.drop(connection)
    table.create(connection)
    sources = {name: _source(name, old) for name in table.columns.keys()}  # noqa: SIM118 - no dict
    known = {name: source for name, source in sources.items() if source is not None}
    names, copied = list(known), select(*known.values())
    connection.execute(insert(table).from_select(names, copied))
    old.drop(connection)


def _source(name: str, old: Table) -> Column[Any] | None:
    """The column of an older table that holds what is now in the one of this name."""
    before = _RENAMED.get(name, name)
    return old.columns.get(name, old.columns.get(before))


_RENAMED = {"listing": "loop"}
"""Of columns of items the names that they had before."""

MIGRATIONS: Mapping[int, Callable[[Connection], None]] = {
    1: _with_fewer_trees,
    2: _with_the_time_of_the_last_run,
    3: _with_several_machines,
    4: _with_one_writer_of_a_file,
    5: _with_partners,
    6: _with_listings,
}
"""How to get from each earlier version to the one that follows it."""


def prepare(
    connection: Connection,
    version: int = VERSION,
    migrations: Mapping[int, Callable[[Connection], None]] = MIGRATIONS,
) -> None:
    """Make the tables, or bring those that are there to `version`; NewerVersion."""
    if not inspect(connection).has_table(versions.name):
        metadata.create_all(connection)
        _name(connection)
        connection.execute(versions.insert().values(version=version))
        return
    found = connection.execute(select(versions.c.version)).scalar_one()
    if found > version:
        raise NewerVersion(str(found))
    for step in range(found, version):
        migrations[step](connection)
    if found < version:
        connection.execute(versions.update().values(version=version))
