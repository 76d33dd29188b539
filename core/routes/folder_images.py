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
from .answers import answered, as_answer
from .requests import AskedFolder, json_body

_SETTINGS = '{"directory": path}, further settings of Directory Iterator, and "contains"'
_MOST = 100
"""How many images an answer has: a person narrows them down by typing."""
_KEPT = 5_000


class Listed:
    """The images that pages have lately been told of, so that thumbnails of them may be asked for.

    So no thumbnail is made of a path that only a page names.
    """

    def __init__(self) -> None:
        self._paths: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._lock = Lock()

    def note(self, key: LoopKey, paths: Iterable[str]) -> None:
        """Remember these paths, which are relative to a loop's folder."""
        with self._lock:
            for path in paths:
                self._paths[key.id, path] = key.full(path)
                self._paths.move_to_end((key.id, path))
            while len(self._paths) > _KEPT:
                self._paths.popitem(last=False)

    def full_path(self, loop_id: str, path: str) -> str | None:
        """Full path of an image that has been listed; None for any other."""
        with self._lock:
            return self._paths.get((loop_id, path))


def add_routes(
    table: web.RouteTableDef,
    registry: LoopRegistry,
    allowed_folders: Callable[[], AllowedFolders],
    listed: Listed,
) -> None:
    """Add the route to `table`."""

    @table.post(f"{ROUTE_PREFIX}/folder/images")
    @answered
    async def images(request: web.Request) -> web.Response:
        """The first images of a folder whose paths contain a text."""
        body = await json_body(request, _SETTINGS)
        asked = AskedFolder.of(body)
        contains = body.get("contains", "")
        if not isinstance(contains, str):
            raise Refused("contains must be text.")

        def look() -> dict[str, Any]:
            key = asked.key(registry, allowed_folders())
            _, paths = registry.preview(key, asked.settings.selection())
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
