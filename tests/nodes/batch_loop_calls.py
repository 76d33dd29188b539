"""Reports which files of the pack call which; loaded only by the server of one test.

Nothing is patched: a profiler sees each call. `POST /calls` answers with the calls so far: for each
file, the files that ran below one of its functions.

There is no lock: garbage may be collected in any step, and what a finalizer calls is a call, too,
which would wait for the lock that its own thread holds. Each step below is done at once.
"""

from __future__ import annotations

import os
import sys
import threading
from types import FrameType
from typing import Any, ClassVar

from aiohttp import web
from server import PromptServer

OF_THE_PACK = f"{os.sep}batch-loop{os.sep}"

_calls: dict[str, set[str]] = {}
_threads = threading.local()


def _place(frame: FrameType) -> str | None:
    """A function's file, relative to the pack's root; None outside of the pack."""
    _, of_the_pack, path = frame.f_code.co_filename.rpartition(OF_THE_PACK)
    return path.replace(os.sep, "/") if of_the_pack else None


def _on_call(frame: FrameType, event: str, _argument: Any) -> None:
    place = _place(frame) if event in {"call", "return"} else None
    if place is None:
        return
    stack: list[str] = _threads.__dict__.setdefault("stack", [])
    if event == "return":
        if stack:
            stack.pop()
        return
    for caller in stack.copy():
        _calls.setdefault(caller, set()).add(place)
    stack.append(place)


@PromptServer.instance.routes.post("/calls")
async def calls(_request: web.Request) -> web.Response:
    """Answer with what was called so far."""
    found = list(_calls.items())
    return web.json_response({caller: sorted(called.copy()) for caller, called in found})


threading.setprofile(_on_call)
sys.setprofile(_on_call)

NODE_CLASS_MAPPINGS: ClassVar = {}
