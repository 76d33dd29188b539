"""The routes for the operating system's folder dialog.

It opens only for pages on the server's own machine, whose user could just as well edit the list of
allowed folders.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from aiohttp import web

from ..choosing.allow_folder import allow
from ..choosing.folder_dialog import FolderDialog, dialog_command, folder_to_start_in
from ..comfy.request_origin import is_on_this_machine
from ..comfy.threads import Threads, in_thread
from ..common.errors import NoDialog, Refused
from ..common.names import ROUTE_PREFIX
from ..files.allowed_paths import AllowedFolders, as_written
from .answers import answered, as_answer
from .requests import json_body

_START = '{"start": the path of the folder to begin in} or {}'
_ELSEWHERE = (
    "The dialog opens on the machine that ComfyUI runs on, and this page is on another one, or "
    "came through a proxy. Open ComfyUI there, at http://127.0.0.1."
)


def add_routes(table: web.RouteTableDef, allowed_folders: Callable[[], AllowedFolders]) -> None:
    """Add the routes to `table`."""
    dialog = FolderDialog()

    @table.get(f"{ROUTE_PREFIX}/folders/chooser")
    @answered
    async def chooser(request: web.Request) -> web.Response:
        """Whether the dialog can be opened for this page."""
        return as_answer(await in_thread(Threads.FOLDERS, _chooser, request, allowed_folders))

    @table.post(f"{ROUTE_PREFIX}/folders/choose")
    @answered
    async def choose(request: web.Request) -> web.Response:
        """Open the dialog, wait for the choice, and allow the chosen folder."""
        if not is_on_this_machine(request):
            raise Refused(_ELSEWHERE, 403)
        start = (await json_body(request, _START)).get("start")
        if not isinstance(start, str | None):
            raise Refused(f"Send {_START}.")
        chosen = await dialog.choose(
            await in_thread(Threads.FOLDERS, folder_to_start_in, start or "", allowed_folders())
        )
        if chosen is None:
            return as_answer(
                {"directory": None, "parent": None, "written": "", "holds_comfyui": False}
            )
        return as_answer(await in_thread(Threads.FOLDERS, _allowed, chosen, allowed_folders))


def _allowed(chosen: str, allowed_folders: Callable[[], AllowedFolders]) -> dict[str, Any]:
    """Allow a folder, and tell whether it contains ComfyUI, so a smaller one would be better."""
    directory = allow(chosen, allowed_folders())
    allowed = allowed_folders()
    return {
        "directory": directory,
        "parent": os.path.dirname(directory),
        "written": as_written(directory, allowed),
        "holds_comfyui": allowed.protected.is_held_by(directory),
    }


def _chooser(request: web.Request, allowed_folders: Callable[[], AllowedFolders]) -> dict[str, Any]:
    if not is_on_this_machine(request):
        return {"dialog": False, "reason": _ELSEWHERE, "file": None}
    reason = ""
    try:
        dialog_command()
    except NoDialog as error:
        reason = str(error)
    return {"dialog": not reason, "reason": reason, "file": allowed_folders().how_to_allow}
