"""Removes templates whose nodes are missing from those that ComfyUI offers."""

from __future__ import annotations

import json
import os
from collections.abc import Awaitable, Callable
from typing import Protocol

from aiohttp import web

from .. import PACK_FOLDER

WITH_NATIVE_LOOPS = frozenset({"Loop several times over each image"})
"""Templates that contain ComfyUI's own Start Loop and End Loop."""

_ROUTES = frozenset({"/workflow_templates", "/api/workflow_templates"})

# ComfyUI lists a pack's templates under the name of its folder in custom_nodes.
_PACK = os.path.basename(PACK_FOLDER)

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Nodes(Protocol):
    """Tells which nodes there are."""

    def has_native_loops(self) -> bool:
        """Whether ComfyUI has loops of its own."""


def leaves_out_templates(nodes: Nodes) -> Callable[..., Awaitable[web.StreamResponse]]:
    """A middleware that removes templates whose nodes are missing from ComfyUI's list.

    ComfyUI lists every workflow in a pack's `examples`, whatever its nodes. `nodes` is asked at
    each request, as other packs may be loaded after this one.
    """

    @web.middleware
    async def middleware(request: web.Request, handler: _Handler) -> web.StreamResponse:
        answer = await handler(request)
        is_asked = request.path in _ROUTES and not nodes.has_native_loops()
        if is_asked and isinstance(answer, web.Response):
            _leave_out(answer, WITH_NATIVE_LOOPS)
        return answer

    return middleware


def _leave_out(answer: web.Response, names: frozenset[str]) -> None:
    """Remove templates of this pack from a response, if it has the expected form."""
    try:
        listed = json.loads(answer.text or "")
        listed[_PACK] = [name for name in listed[_PACK] if name not in names]
    except (ValueError, TypeError, LookupError):
        return
    answer.body = json.dumps(listed).encode()
