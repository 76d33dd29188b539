"""The allow-list of this ComfyUI, as it is now: a person may add a folder while ComfyUI runs."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from ..files.allowed_paths import AllowedFolders
from ..files.folder_list import allowed_dirs_file, state_dir
from ..files.protected import CUSTOM_NODES
from .environment import settings

FRESH_SECONDS = 1.0
"""How long a prompt that runs may go by a look, such as that of its validation."""


class Folders(Protocol):
    """Where ComfyUI has its folders; `core.comfy.host` answers."""

    def input_folder(self) -> str:
        """The folder of inputs."""

    def output_folder(self) -> str:
        """The folder of results."""

    def temp_folder(self) -> str:
        """The folder of what ComfyUI deletes when it starts."""

    def user_folder(self) -> str:
        """The folder of what users keep."""

    def program_folders(self) -> dict[str, tuple[str, ...]]:
        """ComfyUI's own folders, which no workflow may change, by name."""


class _Looked(NamedTuple):
    """What a look has found."""

    depends_on: tuple[Any, ...]
    """What the list was made of, and the identities of the files and folders it depends on."""
    folders: AllowedFolders
    at: float
    """When it was looked, by the clock."""


class AllowList:
    """Reads the allow-list again only if something that it depends on has changed."""

    def __init__(self, host: Folders, clock: Callable[[], float] = time.monotonic) -> None:
        self._host = host
        self._clock = clock
        self._last: _Looked | None = None

    def now(self) -> AllowedFolders:
        """The allow-list as it is."""
        host, last = self._host, self._last
        folders = (host.input_folder(), host.output_folder(), host.temp_folder())
        user, comfyui = host.user_folder(), host.program_folders()
        # Each may have been replaced, by a link or by another file; adding a pack by a link changes
        # the modification time of the folder of packs.
        watched = (*folders, state_dir(user), allowed_dirs_file(user))
        identities = (*map(_identity, watched), *map(_changed_at, comfyui[CUSTOM_NODES]))
        depends_on = (folders, user, tuple(comfyui.items()), identities)
        at = self._clock()
        if last is None or last.depends_on != depends_on:
            last = _Looked(depends_on, _loaded(folders, user, comfyui), at)
        self._last = last._replace(at=at)
        return last.folders

    def of_run(self) -> AllowedFolders:
        """The allow-list for a prompt that runs: its validation has often just looked.

        Eight looks at the disk, each of which may hand the interpreter to another thread, would
        come between two items.
        """
        last = self._last
        if last is not None and self._clock() - last.at <= FRESH_SECONDS:
            return last.folders
        return self.now()


def _loaded(
    folders: tuple[str, str, str], user: str, comfyui: dict[str, tuple[str, ...]]
) -> AllowedFolders:
    input_dir, output_dir, temp_dir = folders
    return AllowedFolders.load(
        input_dir=input_dir,
        output_dir=output_dir,
        temp_dir=temp_dir,
        user_dir=user,
        listed=settings().allowed_dirs,
        comfyui=comfyui,
    )


def _changed_at(folder: str) -> float:
    """When an entry of a folder was last added or removed; 0 if there is no such folder."""
    try:
        return os.stat(folder).st_mtime
    except OSError:
        return 0.0


def _identity(path: str) -> tuple[int, ...] | None:
    """Changes when a file or folder is replaced; None if there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    # A folder's times change with each file in it, so they are left out.
    is_folder = stat.S_ISDIR(found.st_mode)
    times = () if is_folder else (found.st_mtime_ns, found.st_ctime_ns, found.st_size)
    return (found.st_dev, found.st_ino, *times)
