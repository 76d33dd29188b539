"""The statements that each prompt runs, built once: building one takes longer than running it.

Parameters besides the columns to set have names that begin with `of_`, or with `by_` for the change
of a number.
"""

from __future__ import annotations

import functools
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    Select,
    String,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    select,
    tuple_,
    union_all,
    update,
)

from ...model.items import ItemState
from .tables import (
    carried,
    is_failed,
    is_open,
    is_pending,
    is_undone,
    items,
    leases,
    loops,
    stores,
)

CARRIED_SUFFIX = ".safetensors"
"""The suffix of a carried value's name, as a file and as a row."""

# A number that PostgreSQL sees when it plans: for one that it is given with each execution it would
# expect many rows, and plan anew each time, which takes longer than the statement.
_ONE: ColumnElement[int] = literal_column("1", Integer)
_of_listing = items.c.listing == bindparam("of_listing")
# The condition on the position has a database use the partial index of a state; SQLite would
# otherwise use the primary key, and scan the whole listing.
_listed = and_(_of_listing, items.c.position >= 0)
_this_item = and_(_of_listing, items.c.path == bindparam("of_path"))

# Loops.

COUNTS = tuple(state.value for state in ItemState)
"""The columns of a loop's row that say how many items are in each state."""

loop_row = select(loops).where(loops.c.id == bindparam("of_loop"))
loop_keys = select(loops.c.name, loops.c.directory, loops.c.workflow, loops.c.source)
loop_key = loop_keys.where(loops.c.id == bindparam("of_loop"))
carried_names = select(loops.c.carried_file, loops.c.kept)
add_loop = insert(loops)
delete_loop = delete(loops).where(loops.c.id == bindparam("of_loop"))
set_loop = update(loops).where(loops.c.id == bindparam("of_loop"))
# By differences, as other servers change them too.
count_loop = set_loop.values({name: loops.c[name] + bindparam(f"by_{name}") for name in COUNTS})

# Items.

all_open_rows = (
    select(items, loops.c.id.label("loop"))
    .join(loops, loops.c.listing == items.c.listing)
    .where(is_open)
)
item_row = select(items).where(_this_item)
open_rows = select(items).where(_of_listing, is_open).order_by(items.c.position)
failed_rows = (
    select(items).where(_listed, is_failed).order_by(items.c.position).limit(bindparam("of_most"))
)
failed_paths = select(items.c.path).where(_listed, is_failed)
# All of them are undone, by whose index they are found if no order is asked for.
lost_places = select(items.c.position, items.c.path).where(
    _of_listing, is_undone, items.c.lost_turn > literal_column("0")
)
listed_rows = select(items).where(_listed).order_by(items.c.position)
page_rows = (
    select(items)
    .where(
        _of_listing,
        items.c.position >= bindparam("of_start", type_=Integer),
        items.c.position
        < bindparam("of_start", type_=Integer) + bindparam("of_most", type_=Integer),
    )
    .order_by(items.c.position)
)
# Rows before the page are skipped within the index.
_failed_page = (
    select(items.c.path)
    .where(_listed, is_failed)
    .order_by(items.c.position)
    .limit(bindparam("of_most"))
    .offset(bindparam("of_start"))
)
failed_page_rows = (
    select(items).where(_of_listing, items.c.path.in_(_failed_page)).order_by(items.c.position)
)
# Columns that a list of loops does not show, and therefore does not read.
_ONLY_FOR_RUNS = {
    "listing",
    "next_listing",
    "selection",
    "mode",
    "looked_at",
    "looked_again",
    "completed_at",
    "seconds",
    "until",
    "ended",
    "turns",
    "first",
    "firsts",
    "first_turns",
    "last",
    "partners",
    "made_of_all",
    "carried_file",
    "carried_lost",
    "kept",
    "kept_listing",
    "taken_back",
    "pending_from",
}
_place = tuple_(items.c.listing, items.c.position)
_LAST_PLACE: ColumnElement[int] = literal_column(str(2**31 - 1), Integer)


