"""The operating system's dialog for choosing a folder, on the server's machine.

ComfyUI has no window, so another program shows it. It is started without a shell and each value is
a separate argument, so that a folder's name is never taken for a command.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import os
import shutil
import sys
from collections.abc import Callable, Mapping
from importlib.util import find_spec

from ..common.errors import BatchLoopError, NoDialog, NotNow
from ..files.allowed_paths import AllowedFolders, resolve_shown

_log = logging.getLogger(__name__)

_TITLE = "Choose a folder of images"
_LONGEST_SECONDS = 600.0
"""A dialog that nobody sees, perhaps on another screen, must not block further ones for ever."""

_CANCELLED = 1
"""Exit code of the Linux programs when their dialog is cancelled. The others print nothing."""
_SIGNS_OF_FAILURE = ("open display", "execution error", "Traceback")
"""What zenity (without a screen), osascript and Python print when they fail with the same code."""

_NO_WINDOW = 0x08000000
"""Windows' flag for a child process without a console window."""
_WINDOWS_PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tk_dialog.py")
_WINDOWS_NEEDS = "_tkinter"
"""A module of the standard library that embedded Pythons may lack."""

_SCREENS = ("DISPLAY", "WAYLAND_DISPLAY")
"""Linux's environment variables for the screen, one of which is set if there is one."""

_MAC_PROGRAM = "/usr/bin/osascript"
_MAC_SCRIPT = (
    "on run arguments",
    "activate",
    "set heading to item 1 of arguments",
    "try",
    "if (count of arguments) is 1 then return POSIX path of (choose folder with prompt heading)",
    "set start to (POSIX file (item 2 of arguments)) as alias",
    "return POSIX path of (choose folder with prompt heading default location start)",
    "on error number -128",  # cancelled
    'return ""',
    "end try",
    "end run",
)


_start = functools.partial(
    asyncio.create_subprocess_exec,
    stdin=asyncio.subprocess.DEVNULL,
    stdout=asyncio.subprocess.PIPE,
    stderr=asyncio.subprocess.PIPE,
    creationflags=_NO_WINDOW if os.name == "nt" else 0,
)
"""Start a program from its path and arguments, without a shell."""


class FolderDialog:
    """This process's folder dialog; only one can be open at a time."""

    def __init__(self) -> None:
        self._is_open = False

    async def choose(self, start: str | None) -> str | None:
        """Open the dialog at the folder `start`, and return the path of the chosen folder.

        Returns None if the dialog is cancelled, or nothing happens for ten minutes.

        Raises:
            NotNow: a dialog is open already.
            NoDialog: this machine has none, or it could not be shown.

        """
        if self._is_open:
            raise NotNow(
                "A folder dialog is open already, maybe behind other windows. Choose a folder in "
                "it, or close it, and try again."
            )
        command = dialog_command(start)
        self._is_open = True
        try:
            return await _answer(command)
        finally:
            self._is_open = False


def folder_to_start_in(folder: str, allowed: AllowedFolders) -> str | None:
    """The real path of a folder to start the dialog in; None for one that is not allowed.

    It may also be the folder that directly contains an allowed one, so that the search for the next
    folder can begin beside the last.
    """
    with contextlib.suppress(BatchLoopError):
        return resolve_shown(folder, allowed)
    around = {os.path.dirname(each) for each in allowed.extra}
    return folder if folder in around and os.path.isdir(folder) else None


def dialog_command(
    start: str | None = None,
    platform: str = sys.platform,
    environ: Mapping[str, str] = os.environ,
) -> list[str]:
    """The program that shows the dialog at the folder `start`, with its arguments.

    The program prints the chosen folder. Raises `NoDialog` if there is no such program.
    """
    if platform == "win32":
        if find_spec(_WINDOWS_NEEDS) is None:
            raise NoDialog("ComfyUI's Python has no tkinter, which the dialog needs.")
        return [sys.executable, "-I", _WINDOWS_PROGRAM, _TITLE, *([start] if start else [])]
    if platform == "darwin":
        lines = [part for line in _MAC_SCRIPT for part in ("-e", line)]
        return [_MAC_PROGRAM, *lines, _TITLE, *([start] if start else [])]
    if not any(environ.get(name) for name in _SCREENS):
        _log.info("Batch Loop: no folder dialog, as neither %s is set", " nor ".join(_SCREENS))
        raise NoDialog(
            "ComfyUI runs without a screen, so it cannot open its own window: choose from the "
            "folders that are listed here."
        )
    for name, arguments in _DESKTOP_PROGRAMS.items():
        program = shutil.which(name, path=environ.get("PATH"))
        if program is not None:
            return [program, *arguments(start)]
    names = " nor ".join(_DESKTOP_PROGRAMS)
    raise NoDialog(f"Neither {names} is installed on this machine. Install one of them.")


def _zenity(start: str | None) -> list[str]:
    # zenity starts in a path that ends with a slash, and selects one that does not.
    at = [] if start is None else [f"--filename={os.path.join(start, '')}"]
    return ["--file-selection", "--directory", f"--title={_TITLE}", *at]


def _kdialog(start: str | None) -> list[str]:
    return [f"--title={_TITLE}", "--getexistingdirectory", start or os.path.expanduser("~")]


_DESKTOP_PROGRAMS: Mapping[str, Callable[[str | None], list[str]]] = {
    "zenity": _zenity,
    "kdialog": _kdialog,
}


async def _answer(command: list[str]) -> str | None:
    """Run a dialog's program and return the chosen folder; None if the dialog is cancelled."""
    try:
        process = await _start(*command)
    # NotImplementedError: not every event loop on Windows can start programs.
    except (OSError, NotImplementedError) as error:
        raise NoDialog(_failed(str(error))) from error
    try:
        said, complaint = await asyncio.wait_for(process.communicate(), _LONGEST_SECONDS)
    except asyncio.TimeoutError:
        return None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    reason = complaint.decode("utf-8", "replace").strip()
    if process.returncode == _CANCELLED and not any(sign in reason for sign in _SIGNS_OF_FAILURE):
        return None
    if process.returncode != 0:
        raise NoDialog(_failed(reason or f"it ended with {process.returncode}"))
    return os.fsdecode(said).removesuffix("\n") or None


def _failed(reason: str) -> str:
    last = reason.splitlines()[-1].rstrip(".")
    return f"The folder dialog could not be shown: {last}. Write the folder's path instead."
