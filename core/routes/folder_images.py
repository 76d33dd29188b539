"""The route that lists a folder's images, of which one can be tried before anything runs."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from itertools import islice
from threading import Lock
from typing import Any

from aiohttp import web

from ..comfy.threads import Threads, in_thread
from ..common.errors import Refused
from ..common.names import ROUTE_PREFIX
from ..engine.registry import LoopRegistry
from ..files.allowed_paths import AllowedFolders
from ..model.loop_key import LoopKey
from ..sources.interface import Source
from ..sources.variant_values import FilesOf
from .answers import answered, as_answer
from .asked_items import LARGEST_BODY, AskedItems
from .requests import json_body

_SETTINGS = '{"directory": path}, further settings of the iterator, and "contains"'
_MOST = 100
"""How many images an answer has: a person narrows them down by typing."""
_KEPT = 5_000


class Listed:
    """The images that pages have lately been told of, so that thumbnails of them may be asked for.

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
        """The loop of an image that has been listed; None for any other."""
        with self._lock:
            return self._keys.get((loop_id, path))

    def full_path(self, loop_id: str, path: str) -> str | None:
        """Full path of an image that has been listed; None for any other."""
        key = self.key(loop_id, path)
        return None if key is None else self._source.file(key, path)


def add_routes(
    table: web.RouteTableDef,
    registry: LoopRegistry,
    allowed_folders: Callable[[], AllowedFolders],
    listed: Listed,
    files_of: FilesOf,
) -> None:
    """Add the route to `table`."""

    @table.post(f"{ROUTE_PREFIX}/folder/images")
    @answered
    async def images(request: web.Request) -> web.Response:
        """The first images of a folder whose paths contain a text."""
        body = await json_body(request, _SETTINGS, LARGEST_BODY)
        contains = body.get("contains", "")
        if not isinstance(contains, str):
            raise Refused("contains must be text.")

        def look() -> dict[str, Any]:
            # Variants of files are looked for on the disk.
            asked = AskedItems.of(body, files_of)
            key = asked.key(registry, allowed_folders())
            _, paths = registry.preview(key, asked.selection)
            wanted = contains.casefold()
            found = (path for path in paths if wanted in path.casefold())
            shown = list(islice(found, _MOST))
            listed.note(key, shown)
            return {
                "loop": key.id,
                "images": shown,
                "more": next(found, None) is not None,
                "next": registry.next_pending(key),
            }

        return as_answer(await in_thread(Threads.FOLDERS, look))