def _pending_from_there(
    listing: ColumnElement[Any], place: ColumnElement[int]
) -> ColumnElement[bool]:
    """Whether an item is a pending one of a listing, from a place on; to be ordered by `_place`.

    A place that is compared together with its listing does not rule out NULL: so the index of all
    listed items does not fit, which a database might take instead of that of the pending ones. Nor
    is the listing compared by itself: PostgreSQL would begin with its first place, and pass all
    that was handed out.
    """
    last = tuple_(listing, _LAST_PLACE)
    return and_(is_pending, _place >= tuple_(listing, place), _place <= last)


# For each loop, whether a run has stopped on the item that is next.
_stopped_on_next = (
    select(items.c.stopped)
    .where(_pending_from_there(loops.c.listing, loops.c.pending_from))
    .order_by(items.c.listing, items.c.position)
    .limit(_ONE)
    .scalar_subquery()
)
loop_rows = select(
    *(column for column in loops.c if column.name not in _ONLY_FOR_RUNS),
    _stopped_on_next.label("stopped"),
)
listed_paths = select(items.c.path).where(
    items.c.listing
    == select(loops.c.listing).where(loops.c.id == bindparam("of_loop")).scalar_subquery(),
    items.c.position.is_not(None),
)
listed_states = (
    select(items.c.listing, items.c.path, items.c.state, items.c.lost_turn)
    .join(loops, loops.c.listing == items.c.listing)
    .where(loops.c.id == bindparam("of_loop"), items.c.position >= 0)
    .order_by(items.c.position)
)
pending_paths = listed_paths.where(is_pending)
# By the loop: a copy of the listing that is being written has the same.
undone_paths = (
    select(items.c.path)
    .join(loops, loops.c.listing == items.c.listing)
    .where(loops.c.id == bindparam("of_loop"), is_undone)
)

_from_there = items.c.position >= bindparam("of_from", type_=Integer)
_pending = (
    select(items.c.path)
    .where(_of_listing, _from_there, is_pending)
    .order_by(items.c.position)
    .limit(_ONE)
)
next_pending = _pending.offset(bindparam("of_others"))
# Where the next one was not read along. The server has the loop to itself then: no other claims it.
claim_item = (
    update(items)
    .where(_of_listing, items.c.path == _pending.scalar_subquery(), is_pending)
    .values(state=ItemState.RUNNING.value, turns=items.c.turns + 1)
    .returning(items)
)
_listing_of_loop = (
    select(loops.c.listing).where(loops.c.id == bindparam("of_loop")).scalar_subquery()
)
_of_loop = items.c.listing == _listing_of_loop
open_rows_of = select(items).where(_of_loop, is_open).order_by(items.c.position)
_pending_from = (
    select(loops.c.pending_from).where(loops.c.id == bindparam("of_loop")).scalar_subquery()
)
_next_of = (
    select(items)
    .where(_of_loop, items.c.position >= _pending_from, is_pending)
    .order_by(items.c.position)
    .limit(_ONE)
)
# How many listed items others than a server have.
_taken_by_others = (
    select(func.count())
    .select_from(items)
    .where(is_open, items.c.position >= 0, items.c.claim_server != bindparam("of_server"))
)
# What a claim needs: besides the open items, the first that is pending, and the one that comes
# after as many as others than a server have.
open_and_next_rows_of = union_all(
    select(items).where(_of_loop, is_open),
    _next_of,
    _next_of.offset(_ONE + _taken_by_others.where(_of_loop).scalar_subquery()),
)
# The same beside other servers that are about to claim, with the open items of one's own: each has
# another for its first, which is locked for it until its transaction ends. They are given the
# listing and the place from which on to look: each look-up of the loop in a statement costs as much
# as one of an item.
own_rows = select(items).where(_of_listing, is_open, items.c.claim_server == bindparam("of_server"))
# Of rows that it locks, PostgreSQL checks all conditions, also those that an index has. So the
# index of all listed items would cost as much as that of the pending ones, and a scan of it would
# grow with what is done: see `_pending_from_there`.
_free_one = (
    select(items)
    .where(
        _pending_from_there(
            bindparam("of_listing", type_=String), bindparam("of_from", type_=Integer)
        )
    )
    .order_by(items.c.listing, items.c.position)
    .limit(_ONE)
    .with_for_update(skip_locked=True)
    .cte("free")
)
_left_one = (
    select(items.c.position)
    .where(
        _of_listing,
        is_pending,
        _place <= tuple_(bindparam("of_listing", type_=String), _LAST_PLACE),
    )
    .order_by(items.c.position.desc())
    .limit(_ONE)
    .with_for_update(skip_locked=True)
    .cte("left_over")
)
_free_row = select(_free_one)
_free_position = select(_free_one.c.position).scalar_subquery()
_following_row = (
    select(items)
    .where(_of_listing, is_pending, items.c.position > _free_position)
    .order_by(items.c.position)
    .limit(_ONE)
    .offset(_taken_by_others.where(_of_listing).scalar_subquery())
)
_is_another_left = (
    select(_left_one.c.position).where(_left_one.c.position > _free_position).exists()
)
# One more is locked, and stays pending: so the last is nobody's beside others, as the folder has to
# be looked through before that.
own_and_free_rows = union_all(
    own_rows, _free_row.where(_is_another_left), _following_row.where(_is_another_left)
)
# Where so many are pending that some are left in any case.
own_and_free_rows_of_many = union_all(own_rows, _free_row, _following_row)
set_item = update(items).where(_this_item)
item_at = select(items).where(_of_listing, items.c.position == bindparam("of_place", type_=Integer))
_one_of = items.c.path.in_(bindparam("of_paths", expanding=True))
states_of = select(items.c.path, items.c.state, items.c.position, items.c.lost_turn).where(
    _of_listing, _one_of
)
back_in_listing = set_item.values(position=bindparam("of_place"))
set_failed = update(items).where(_listed, is_failed)
set_failed_unlisted = update(items).where(
    _of_listing, _one_of, items.c.position.is_(None), is_failed
)


