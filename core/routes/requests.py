"""What a request brings: its body, its numbers, and the loop that it names."""

from __future__ import annotations

import json
import re
from typing import Any

from aiohttp import web

from ..common.errors import Refused, UnknownLoop

_LARGEST_BODY = 2**16
"""Bytes; a path and a name are far less."""


async def json_body(request: web.Request, expected: str) -> dict[str, Any]:
    """The JSON object that a page of ComfyUI or a script has sent; Refused for all else.

    `expected` says what should have been sent.
    """
    # A page elsewhere can make a browser without that header post a form here, but not JSON.
    if request.content_type != "application/json":
        raise Refused(f"Send {expected} as JSON, with content type application/json.", 415)
    text = await _start_of_body(request)
    if len(text) > _LARGEST_BODY:
        raise Refused(f"The body is larger than {_LARGEST_BODY} bytes. Send {expected}.", 413)
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        raise Refused(f"The body is not JSON in UTF-8. Send {expected}.") from None
    if not isinstance(body, dict):
        raise Refused(f"Send {expected}.")
    return body


async def _start_of_body(request: web.Request) -> bytes:
    """The body, or as much of it as shows that it is too large."""
    text = b""
    while len(text) <= _LARGEST_BODY and (more := await request.content.readany()):
        text += more
    return text


def checked_id(loop_id: str) -> str:
    """An id that a loop may have; UnknownLoop for all else, which is not repeated."""
    if not re.fullmatch(r"[0-9a-f]{16}", loop_id):
        message = "No loop has such an id. The id of a loop is in what Directory Iterator says."
        raise UnknownLoop(message)
    return loop_id


def loop_of(request: web.Request) -> str:
    """The id of the loop in a request's address; UnknownLoop."""
    return checked_id(request.match_info["loop"])


def number(request: web.Request, name: str, default: int, least: int, most: int) -> int:
    """A whole number of the query; one outside of `least` to `most` counts as the nearest."""
    text = request.query.get(name)
    if text is None:
        return default
    # Of no more digits than can matter: Python takes long for very many.
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise Refused(f"{name} has to be a whole number from {least} to {most}.")
    return min(max(int(text), least), most)
