"""The tables that loops are kept in, and their versions.

One design for SQLite and for PostgreSQL: an item is claimed by one statement, and a claim has an
owner and a time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    inspect,
    select,
)

VERSION = 1
"""Number of the present design; a database of a later one is not touched."""


class PathText(TypeDecorator[str]):
    """A path or name as bytes: a file's name may hold bytes that are no text in any encoding."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: object) -> bytes | None:  # noqa: ARG002, D102
        return None if value is None else value.encode("utf-8", "surrogatepass")

    def process_result_value(self, value: bytes | None, dialect: object) -> str | None:  # noqa: ARG002, D102
        return None if value is None else bytes(value).decode("utf-8", "surrogatepass")


metadata = MetaData()

versions = Table("batch_loop_version", metadata, Column("version", Integer, nullable=False))

loops = Table(
    "batch_loop_loops",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("name", PathText, nullable=False),
    Column("directory", PathText, nullable=False),
    Column("selection", Text, nullable=False),
    Column("batch", Integer, nullable=False),
    Column("mode", Text, nullable=False),
    Column("looked_at", Double, nullable=False),
    Column("looked_again", Boolean, nullable=False),
    Column("completed_at", Double),
    Column("seconds", Double, nullable=False),
    # How many items of the listing are in each state: counting them would take longer the more
    # there are.
    Column("pending", Integer, nullable=False, default=0),
    Column("running", Integer, nullable=False, default=0),
    Column("ended", Integer, nullable=False, default=0),
    Column("done", Integer, nullable=False, default=0),
    Column("failed", Integer, nullable=False, default=0),
    # Left out of the listing, as their results were there already.
    Column("finished", Integer, nullable=False, default=0),
    # The name of the carried value's file, and why there is no such file where there is none.
    Column("carried_file", Text),
    Column("carried_lost", Text),
)

items = Table(
    "batch_loop_items",
    metadata,
    Column("loop", String(16), primary_key=True),
    Column("path", PathText, primary_key=True),
    # NULL for an item that is known, but not in the present listing.
    Column("position", Integer),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("unended", Integer, nullable=False, default=0),
    Column("claim_prompt", Text),
    Column("claim_submitted_at", Double),
    Column("claim_client", Text),
    Column("claim_server", Text),
    Column("claim_since", Double),
    Column("claim_policy", Text),
    Column("failure_reason", Text),
    Column("failure_node_id", Text),
    Column("failure_node_type", Text),
    Column("seconds", Double, nullable=False, default=0.0),
)
Index("batch_loop_items_by_state", items.c.loop, items.c.state, items.c.position)

outputs = Table(
    "batch_loop_outputs",
    metadata,
    Column("loop", String(16), primary_key=True),
    Column("target", PathText, primary_key=True),
    Column("path", PathText, nullable=False),
)

MIGRATIONS: Mapping[int, Callable[[Connection], None]] = {}
"""How to get from each earlier version to the one that follows it."""


class NewerVersion(Exception):
    """Raised when a database was made by a later version of the pack."""


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
