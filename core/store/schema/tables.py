"""The tables that loops are kept in.

One design for SQLite and for PostgreSQL: an item is claimed by one statement, and a claim has an
owner and a time.
"""

from __future__ import annotations

import json
import secrets

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
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
    false,
    inspect,
    literal_column,
    or_,
    select,
)

from ...model.items import ItemState


class PathText(TypeDecorator[str]):
    """A path or name as bytes: a file's name may hold bytes that are no text in any encoding."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: object) -> bytes | None:  # noqa: ARG002, D102
        return None if value is None else path_bytes(value)

    def process_result_value(self, value: bytes | None, dialect: object) -> str | None:  # noqa: ARG002, D102
        return None if value is None else path_text(value)


def path_bytes(path: str) -> bytes:
    """A path as the tables have it."""
    return path.encode("utf-8", "surrogatepass")


def path_text(value: bytes) -> str:
    """A path that the tables have."""
    return str(value, "utf-8", "surrogatepass")


_ENCODED = "\x01"
"""What begins so is JSON: what a database cannot hold, and what begins so by itself."""


class AnyText(TypeDecorator[str]):
    """Any text that Python can hold, as it is.

    PostgreSQL takes no NUL, and only what its encoding has; and no database takes what is no text
    in any encoding (lone surrogates). A node's error may hold any of it. What is ASCII is in the
    table as it is, and all else in JSON.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: object) -> str | None:  # noqa: ARG002, D102
        return value if value is None or _is_plain(value) else _ENCODED + json.dumps(value)

    def process_result_value(self, value: str | None, dialect: object) -> str | None:  # noqa: ARG002, D102
        if value is None or not value.startswith(_ENCODED):
            return value
        found: str = json.loads(value.removeprefix(_ENCODED))
        return found


def _is_plain(text: str) -> bool:
    return text.isascii() and "\0" not in text and not text.startswith(_ENCODED)


metadata = MetaData()

versions = Table("batch_loop_version", metadata, Column("version", Integer, nullable=False))

# One row, made with the tables: two servers share their loops if they find the same here.
stores = Table("batch_loop_store", metadata, Column("id", String(32), nullable=False))

# How long each server process is sure to be at work, in seconds since the epoch by the clock of
# the database.
leases = Table(
    "batch_loop_leases",
    metadata,
    Column("server", AnyText, primary_key=True),
    Column("until", Double, nullable=False),
)

# Carried values, where servers on several machines are to have them: on PostgreSQL.
carried = Table(
    "batch_loop_carried",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("data", LargeBinary, nullable=False),
)

loops = Table(
    "batch_loop_loops",
    metadata,
    Column("id", String(16), primary_key=True),
    # Its items are those of one listing. A new listing is written beside that one, some rows at a
    # time, and then takes its place in one step. NULL only until the first one is written.
    Column("listing", String(16), index=True),
    # One that is being written with the states of the present one: what changes meanwhile, changes
    # in both.
    Column("next_listing", String(16)),
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
    Column("finishing", Integer, nullable=False, default=0),
    Column("done", Integer, nullable=False, default=0),
    Column("failed", Integer, nullable=False, default=0),
    # Left out of the listing, as their results were there already.
    Column("finished", Integer, nullable=False, default=0),
    # When an item was last handed out, or its outcome known.
    Column("ran_at", Double),
    # How many pending items stay so, and the loops whose items go together with this one's, as a
    # JSON list of ids.
    Column("unpaired", Integer, nullable=False, default=0),
    Column("partners", Text, nullable=False, default="[]"),
    # The name of the carried value's file, and why there is no such file where there is none.
    Column("carried_file", Text),
    Column("carried_lost", AnyText),
)

items = Table(
    "batch_loop_items",
    metadata,
    Column("listing", String(16), primary_key=True),
    Column("path", PathText, primary_key=True),
    # NULL for an item that is known, but not in the present listing.
    Column("position", Integer),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("missed_loop_ends", Integer, nullable=False, default=0),
    Column("claim_prompt", AnyText),
    Column("claim_submitted_at", Double),
    Column("claim_client", AnyText),
    Column("claim_server", AnyText),
    Column("claim_since", Double),
    Column("claim_policy", Text),
    Column("failure_reason", AnyText),
    Column("failure_node_id", AnyText),
    Column("failure_node_type", AnyText),
    Column("seconds", Double, nullable=False, default=0.0),
    Column("stopped", Boolean, nullable=False, default=False),
    # The rows lie in their primary key: one tree to write where there would be two.
    sqlite_with_rowid=False,
)

# Listings that no loop has: yet, with the server that writes it, or any more, with none. Their
# items are deleted, some at a time.
spare_listings = Table(
    "batch_loop_spare_listings",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("server", AnyText, nullable=False),
)


def in_state(*states: ItemState) -> ColumnElement[bool]:
    """Whether an item is in one of `states`, written out: so a database sees which index fits."""
    return or_(*(items.c.state == literal_column(f"'{state.value}'") for state in states))


is_pending = in_state(ItemState.PENDING)
is_open = in_state(ItemState.RUNNING, ItemState.FINISHING)
is_failed = in_state(ItemState.FAILED)


def _index_of(name: str, which: ColumnElement[bool]) -> None:
    columns = items.c.listing, items.c.position
    Index(f"batch_loop_items_{name}", *columns, sqlite_where=which, postgresql_where=which)


# Each holds no more than is looked for: most items of a batch are in none but the first, and then
# in none at all.
_index_of("pending", is_pending)
_index_of("open", is_open)
_index_of("failed", is_failed)
# A page of the listing, wherever it begins: no prompt writes this one.
_index_of("listed", items.c.position.is_not(None))

outputs = Table(
    "batch_loop_outputs",
    metadata,
    Column("loop", String(16), primary_key=True),
    # What tells the file from others; and how it is written, where that is not the same.
    Column("target", PathText, primary_key=True),
    Column("file", PathText),
    Column("path", PathText, nullable=False),
    # The batch that wrote it. What earlier ones wrote stays known, as it may be replaced or not.
    Column("batch", Integer, nullable=False),
    # Whether its image was done in that batch, if a prompt no longer works on it.
    Column("whole", Boolean, nullable=False),
    # Whether it was there before, and was left as it was: shown as a result, but not the image's.
    Column("kept", Boolean, nullable=False),
    sqlite_with_rowid=False,
)

is_written = outputs.c.kept == false()

# The files that one item wrote. By the path first, see `statements`.
Index("batch_loop_outputs_of_item", outputs.c.path, outputs.c.loop)
# Whose a file is, among all loops: who wrote it last.
Index(
    "batch_loop_outputs_written",
    outputs.c.target,
    unique=True,
    sqlite_where=is_written,
    postgresql_where=is_written,
)


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
