"""The route for thumbnails of images and their results."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiohttp import ETag, web

from ..common.errors import UnknownItem, UnknownLoop, UnreadableImage
from ..common.names import ROUTE_PREFIX
from ..engine.registry import LoopRegistry
from ..files.allowed_paths import AllowedFolders, check_source_file
from ..files.unreadable import opened_image
from ..model.directory_iterator_settings import LARGEST_NUMBER
from ..pictures.thumbnail import LARGEST, SMALLEST, Thumbnail, thumbnail, thumbnail_pool
from .answers import answered
from .requests import loop_of, number

_USUAL_SIZE = 256


def add_routes(
    table: web.RouteTableDef,
    registry: LoopRegistry,
    allowed_folders: Callable[[], AllowedFolders],
) -> None:
    """Add the route to `table`."""
    pool = thumbnail_pool()

    @table.get(f"{ROUTE_PREFIX}/loops/{{loop}}/thumbnail")
    @answered
    async def small_picture(request: web.Request) -> web.Response:
        """A thumbnail of an image, or of one of its results."""
        loop_id, path = loop_of(request), request.query.get("path", "")
        output = None
        if "output" in request.query:
            output = number(request, "output", 0, 0, LARGEST_NUMBER)
        size = number(request, "size", _USUAL_SIZE, SMALLEST, LARGEST)
        known = {tag.value for tag in request.if_none_match or ()}

        def make() -> Thumbnail:
            file = registry.file_of(loop_id, path, output)
            with opened_image(check_source_file(file, allowed_folders())) as opened:
                return thumbnail(opened, size, known.__contains__)

        try:
            made = await asyncio.get_running_loop().run_in_executor(pool, make)
        except (UnknownItem, UnknownLoop, UnreadableImage):
            # The page asks for an image that was there a moment ago; a browser would log an error.
            return web.Response(status=204)
        return _as_answer(made)


def _as_answer(made: Thumbnail) -> web.Response:
    answer = (
        web.Response(status=304)
        if made.data is None
        else web.Response(body=made.data, content_type="image/webp")
    )
    answer.etag = ETag(made.tag)
    # May be cached but must be revalidated: the next run may write another file of that name.
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer
