"""The versions of the tables: making them, and bringing older ones up to date."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping

from sqlalchemy import Connection, MetaData, Table, func, insert, inspect, select, text, update

from .tables import carried, items, leases, loops, metadata, outputs, stores, versions

VERSION = 4
"""Number of the present design; a database of a later one is not touched."""


class NewerVersion(Exception):
    """Raised when a database was made by a later version of the pack."""


def _with_fewer_trees(connection: Connection) -> None:
    """From 1 to 2: the same columns, in rows and indexes that are quicker to write."""
    for table in (items, outputs):
        _make_anew(connection, table)


def _with_the_time_of_the_last_run(connection: Connection) -> None:
    """From 2 to 3: when a loop last ran, as near as is known; and indexes to show a page by."""
    for table in (items, loops, outputs):
        _make_anew(connection, table)
    known = func.coalesce(loops.c.completed_at, loops.c.looked_at)
    connection.execute(update(loops).values(ran_at=known))


def _with_several_machines(connection: Connection) -> None:
    """From 3 to 4: who is at work, and which store this is."""
    for table in (leases, carried, stores):
        table.create(connection)
    _name(connection)


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
    names = [column.name for column in table.columns if column.name in old.columns]
    copied = select(*(old.c[name] for name in names))
    connection.execute(insert(table).from_select(names, copied))
    old.drop(connection)


MIGRATIONS: Mapping[int, Callable[[Connection], None]] = {
    1: _with_fewer_trees,
    2: _with_the_time_of_the_last_run,
    3: _with_several_machines,
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
