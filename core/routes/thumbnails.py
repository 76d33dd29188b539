"""The route for thumbnails of images and their results."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import ETag, web

from ..common.names import ROUTE_PREFIX
from ..engine.registry import LoopRegistry
from ..files.allowed_paths import AllowedFolders
from ..pictures.frames import FramePictures
from ..pictures.thumbnail import (
    LARGEST,
    SMALLEST,
    Thumbnail,
    thumbnail,
    thumbnail_of_frame,
    thumbnail_pool,
)
from .answers import answered
from .asked_picture import asked_picture, made_in
from .items_to_try import Listed
from .requests import number

_USUAL_SIZE = 256


def add_routes(
    table: web.RouteTableDef,
    registry: LoopRegistry,
    allowed_folders: Callable[[], AllowedFolders],
    listed: Listed,
    frames: FramePictures,
) -> None:
    """Add the route to `table`."""
    pool = thumbnail_pool()

    @table.get(f"{ROUTE_PREFIX}/loops/{{loop}}/thumbnail")
    @answered
    async def small_picture(request: web.Request) -> web.Response:
        """A thumbnail of an image, or of one of its results."""
        asked = asked_picture(request)
        size = number(request, "size", _USUAL_SIZE, SMALLEST, LARGEST)

        def make() -> Thumbnail:
            frame = asked.frame(registry, allowed_folders(), listed)
            if frame is not None:
                return thumbnail_of_frame(frames, *frame, size, asked.known.__contains__)
            with asked.opened(registry, allowed_folders(), listed) as (_, opened):
                return thumbnail(opened, size, asked.known.__contains__)

        made = await made_in(pool, make)
        return web.Response(status=204) if made is None else _as_answer(made)


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
