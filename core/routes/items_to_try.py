"""The route that lists items of which one can be tried, before anything runs."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from threading import Lock
from typing import Any

from aiohttp import web

from ..comfy.threads import Threads, in_thread
from ..common.errors import Refused
from ..common.names import ROUTE_PREFIX
from ..engine.registry import LoopRegistry
from ..engine.trial_choice import find, wanted
from ..files.allowed_paths import AllowedFolders
from ..films.facts import facts
from ..model.loop_key import FRAMES, ROWS, LoopKey
from ..model.settings.setting import LARGEST_NUMBER
from ..model.titles import title_of
from ..sources.interface import Source
from ..sources.rows import Rows
from ..sources.variant_values import FilesOf
from ..turn.iterator_kinds import KINDS
from .answers import answered, as_answer
from .asked_items import LARGEST_TABLE, AskedItems
from .requests import json_body

_SETTINGS = 'the settings of the iterator, and as needed "contains" and "start"'
_KEPT = 5_000


class Listed:
    """The items that pages have lately been told of, so that thumbnails of them may be asked for.

    So no thumbnail is made of a path that only a page names.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._keys: OrderedDict[tuple[str, str], LoopKey] = OrderedDict()
        self._lock = Lock()

    def note(self, key: LoopKey, paths: Iterable[str]) -> None:
        """Remember these paths, which are relative to a loop's folder."""
        with self._lock:
            for path in paths:
                self._keys[key.id, path] = key
                self._keys.move_to_end((key.id, path))
            while len(self._keys) > _KEPT:
                self._keys.popitem(last=False)

    def key(self, loop_id: str, path: str) -> LoopKey | None:
        """The loop of an item that has been listed; None for any other."""
        with self._lock:
            return self._keys.get((loop_id, path))

    def full_path(self, loop_id: str, path: str) -> str | None:
        """Full path of the file of an item that has been listed; None for any other."""
        key = self.key(loop_id, path)
        return None if key is None else self._source.file(key, path)


def add_routes(  # noqa: PLR0913, PLR0917 - what the answers are made of
    table: web.RouteTableDef,
    registry: LoopRegistry,
    allowed_folders: Callable[[], AllowedFolders],
    listed: Listed,
    rows: Rows,
    files_of: FilesOf,
) -> None:
    """Add the route to `table`."""

    @table.post(f"{ROUTE_PREFIX}/items")
    @answered
    async def items(request: web.Request) -> web.Response:
        """The first items of an iterator, from a place on, that are meant by a text."""
        body = await json_body(request, _SETTINGS, LARGEST_TABLE)
        contains, start = body.get("contains", ""), body.get("start", 0)
        if not isinstance(contains, str):
            raise Refused("contains must be text.")
        if type(start) is not int or not 0 <= start <= LARGEST_NUMBER:
            raise Refused(f"start must be a whole number from 0 to {LARGEST_NUMBER}.")

        def look() -> dict[str, Any]:
            # Variants of files are looked for on the disk.
            asked = AskedItems.of(body, files_of, classes=KINDS)
            key, selection = asked.key(registry, allowed_folders()), asked.selection
            fps = float(facts(key.directory, count=False).fps) if key.kind == FRAMES else 0.0
            # A row is found by all of its columns, of which its title is only the first.
            more = rows.texts_by_path(key, selection) if key.kind == ROWS else _no_more
            meant = wanted(key, selection, contains, fps, more)
            found = find(registry, key, selection, meant, start)
            listed.note(key, found.paths)
            return {
                "loop": key.id,
                "items": [{"path": path, "title": title_of(path)} for path in found.paths],
                "more_from": found.more_from,
                "next": registry.next_pending(key),
                "fps": round(fps, 3),
            }

        return as_answer(await in_thread(Threads.FOLDERS, look))


def _no_more(_paths: Sequence[str]) -> Mapping[str, str]:
    return {}
