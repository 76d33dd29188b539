"""The statements that a prompt is made of, built once: building one takes longer than running it.

What a statement is given besides the columns that it sets has a name with `of_`, or `by_` for the
change of a number.
"""

from __future__ import annotations

import functools
import os

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    LargeBinary,
    Select,
    and_,
    bindparam,
    delete,
    false,
    insert,
    literal_column,
    not_,
    or_,
    select,
    type_coerce,
    update,
)

from ...model.items import ItemState
from ...model.shared_roots import MARK
from .tables import (
    PathText,
    carried,
    is_failed,
    is_open,
    is_pending,
    is_written,
    items,
    leases,
    loops,
    outputs,
    stores,
)

CARRIED_SUFFIX = ".safetensors"
"""How the name of a carried value ends, as a file and as a row."""

_of_listing = items.c.listing == bindparam("of_listing")
# A database goes by the index of all that is in a state where that is said to lie in a range, or is
# wanted in order; SQLite else by the primary key, through the whole listing.
_listed = and_(_of_listing, items.c.position >= 0)
_this_item = and_(_of_listing, items.c.path == bindparam("of_path"))
_this_output = and_(
    outputs.c.loop == bindparam("of_loop"), outputs.c.target == bindparam("of_target")
)

# Loops.

COUNTS = tuple(state.value for state in ItemState)
"""The columns of a loop's row that say how many items are in each state."""

