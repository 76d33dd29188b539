"""The version of the tables: making them, and telling whether those that are there will do."""

from __future__ import annotations

import secrets

from sqlalchemy import Connection, inspect, select

from .tables import metadata, stores, versions

VERSION = 1
"""Number of the present design; a database of any other is not touched."""


class OtherVersion(Exception):
    """Raised when a database was made by another version of the pack; the message is its number."""


def prepare(connection: Connection) -> None:
    """Make the tables if there are none; OtherVersion."""
    if not inspect(connection).has_table(versions.name):
        metadata.create_all(connection)
        # The name that tells the store from any other.
        connection.execute(stores.insert().values(id=secrets.token_hex(16)))
        connection.execute(versions.insert().values(version=VERSION))
        return
    found = connection.execute(select(versions.c.version)).scalar_one()
    if found != VERSION:
        raise OtherVersion(str(found))
