"""The tables of the database.

SQLite and PostgreSQL share one schema: an item is claimed by a single statement, and a claim has an
owner and a time.
"""

from __future__ import annotations

import secrets
from typing import Any

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
    and_,
    false,
    inspect,
    literal_column,
    or_,
    select,
    text,
)
from sqlalchemy.schema import CreateColumn

from ...model.items import ItemState
from .column_types import AnyText, PathText, SightsText

metadata = MetaData()

_ZERO, _EMPTY, _NO_LIST = text("0"), text("''"), text("'[]'")
"""What rows get that are there before a column is."""

versions = Table("batch_loop_version", metadata, Column("version", Integer, nullable=False))

# One row, created with the tables: servers that read the same id share their loops.
stores = Table("batch_loop_store", metadata, Column("id", String(32), nullable=False))

# Until when each server process is known to be at work, in seconds since the epoch by the
# database's clock.
leases = Table(
    "batch_loop_leases",
    metadata,
    Column("server", AnyText, primary_key=True),
    Column("until", Double, nullable=False),
)

# The last change that each process knows to be kept, with a random token for it: see
# `core.store.databases.marks`. On PostgreSQL only.
marks = Table(
    "batch_loop_marks",
    metadata,
    Column("owner", String(32), primary_key=True),
    Column("token", String(32), nullable=False),
    Column("at", Double, nullable=False),
)

# Carried values that servers on several machines share: on PostgreSQL only.
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
    # The listing that holds the items. A new one is written beside it, some rows at a time, and
    # then replaces it in one step. NULL only until the first one is written.
    Column("listing", String(16), index=True),
    # A listing that is being written with the states of the current one: changes made meanwhile go
    # to both.
    Column("next_listing", String(16)),
    Column("name", PathText, nullable=False),
    Column("directory", PathText, nullable=False),
    # The id of its workflow; and the workflow's name, where that is known.
    Column("workflow", AnyText, nullable=False, default=""),
    Column("title", AnyText, nullable=False, default=""),
    # What kind of items it has, see `core.model.loop_key`.
    Column("source", Text, nullable=False, default="", server_default=_EMPTY),
    Column("selection", Text, nullable=False),
    Column("batch", Integer, nullable=False),
    Column("mode", Text, nullable=False),
    Column("looked_at", Double, nullable=False),
    Column("looked_again", Boolean, nullable=False),
    Column("completed_at", Double),
    # See `core.common.times.Times`.
    Column("seconds", Double, nullable=False, default=0.0),
    Column("until", Double),
    Column("ended", Integer, nullable=False, default=0),
    Column("turns", Double, nullable=False, default=0.0),
    Column("first", Double, nullable=False, default=0.0),
    Column("firsts", Integer, nullable=False, default=0),
    Column("first_turns", Double, nullable=False, default=0.0),
    Column("last", Double, nullable=False, default=0.0),
    # Images that are transparent, and a result of theirs is not.
    Column("lost_transparency", Integer, nullable=False, default=0),
    # Texts that went to other names, as files of others had theirs.
    Column("renamed_texts", Integer, nullable=False, default=0),
    # The files that nodes have made of all results of the batch, as JSON.
    Column("made_of_all", AnyText, nullable=False, default="[]", server_default=_NO_LIST),
    # What has run the batch last, as JSON: see `core.model.prompt.Runner`.
    Column("runner", AnyText),
    # How many items of the listing are in each state, as counting them would take longer the more
    # there are.
    Column("pending", Integer, nullable=False, default=0),
    Column("running", Integer, nullable=False, default=0),
    Column("finishing", Integer, nullable=False, default=0),
    Column("done", Integer, nullable=False, default=0),
    Column("failed", Integer, nullable=False, default=0),
    # How many more the batch has, which are yet to be added to the listing.
    Column("to_list", Integer, nullable=False, default=0, server_default=_ZERO),
    # A place before which no item of the listing is pending: PostgreSQL's index of these keeps all
    # that were handed out since its last vacuum, and each claim would pass them.
    Column("pending_from", Integer, nullable=False, default=0, server_default=_ZERO),
    # Images left out of the listing, as their results already existed.
    Column("finished", Integer, nullable=False, default=0),
    # Images left out of it, as files are missing that belong to them.
    Column("lacking", Integer, nullable=False, default=0, server_default=_ZERO),
    # When an item was last handed out, or its outcome became known.
    Column("ran_at", Double),
    # How many pending items stay so for lack of a partner, and the loops whose items are handed out
    # together with this one's, as a JSON list of ids.
    Column("unpaired", Integer, nullable=False, default=0),
    Column("partners", Text, nullable=False, default="[]"),
    # The name under which the carried value is stored, and why it is not, if it could not be.
    Column("carried_file", Text),
    Column("carried_lost", AnyText),
    # The batch before, as long as Start over can be undone: its columns as JSON, the listing that
    # holds its items, and when it was set aside.
    Column("kept", Text),
    Column("kept_listing", String(16)),
    Column("kept_at", Double),
    # The number of the newest batch that was taken back, which no other gets.
    Column("taken_back", Integer, nullable=False, default=0),
)

