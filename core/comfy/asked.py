"""Whether a prompt is sent from this machine: only there it is told where its files are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import ContextVar

from aiohttp import web

from ..common.errors import BatchLoopError
from .origin import is_on_this_machine

_from_here: ContextVar[bool] = ContextVar("batch_loop_from_here", default=False)

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def notes_where_from(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """Remember for the length of a request whether it comes from this machine."""
    _from_here.set(is_on_this_machine(request))
    return await handler(request)


def is_from_here() -> bool:
    """Whether the request that is being answered comes from this machine."""
    return _from_here.get()


def told(error: BatchLoopError) -> str:
    """What whoever sent the request is told of an error."""
    return str(error) if is_from_here() else error.elsewhere
