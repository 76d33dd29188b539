"""The routes' responses: JSON, including errors."""

from __future__ import annotations

import functools
import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from aiohttp import web

from ..comfy.request_origin import is_on_this_machine, refuse_other_sites
from ..common.errors import (
    BatchLoopError,
    FolderNotFound,
    NoDialog,
    NotNow,
    PathRefused,
    Refused,
    StateNotKept,
    StoreAway,
    UnknownItem,
    UnknownLoop,
    UnwritableImage,
)

Answer = TypeVar("Answer", bound=web.StreamResponse)
Handler = Callable[[web.Request], Awaitable[Answer]]

_STATUSES: dict[type[BatchLoopError], int] = {
    PathRefused: 403,
    UnknownLoop: 404,
    UnknownItem: 404,
    NotNow: 409,
    UnwritableImage: 500,
    NoDialog: 501,
    StateNotKept: 503,
}
"""HTTP statuses by error; any other error is the request's own fault."""

_BAD_REQUEST = 400

_FOLDER_NOT_FOUND = "folder_not_found"
"""The `kind` of the only error that a page has to tell from others of the same status."""


def answered(handler: Handler[Answer]) -> Handler[web.StreamResponse]:
    """Wrap a handler so that its errors become `{"error": …}` with a suitable status.

    A missing folder also has a `kind`.

    Requests from pages of other sites are refused.
    """

    @functools.wraps(handler)
    async def handled(request: web.Request) -> web.StreamResponse:
        try:
            refuse_other_sites(request)
            return await handler(request)
        except BatchLoopError as error:
            # Pages on other machines must not learn where files are on this one.
            said = str(error) if is_on_this_machine(request) else error.elsewhere
            kind = _FOLDER_NOT_FOUND if isinstance(error, FolderNotFound) else None
            answer = _error(said, _status_of(error), kind)
            if isinstance(error, StoreAway):
                answer.headers["Retry-After"] = "1"
            return answer

    return handled


def as_answer(found: Any) -> web.Response:
    """A JSON response."""
    return web.json_response(found, dumps=_compact)


_compact = functools.partial(json.dumps, separators=(",", ":"))


def _status_of(error: BatchLoopError) -> int:
    if isinstance(error, Refused):
        return error.status
    found = (_STATUSES[kind] for kind in type(error).mro() if kind in _STATUSES)
    return next(found, _BAD_REQUEST)


def _error(said: str, status: int, kind: str | None) -> web.Response:
    body = {"error": said} if kind is None else {"error": said, "kind": kind}
    return web.json_response(body, status=status)
