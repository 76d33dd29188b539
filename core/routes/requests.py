"""Reading requests: the JSON body, numbers, and the loop's id."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from ..common.errors import Refused, UnknownLoop
from ..engine.registry import LoopRegistry
from ..files.allowed_paths import AllowedFolders, resolve_source
from ..model.directory_iterator_settings import LISTING, IteratorSettings
from ..model.loop_key import LoopKey, title_named, workflow_named

_LARGEST_BODY = 2**16
"""In bytes; a path and a name take far less."""


async def json_body(request: web.Request, expected: str) -> dict[str, Any]:
    """The JSON object in a request's body; Refused for anything else.

    `expected` describes the body for the error message.
    """
    # Browsers without Sec-Fetch-Site let pages of other sites post forms here, but not JSON.
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
    """The body, or just enough of it to see that it is too large."""
    text = b""
    while len(text) <= _LARGEST_BODY and (more := await request.content.readany()):
        text += more
    return text


def checked_id(loop_id: str) -> str:
    """Return `loop_id` if a loop can have it; else raise UnknownLoop, without repeating it."""
    if not re.fullmatch(r"[0-9a-f]{16}", loop_id):
        message = "No loop has this id. Directory Iterator reports the id of its loop."
        raise UnknownLoop(message)
    return loop_id


def workflow_of(body: Mapping[str, Any]) -> str:
    """The id of the workflow named in a request's body; empty if there is none."""
    return workflow_named(body.get("workflow"))


def title_of(body: Mapping[str, Any]) -> str:
    """The workflow's name in a request's body; empty if there is none."""
    return title_named(body.get("title"))


@dataclass(frozen=True)
class AskedFolder:
    """The folder that a request's body is about, under a Directory Iterator's settings."""

    settings: IteratorSettings
    workflow: str

    @classmethod
    def of(cls, body: Mapping[str, Any], names: Collection[str] = LISTING) -> AskedFolder:
        """The folder in a request's body, with the settings of `names`; raises InvalidSetting."""
        return cls(IteratorSettings.of_json(body, names), workflow_of(body))

    def key(self, registry: LoopRegistry, allowed: AllowedFolders) -> LoopKey:
        """The loop of it, which may never have run; reads the disk, and raises PathRefused."""
        folder = resolve_source(self.settings.directory, allowed)
        return registry.key(self.settings.loop_name, folder, self.workflow)


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
