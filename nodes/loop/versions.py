"""The versions of the tables: making them, and bringing older ones up to date."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import Connection, MetaData, Table, insert, inspect, select, text

from .tables import items, metadata, outputs, versions

VERSION = 2
"""Number of the present design; a database of a later one is not touched."""


class NewerVersion(Exception):
    """Raised when a database was made by a later version of the pack."""


def _with_fewer_trees(connection: Connection) -> None:
    """From 1 to 2: the same columns, in rows and indexes that are quicker to write."""
    for table in (items, outputs):
        aside = f"{table.name}_1"
        connection.execute(text(f"ALTER TABLE {table.name} RENAME TO {aside}"))
        table.create(connection)
        old = Table(aside, MetaData(), autoload_with=connection)
        names = table.columns.keys()
        copied = select(*(old.c[name] for name in names))
        connection.execute(insert(table).from_select(names, copied))
        old.drop(connection)


MIGRATIONS: Mapping[int, Callable[[Connection], None]] = {1: _with_fewer_trees}
"""How to get from each earlier version to the one that follows it."""


def prepare(
    connection: Connection,
    version: int = VERSION,
    migrations: Mapping[int, Callable[[Connection], None]] = MIGRATIONS,
) -> None:
    """Make the tables, or bring those that are there to `version`; NewerVersion."""
    if not inspect(connection).has_table(versions.name):
        metadata.create_all(connection)
        connection.execute(versions.insert().values(version=version))
        return
    found = connection.execute(select(versions.c.version)).scalar_one()
    if found > version:
        raise NewerVersion(str(found))
    for step in range(found, version):
        migrations[step](connection)
    connection.execute(versions.update().values(version=version))