loop_row = select(loops).where(loops.c.id == bindparam("of_loop"))
loop_key = select(loops.c.name, loops.c.directory).where(loops.c.id == bindparam("of_loop"))
loop_keys = select(loops.c.name, loops.c.directory)
carried_names = select(loops.c.carried_file)
add_loop = insert(loops)
delete_loop = delete(loops).where(loops.c.id == bindparam("of_loop"))
set_loop = update(loops).where(loops.c.id == bindparam("of_loop"))
# By difference: other servers change them too.
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
# By the index alone up to the page's first.
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
# What a list of loops does not show is not read for it.
_ONLY_FOR_RUNS = {
    "listing",
    "next_listing",
    "selection",
    "mode",
    "looked_at",
    "looked_again",
    "completed_at",
    "partners",
    "carried_file",
    "carried_lost",
}
# With each loop, whether a run stopped on the item that is next.
_stopped_on_next = (
    select(items.c.stopped)
    # With a sign before it, which SQLite takes for "not by an index of this": it might go through
    # all that is listed else, instead of all that waits.
    .where(items.c.listing == loops.c.listing, is_pending, literal_column("+position").is_not(None))
    .order_by(items.c.position)
    .limit(1)
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

_pending = select(items.c.path).where(_listed, is_pending).order_by(items.c.position).limit(1)
next_pending = _pending.offset(bindparam("of_others"))
# Where several servers share the table, each takes another item.
_free = _pending.with_for_update(skip_locked=True).scalar_subquery()
claim_item = (
    update(items)
    .where(_of_listing, items.c.path == _free, is_pending)
    .values(state=ItemState.RUNNING.value)
    .returning(items)
)
set_item = update(items).where(_this_item)
item_at = select(items).where(_of_listing, items.c.position == bindparam("of_place", type_=Integer))
states_of = select(items.c.path, items.c.state, items.c.position).where(
    _of_listing, items.c.path.in_(bindparam("of_paths", expanding=True))
)
back_in_listing = set_item.values(position=bindparam("of_place"))
set_failed = update(items).where(_listed, is_failed)


@functools.cache
def first_together(loops_at_once: int) -> Select[tuple[int]]:
    """The first place at which so many loops, `of_listing_0` and on, have a pending item."""
    first, *others = (items.alias(f"together_{number}") for number in range(loops_at_once))
    found = select(first.c.position).where(
        first.c.listing == bindparam("of_listing_0"), first.c.position.is_not(None), _waits(first)
    )
    for number, other in enumerate(others, start=1):
        found = found.where(
            other.c.listing == bindparam(f"of_listing_{number}"),
            other.c.position == first.c.position,
            _waits(other),
        )
    return found.order_by(first.c.position).limit(1)


def _waits(table: FromClause) -> ColumnElement[bool]:
    """Written out, so that a database sees that the index of what is pending fits."""
    return table.c.state == literal_column(f"'{ItemState.PENDING.value}'")


# Outputs.

_of_own_loop = outputs.c.loop == bindparam("of_loop")
_of_batch = outputs.c.batch == bindparam("of_batch")
_in_this_batch = and_(_of_own_loop, _of_batch)
# By the path: SQLite looks up no text that is made, and would else go through all files of the
# loop, as the rows lie in that order.
_by_path = outputs.c.loop.concat(literal_column("''")) == bindparam("of_loop")
_of_path = and_(_by_path, outputs.c.path == bindparam("of_path"))
_of_its_item = and_(items.c.listing == loops.c.listing, items.c.path == outputs.c.path)
writer = (
    select(outputs.c.loop, outputs.c.path, outputs.c.batch, outputs.c.whole, items.c.state)
    .join(loops, loops.c.id == outputs.c.loop)
    .outerjoin(items, _of_its_item)
    .where(outputs.c.target == bindparam("of_target"), is_written)
)
# It returns what it has added: a driver need not count that.
add_output = insert(outputs).returning(outputs.c.loop)
set_output = update(outputs).where(_this_output)
set_kept_output = set_output.where(not_(is_written))
delete_output = delete(outputs).where(_this_output)
delete_written = delete(outputs).where(outputs.c.target == bindparam("of_target"), is_written)
output_rows = select(outputs).where(_in_this_batch)
outputs_of_items = select(outputs).where(
    _by_path, _of_batch, outputs.c.path.in_(bindparam("of_paths", expanding=True))
)
written_by_item = select(outputs.c.target, outputs.c.file).where(_of_path, is_written)
_below = and_(
    outputs.c.target > bindparam("of_first", type_=PathText),
    outputs.c.target < bindparam("of_end", type_=PathText),
    is_written,
)


_AFTER = {"/": "0", "\\": "]"}
"""The character that follows each separator of paths."""


def range_below(folder: str) -> dict[str, str]:
    """What `results_below` and `written_below` are given for a folder, in the form of the tables.

    All paths below it lie between the folder with a separator, and with the character after that.
    """
    folder = folder.rstrip(os.sep + "/")
    separator = "/" if folder.startswith(MARK) else os.sep
    return {"of_first": folder + separator, "of_end": folder + _AFTER[separator]}


results_below = select(outputs.c.target).where(_in_this_batch, _below)
# As the database has it, in the order of `KnownResult`: types would take most of the time where
# there are a million.
written_below = (
    select(
        type_coerce(outputs.c.target, LargeBinary).label("target"),
        outputs.c.loop,
        type_coerce(loops.c.directory, LargeBinary).label("directory"),
        type_coerce(outputs.c.path, LargeBinary).label("path"),
        outputs.c.batch,
        and_(
            outputs.c.whole,
            or_(
                outputs.c.batch != loops.c.batch,
                items.c.state == literal_column(f"'{ItemState.DONE.value}'"),
            ),
        ).label("is_whole"),
    )
    .join(loops, loops.c.id == outputs.c.loop)
    .outerjoin(items, _of_its_item)
    .where(_below)
    .order_by(outputs.c.target)
    .limit(bindparam("of_most", type_=Integer))
)
delete_outputs = delete(outputs).where(_of_own_loop)
set_not_whole = update(outputs).where(_of_path, _of_batch).values(whole=false())
open_targets = (
    select(outputs.c.target, outputs.c.file)
    .join(loops, loops.c.id == outputs.c.loop)
    .join(items, _of_its_item)
    .where(is_open)
)

# Servers, and the store itself.

store_id = select(stores.c.id)
_this_lease = leases.c.server == bindparam("of_server")
set_lease = update(leases).where(_this_lease)
add_lease = insert(leases)
delete_lease = delete(leases).where(_this_lease)
# Whoever has an item is asked for by others, whatever the clock has come to meanwhile.
_has_an_item = select(items.c.path).where(is_open, items.c.claim_server == leases.c.server)
forget_leases = delete(leases).where(~_has_an_item.exists())

# Carried values as rows.

add_carried = insert(carried)
carried_data = select(carried.c.data).where(carried.c.name == bindparam("of_name"))
delete_carried = delete(carried).where(carried.c.name == bindparam("of_name"))
