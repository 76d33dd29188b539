"""Reading requests: the JSON body, numbers, and the loop's id."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from ..common.errors import Refused, UnknownLoop
from ..model.loop_key import title_named, workflow_named

_LARGEST_BODY = 2**16
"""In bytes; a path and a name take far less."""


async def json_body(
    request: web.Request, expected: str, largest: int = _LARGEST_BODY
) -> dict[str, Any]:
    """The JSON object in a request's body; Refused for anything else.

    `expected` describes the body for the error message; it has `largest` bytes at most.
    """
    # Browsers without Sec-Fetch-Site let pages of other sites post forms here, but not JSON.
    if request.content_type != "application/json":
        raise Refused(f"Send {expected} as JSON, with content type application/json.", 415)
    text = await _start_of_body(request, largest)
    if len(text) > largest:
        raise Refused(f"The body is larger than {largest} bytes. Send {expected}.", 413)
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        raise Refused(f"The body is not JSON in UTF-8. Send {expected}.") from None
    if not isinstance(body, dict):
        raise Refused(f"Send {expected}.")
    return body


async def _start_of_body(request: web.Request, largest: int) -> bytes:
    """The body, or just enough of it to see that it is too large."""
    text = b""
    while len(text) <= largest and (more := await request.content.readany()):
        text += more
    return text


def checked_id(loop_id: str) -> str:
    """Return `loop_id` if a loop can have it; else raise UnknownLoop, without repeating it."""
    if not re.fullmatch(r"[0-9a-f]{16}", loop_id):
        message = "No loop has this id. Iterators report the ids of their loops."
        raise UnknownLoop(message)
    return loop_id


def workflow_of(body: Mapping[str, Any]) -> str:
    """The id of the workflow named in a request's body; empty if there is none."""
    return workflow_named(body.get("workflow"))


def title_of(body: Mapping[str, Any]) -> str:
    """The workflow's name in a request's body; empty if there is none."""
    return title_named(body.get("title"))


def loop_of(request: web.Request) -> str:
    """The id of the loop in a request's path; raises UnknownLoop."""
    return checked_id(request.match_info["loop"])


def number(request: web.Request, name: str, default: int, least: int, most: int) -> int:
    """A whole number from the query, clamped to `least` and `most`; Refused for anything else."""
    text = request.query.get(name)
    if text is None:
        return default
    # Python takes long to parse very many digits, and more than these make no difference.
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise Refused(f"{name} must be a whole number from {least} to {most}.")
    return min(max(int(text), least), most)
