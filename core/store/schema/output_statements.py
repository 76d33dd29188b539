"""The statements about the files that items wrote; see `statements`."""

from __future__ import annotations

import os

from sqlalchemy import (
    Integer,
    LargeBinary,
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
from ...model.loop_key import VARIANTS, LoopKey
from ...model.shared_roots import MARK
from ..records import NO_BATCH
from .column_types import PathText, SightsText
from .tables import is_open, is_written, items, loops, outputs

_this_output = and_(
    outputs.c.loop == bindparam("of_loop"), outputs.c.target == bindparam("of_target")
)
_of_own_loop = outputs.c.loop == bindparam("of_loop")
_of_batch = outputs.c.batch == bindparam("of_batch")
_in_this_batch = and_(_of_own_loop, _of_batch)
# SQLite uses no index for a computed value, so it looks up the path by its index. It would
# otherwise use the primary key, and scan all files of the loop.
_by_path = outputs.c.loop.concat(literal_column("''")) == bindparam("of_loop")
_of_path = and_(_by_path, outputs.c.path == bindparam("of_path"))
_of_its_item = and_(items.c.listing == loops.c.listing, items.c.path == outputs.c.path)
writer = (
    select(
        outputs.c.loop,
        outputs.c.path,
        outputs.c.batch,
        outputs.c.whole,
        outputs.c.sights,
        items.c.state,
    )
    .join(loops, loops.c.id == outputs.c.loop)
    .outerjoin(items, _of_its_item)
    .where(outputs.c.target == bindparam("of_target"), is_written)
)
# It returns what it has added, as not every driver counts inserted rows.
add_output = insert(outputs).returning(outputs.c.loop)
set_output = update(outputs).where(_this_output)
set_kept_output = set_output.where(not_(is_written))
set_sights = set_output.where(
    is_written, outputs.c.sights.is_not_distinct_from(bindparam("of_sights", type_=SightsText()))
)
set_replaced = set_output.where(is_written).values(batch=NO_BATCH, whole=false())
delete_output = delete(outputs).where(_this_output)
delete_written = delete(outputs).where(outputs.c.target == bindparam("of_target"), is_written)
output_rows = select(outputs).where(_in_this_batch)
outputs_of_items = select(outputs).where(
    _by_path, _of_batch, outputs.c.path.in_(bindparam("of_paths", expanding=True))
)
any_written = select(outputs.c.target).where(_of_own_loop, is_written).limit(1)
written_by_item = select(outputs.c.target, outputs.c.file).where(_of_path, is_written)
_below = and_(
    outputs.c.target > bindparam("of_first", type_=PathText),
    outputs.c.target < bindparam("of_end", type_=PathText),
    is_written,
)


_AFTER = {"/": "0", "\\": "]"}
"""The character that follows each separator of paths."""


def range_below(folder: str) -> dict[str, str]:
    """The parameters of `results_below` and `written_below` for a folder in its shared form.

    All paths below it sort between the folder with a separator and the folder with the character
    that follows the separator.
    """
    folder = folder.rstrip(os.sep + "/")
    separator = "/" if folder.startswith(MARK) else os.sep
    return {"of_first": folder + separator, "of_end": folder + _AFTER[separator]}


# Of all loops that have the same images, see `LoopKey.has_images_of`.
results_below = (
    select(outputs.c.target, outputs.c.path, loops.c.source)
    .join(loops, loops.c.id == outputs.c.loop)
    .where(
        loops.c.name == bindparam("of_name", type_=PathText),
        loops.c.directory == bindparam("of_directory", type_=PathText),
        loops.c.source.in_((bindparam("of_kind"), bindparam("of_kind_with_variants"))),
        _below,
    )
)


def results_of(key: LoopKey, folder: str) -> dict[str, str]:
    """The parameters of `results_below` for a loop, and a folder in its shared form."""
    return {
        "of_name": key.name,
        "of_directory": key.shared,
        "of_kind": key.kind,
        "of_kind_with_variants": key.kind + VARIANTS,
        **range_below(folder),
    }


# Raw values, in the order of `KnownResult`: with a million rows, converting their types would take
# most of the time.
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
# A batch that is put back has the files of those that are taken back.
put_back_outputs = (
    update(outputs)
    .where(_of_own_loop, outputs.c.batch > bindparam("of_batch"))
    .values(batch=bindparam("of_batch"))
)
set_not_whole = update(outputs).where(_of_path, _of_batch).values(whole=false())
open_targets = (
    select(outputs.c.target, outputs.c.file)
    .join(loops, loops.c.id == outputs.c.loop)
    .join(items, _of_its_item)
    .where(is_open)
)
