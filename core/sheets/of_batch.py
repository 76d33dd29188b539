"""The contact sheet of a batch: what its items have become."""

from __future__ import annotations

import os
from collections.abc import Sequence

from ..common.file_kinds import IMAGE_EXTENSIONS
from ..model.items import Item, ItemState
from ..model.loop_key import LoopKey
from ..model.records import ReportedItem
from ..model.selection import Selection
from ..model.titles import entry_in, label_in, title_of
from ..results.source_names import name_of_source
from ..sources.variants import VariantLists, variants_of
from .sheet import Sheet, Tile


def sheet_of(key: LoopKey, selection: Selection, items: Sequence[ReportedItem]) -> Sheet:
    """The sheet of a batch's items, in order; with variants a grid, entries down, variants across.

    An entry that lacks an item, as its result was there before, has an empty place for it.
    """
    variants = variants_of(selection)
    title = _title(key, items)
    if variants is None:
        return Sheet(title, [_tile(*each) for each in items])
    return _grid(title, variants, items)


def _grid(title: str, variants: VariantLists, items: Sequence[ReportedItem]) -> Sheet:
    columns = {label: column for column, label in enumerate(variants.labelled)}
    rows: dict[str, list[Tile | None]] = {}
    for item, files in items:
        column = columns.get(label_in(item.path))
        if column is not None:
            row = rows.setdefault(entry_in(item.path), [None] * len(columns))
            row[column] = _tile(item, files)
    tiles = [tile for row in rows.values() for tile in row]
    return Sheet(title, tiles, tuple(variants.headed.values()), tuple(map(title_of, rows)))


def _title(key: LoopKey, items: Sequence[ReportedItem]) -> str:
    failed = sum(item.state is ItemState.FAILED for item, _ in items)
    counts = f"{len(items):,}" + (f", {failed:,} failed" if failed else "")
    return f"{name_of_source(key)}: {counts}"


def _tile(item: Item, files: Sequence[str]) -> Tile:
    if item.state is ItemState.FAILED:
        reason = item.failure.reason if item.failure else ""
        return Tile(item.title, said=f"FAILED. {reason}".strip(), failed=True)
    # A text may be saved beside the picture.
    picture = next(filter(_is_picture, files), files[0] if files else "")
    if picture:
        return Tile(item.title, picture)
    is_done = item.state is ItemState.DONE
    return Tile(item.title, said="no file is known" if is_done else item.state.value)


def _is_picture(file: str) -> bool:
    return os.path.splitext(file)[1].lower() in IMAGE_EXTENSIONS