items = Table(
    "batch_loop_items",
    metadata,
    Column("listing", String(16), primary_key=True),
    Column("path", PathText, primary_key=True),
    # NULL for an item that is known, but not in the current listing.
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
    Column("lost_transparency", Boolean, nullable=False, default=False),
    Column("turns", Integer, nullable=False, default=0),
    # See `core.model.items.Item`.
    Column("lost_turn", Integer, nullable=False, default=0, server_default=_ZERO),
    # Rows are stored in the primary key's tree: one tree to write instead of two.
    sqlite_with_rowid=False,
)

# Listings that belong to no loop. Those being written have the server that writes them, what they
# are for, as servers that need the same wait for them, and in how many parts they were written so
# far. Those discarded have an empty name and no purpose; their items are deleted some at a time.
spare_listings = Table(
    "batch_loop_spare_listings",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("server", AnyText, nullable=False),
    Column("wanted", Text),
    Column("parts", Integer, nullable=False, default=0, server_default=_ZERO),
)


def in_state(*states: ItemState) -> ColumnElement[bool]:
    """Whether an item is in one of `states`; by literals, so a database sees which index fits."""
    return or_(*(items.c.state == literal_column(f"'{state.value}'") for state in states))


is_pending = in_state(ItemState.PENDING)
is_open = in_state(ItemState.RUNNING, ItemState.FINISHING)
is_failed = in_state(ItemState.FAILED)
# See `core.model.items.Item.undone`.
is_undone = and_(
    items.c.turns > literal_column("0"),
    items.c.state != literal_column(f"'{ItemState.DONE.value}'"),
)


def _index_of(
    name: str, which: ColumnElement[bool], by: ColumnElement[Any] = items.c.position
) -> None:
    columns = items.c.listing, by
    Index(f"batch_loop_items_{name}", *columns, sqlite_where=which, postgresql_where=which)


# Partial indexes: most items of a batch are at first in that of the pending ones, and then in none
# of the three.
_index_of("pending", is_pending)
_index_of("open", is_open)
_index_of("failed", is_failed)
# Few as well, and looked up when a batch begins. By the turns, as the condition on these has SQLite
# choose this index rather than scan the whole listing.
_index_of("undone", is_undone, items.c.turns)
# For a page of the listing at any offset; a prompt does not change this index.
_index_of("listed", items.c.position.is_not(None))

outputs = Table(
    "batch_loop_outputs",
    metadata,
    Column("loop", String(16), primary_key=True),
    # What identifies the file; and its real path, if that differs.
    Column("target", PathText, primary_key=True),
    Column("file", PathText),
    Column("path", PathText, nullable=False),
    # The batch that wrote it. Files of earlier batches stay known, as they have an owner too.
    Column("batch", Integer, nullable=False),
    # Whether its image was done in that batch, provided that no prompt is still at work on it.
    Column("whole", Boolean, nullable=False),
    # Whether it already existed, and was kept: shown as a result, but not written by the image.
    Column("kept", Boolean, nullable=False),
    # How it may look if it is still what the image wrote. NULL if that is not known.
    Column("sights", SightsText),
    sqlite_with_rowid=False,
)

is_written = outputs.c.kept == false()

# The files that one item wrote. The path comes first: see `_by_path` in `statements`.
Index("batch_loop_outputs_of_item", outputs.c.path, outputs.c.loop)
# The owner of a file, among all loops: the item that last wrote it.
Index(
    "batch_loop_outputs_written",
    outputs.c.target,
    unique=True,
    sqlite_where=is_written,
    postgresql_where=is_written,
)


ADDED_LATER = (
    loops.c.pending_from,
    loops.c.lacking,
    loops.c.source,
    loops.c.to_list,
    loops.c.made_of_all,
    spare_listings.c.wanted,
    spare_listings.c.parts,
    items.c.lost_turn,
)
"""Columns that tables of this version may lack, and are given then."""
VERSION = 1
"""Version of the schema; a database that has any other is left untouched."""


class OtherVersion(Exception):
    """Raised for a database of another version of the pack.

    The message says what its tables have that this version's have not.
    """


def prepare(connection: Connection) -> None:
    """Create the tables if there are none, and those that were added later; raises OtherVersion."""
    found = inspect(connection)
    if not found.has_table(versions.name):
        metadata.create_all(connection)
        # The id that tells the store from any other.
        connection.execute(stores.insert().values(id=secrets.token_hex(16)))
        connection.execute(versions.insert().values(version=VERSION))
        return
    version = connection.execute(select(versions.c.version)).scalar_one()
    if version != VERSION:
        raise OtherVersion(f"have version {version}, and this one's have version {VERSION}")
    marks.create(connection, checkfirst=True)
    found.clear_cache()
    # An unreleased version may have had the same number.
    columns = {
        name: {column["name"] for column in of_table}
        for (_, name), of_table in found.get_multi_columns(filter_names=[*metadata.tables]).items()
    }
    lacking = [each for each in ADDED_LATER if each.name not in columns.get(each.table.name, ())]
    for table in metadata.sorted_tables:
        later = {each.name for each in lacking if each.table is table}
        if columns.get(table.name) != set(table.columns.keys()) - later:
            raise OtherVersion(f"have other columns than this one's, as in {table.name}")
    for each in lacking:
        # Its type has the same name in both databases.
        connection.exec_driver_sql(f"ALTER TABLE {each.table.name} ADD COLUMN {CreateColumn(each)}")