@functools.cache
def first_together(loops_at_once: int) -> Select[Any]:
    """The first place at which all of some listings have a pending item, and the first of each.

    NULL for none. The listings are `of_listing_0`, ..., each from the place `of_from_0`, ... on.
    """
    tables = [items.alias(f"together_{number}") for number in range(loops_at_once)]
    waiting = [_waits_from_there(table, number) for number, table in enumerate(tables)]
    at_once = [other.c.position == tables[0].c.position for other in tables[1:]]
    found = [
        _first_place(tables[0], *waiting, *at_once),
        *(_first_place(table, waits) for table, waits in zip(tables, waiting, strict=True)),
    ]
    return select(*(place.scalar_subquery() for place in found))


def _first_place(table: FromClause, *conditions: ColumnElement[bool]) -> Select[tuple[int]]:
    return select(table.c.position).where(*conditions).order_by(table.c.position).limit(_ONE)


def _waits_from_there(table: FromClause, number: int) -> ColumnElement[bool]:
    """Whether an item is a pending one of a listing, see `first_together`."""
    return and_(
        table.c.listing == bindparam(f"of_listing_{number}"),
        table.c.position >= bindparam(f"of_from_{number}", type_=Integer),
        _pending_in(table),
    )


def _pending_in(table: FromClause) -> ColumnElement[bool]:
    """Whether an item is pending; by a literal, so that a database sees which index fits."""
    return table.c.state == literal_column(f"'{ItemState.PENDING.value}'")


# Servers, and the store itself.

store_id = select(stores.c.id)
_this_lease = leases.c.server == bindparam("of_server")
set_lease = update(leases).where(_this_lease)
add_lease = insert(leases)
delete_lease = delete(leases).where(_this_lease)
# Other servers still ask for the lease of a server that has an item, however old it is.
_has_an_item = select(items.c.path).where(is_open, items.c.claim_server == leases.c.server)
forget_leases = delete(leases).where(~_has_an_item.exists())

# Carried values as rows.

add_carried = insert(carried)
carried_data = select(carried.c.data).where(carried.c.name == bindparam("of_name"))
delete_carried = delete(carried).where(carried.c.name == bindparam("of_name"))
