"""The route that shows the rows of a table, before anything has run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiohttp import web

from ..comfy.threads import Threads, in_thread
from ..common.names import ROUTE_PREFIX, ROW_ITERATOR
from ..engine.registry import LoopRegistry
from ..files.allowed_paths import AllowedFolders
from ..model.loop_key import LoopKey
from ..model.selection import SortBy
from ..model.titles import ROW_EXTENSION, title_of
from ..sources.rows import Rows, text_of
from ..sources.variant_values import FilesOf
from ..sources.variants import crossed
from ..tables.row_file import RowFile
from .answers import answered, as_answer
from .asked_items import LARGEST_TABLE, AskedItems, variant_count
from .requests import json_body
from .requests import title_of as title_in

_SETTINGS = '{"file": path} or {"text": rows}, and as needed further settings of Row Iterator'
ROWS_SHOWN = 3
_MOST_COMPARED = 10_000
"""Rows of a table that are compared with those of the batch."""
_COLUMNS_SHOWN = 50
_LONGEST_CELL = 200


def add_routes(
    table: web.RouteTableDef,
    registry: LoopRegistry,
    allowed_folders: Callable[[], AllowedFolders],
    rows: Rows,
    files_of: FilesOf,
) -> None:
    """Add the route to `table`."""

    def joining(key: LoopKey, asked: AskedItems, found: RowFile) -> int:
        """How many rows a run would add to a batch that is complete.

        0 for a table of more than `_MOST_COMPARED` rows, and until it was read to its end.
        """
        count = found.count()
        if count is None or count > _MOST_COMPARED or not registry.is_known(key):
            return 0
        paths = [each + ROW_EXTENSION for each in found.keys(0, count)]
        if asked.variants is not None:
            paths = crossed(paths, asked.variants)
        return registry.joining(key, asked.selection, paths)

    @table.post(f"{ROUTE_PREFIX}/table")
    @answered
    async def rows_of(request: web.Request) -> web.Response:
        """The rows of a table under the settings of a Row Iterator."""
        body = await json_body(request, _SETTINGS, LARGEST_TABLE)

        def look() -> dict[str, Any]:
            # Variants of files are looked for on the disk.
            rows_of_it = {**body, "iterator": ROW_ITERATOR}
            asked = AskedItems.of(rows_of_it, files_of, classes={ROW_ITERATOR})
            key = asked.key(registry, allowed_folders())
            registry.note_title(asked.workflow, title_in(body))
            selection, variants = asked.settings.selection(), asked.variants
            found = rows.table(key.of_entries, selection)
            is_as_written = selection.sort_by is not SortBy.SHUFFLE and not selection.descending
            # In another order, the first rows of the batch are known only when all are listed.
            start = selection.start_index if is_as_written else 0
            keys = found.keys(start, min(ROWS_SHOWN, selection.limit or ROWS_SHOWN))
            total = max(0, found.about() - selection.start_index)
            total = min(total, selection.limit) if selection.limit else total
            titles = [title_of(each + ROW_EXTENSION) for each in keys]
            return {
                "directory": key.directory,
                "loop": key.id,
                "known": registry.is_known(key),
                "forgets": registry.forgets,
                "total": total * (len(variants.labelled) if variants else 1),
                "entries": total,
                "variants": variant_count(variants, has_variants=asked.has_variants),
                "exact": found.count() is not None,
                "new": joining(key, asked, found),
                "same": asked.is_as_batch(registry, key),
                "first": titles[0] if titles else None,
                "last": titles[-1] if titles else None,
                "nothing": None,
                "format": found.format.text,
                "columns": list(found.columns),
                "rows": [
                    [text_of(cell)[:_LONGEST_CELL] for cell in cells[:_COLUMNS_SHOWN]]
                    for _, cells in map(found.read, keys)
                ],
            }

        return as_answer(await in_thread(Threads.FOLDERS, look))
