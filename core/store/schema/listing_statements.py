"""The statements that write listings, some of the rows at a time.

As in `statements`, the names of their parameters begin with `of_`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Insert,
    Integer,
    LargeBinary,
    Select,
    String,
    Text,
    and_,
    bindparam,
    cast,
    column,
    delete,
    false,
    func,
    insert,
    literal_column,
    null,
    select,
    update,
)
from sqlalchemy.dialects import postgresql

from ...model.items import ItemState
from .column_types import PathText
from .tables import in_state, is_failed, is_open, is_undone, items, loops, spare_listings

_of_listing = items.c.listing == bindparam("of_listing")

# Adding rows. Existing rows stay: an attempt may have been committed without a confirmation.

_PLACE = ("listing", "path", "position")
_STATE = [name for name in items.columns.keys() if name not in _PLACE]  # noqa: SIM118 - no dict
_UNKNOWN: Mapping[str, ColumnElement[Any]] = {
    "state": literal_column(f"'{ItemState.PENDING.value}'"),
    **dict.fromkeys(
        ("attempts", "missed_loop_ends", "seconds", "turns", "lost_turn"), literal_column("0")
    ),
    **dict.fromkeys(("lost_transparency", "stopped"), false()),
}
"""The columns, other than those that are NULL, of an item that no prompt has had."""
_before = items.alias("before")


def _added(
    into: Insert, given: FromClause, path: ColumnElement[Any], place: ColumnElement[Any]
) -> Insert:
    """Add items at `place`, in the state that they have in the listing `of_before`, if any."""
    is_before = and_(
        _before.c.listing == bindparam("of_before", type_=String), _before.c.path == path
    )
    states = [
        func.coalesce(_before.c[name], _UNKNOWN[name]) if name in _UNKNOWN else _before.c[name]
        for name in _STATE
    ]
    found = select(bindparam("of_listing", type_=String), path, place, *states).select_from(
        given.outerjoin(_before, is_before)
    )
    return into.from_select([*_PLACE, *_STATE], found)


_first = bindparam("of_first", type_=Integer)
_into_sqlite = insert(items).prefix_with("OR IGNORE")
_paths = func.json_each(bindparam("of_paths", type_=Text)).table_valued("key", "value")
add_from_json = _added(
    _into_sqlite,
    _paths,
    cast(_paths.c.value, LargeBinary),
    cast(_paths.c.key, Integer) + _first,
)
"""From a JSON list of paths, the first at the place `of_first`: for SQLite only, where it is far
faster than one row at a time."""

_one = select(
    bindparam("of_path", type_=PathText).label("path"),
    bindparam("of_place", type_=Integer).label("place"),
).subquery("given")
add_one = _added(_into_sqlite, _one, _one.c.path, _one.c.place)
"""A single row, for a path that is not valid text: for SQLite only."""

_array = (
    func.unnest(
        bindparam("of_paths", type_=postgresql.ARRAY(LargeBinary)),
        bindparam("of_places", type_=postgresql.ARRAY(Integer)),
    )
    .table_valued(column("path", PathText), column("place", Integer), name="given")
    .render_derived()
)
_into_postgresql = postgresql.insert(items)
add_from_arrays = _added(_into_postgresql, _array, _array.c.path, _array.c.place)
add_from_arrays = add_from_arrays.on_conflict_do_nothing()  # type: ignore[attr-defined]
"""From arrays of paths and places: for PostgreSQL only."""

# Copying what is known of items that the new listing lacks, one range of paths at a time.

_after = _before.c.path > bindparam("of_after", type_=PathText)
_of_before = _before.c.listing == bindparam("of_before", type_=String)
last_of_range: Select[Any] = (
    select(_before.c.path)
    .where(_of_before, _after)
    .order_by(_before.c.path)
    .limit(1)
    .offset(bindparam("of_most", type_=Integer))
)
_is_listed: Select[Any] = select(literal_column("1")).where(
    _of_listing, items.c.path == _before.c.path
)
add_unlisted = insert(items).from_select(
    [*_PLACE, *_STATE],
    select(
        bindparam("of_listing", type_=String),
        _before.c.path,
        null(),
        *(_before.c[name] for name in _STATE),
    ).where(
        _of_before,
        _after,
        _before.c.path <= bindparam("of_last", type_=LargeBinary),
        ~_is_listed.exists(),
    ),
)
BEHIND_ALL = b"\xff"
"""The end of the last range: no path contains this byte."""

# Keeping in a new batch that items are undone, also those that its listing lacks.

_undone = (
    select(items.c.path, items.c.turns)
    .where(items.c.listing == bindparam("of_before", type_=String), is_undone)
    .subquery("undone")
)
_own = items.alias("own")
_is_own = and_(
    _own.c.listing == bindparam("of_listing", type_=String), _own.c.path == _undone.c.path
)
_turns_before = select(_before.c.turns).where(_of_before, _before.c.path == items.c.path)
keep_undone = (
    update(items)
    .where(_of_listing, items.c.path.in_(select(_undone.c.path)))
    .values(turns=_turns_before.scalar_subquery())
)
_known = {**_UNKNOWN, "turns": _undone.c.turns}
add_undone = insert(items).from_select(
    ["listing", "path", *_known],
    select(
        bindparam("of_listing", type_=String),
        _undone.c.path,
        *_known.values(),
    ).where(~select(literal_column("1")).where(_is_own).exists()),
)

# Which listing a loop has.

present = select(loops.c.listing).where(loops.c.id == bindparam("of_loop"))
set_next = (
    update(loops)
    .where(loops.c.id == bindparam("of_loop"))
    .values(next_listing=bindparam("of_listing"))
)
forget_next = (
    update(loops).where(loops.c.next_listing == bindparam("of_listing")).values(next_listing=None)
)


def _number(*which: ColumnElement[bool]) -> ColumnElement[int]:
    number = select(func.count()).select_from(items)
    return number.where(_of_listing, items.c.position >= 0, *which).scalar_subquery()


# Counted by partial indexes; an item that is in none of them is done.
numbers = select(
    _number(in_state(ItemState.PENDING)).label("pending"), _number(is_failed).label("failed")
)
open_states = select(items.c.state).where(_of_listing, is_open, items.c.position >= 0)

# Listings that belong to no loop.

_this_spare = spare_listings.c.id == bindparam("of_listing")
add_spare = insert(spare_listings)
is_spare = select(spare_listings.c.id).where(_this_spare).with_for_update()
note_part = update(spare_listings).where(_this_spare).values(parts=spare_listings.c.parts + 1)
give_up = update(spare_listings).where(_this_spare).values(server="", wanted=None)
_of_server = spare_listings.alias("of_server")
_parts = select(func.sum(_of_server.c.parts)).where(_of_server.c.server == spare_listings.c.server)
being_written = select(
    spare_listings.c.id, spare_listings.c.server, _parts.scalar_subquery().label("parts")
).where(spare_listings.c.wanted == bindparam("of_wanted"))
delete_spare = delete(spare_listings).where(_this_spare)
spares = select(spare_listings)
delete_some = delete(items).where(
    _of_listing,
    items.c.path.in_(
        select(items.c.path).where(_of_listing).limit(bindparam("of_most", type_=Integer))
    ),
)
delete_all = delete(items).where(_of_listing)
one_behind = (
    select(items.c.path).where(_of_listing).limit(1).offset(bindparam("of_most", type_=Integer))
)
"""Finds a row if more than `of_most` rows have the id of a listing, unlisted ones included."""
