"""The one registry and the one host of this process."""

from __future__ import annotations

import atexit
import functools
import os
import threading

from .host import ComfyHost
from .io.leftovers import sweep_once
from .io.listing import list_images, modified_at
from .io.paths import AllowedFolders
from .loop.database import open_store
from .loop.registry import LoopRegistry
from .loop.store import MemoryStore, Store
from .names import ENV_PREFIX

STATE_VARIABLE = ENV_PREFIX + "STATE"
"""Environment variable that, as `memory`, has loops forgotten when ComfyUI ends."""


@functools.cache
def host() -> ComfyHost:
    """The ComfyUI that this process is."""
    return ComfyHost()


@functools.cache
def registry() -> LoopRegistry:
    """The registry that all nodes share."""
    return LoopRegistry(_store(), host(), list_images, modified_at)


def start() -> None:
    """Clean up behind the server before this one, and see to it that this one leaves no loose end.

    Call once, when ComfyUI's server is there.
    """
    shared = registry()
    # The disk may be slow, and ComfyUI is to start.
    threading.Thread(target=_sweep, args=(shared,), name="batch-loop-sweep", daemon=True).start()
    atexit.register(shared.settle)


def _sweep(shared: LoopRegistry) -> None:
    """Delete the unfinished files that a crash has left where images were being saved."""
    allowed = allowed_folders()
    for folder in shared.unfinished_folders():
        if allowed.may_write(folder):
            sweep_once(folder)


def _store() -> Store:
    """Where loops are kept: in a file of the user folder, or only in the memory of the process."""
    if os.environ.get(STATE_VARIABLE, "").strip().lower() == "memory":
        return MemoryStore()
    return open_store(os.path.join(host().user_folder(), "batch_loop"))


def allowed_folders() -> AllowedFolders:
    """The allow-list as it stands now: a person may add a folder while ComfyUI runs."""
    return AllowedFolders.load(
        input_dir=host().input_folder(),
        output_dir=host().output_folder(),
        temp_dir=host().temp_folder(),
        user_dir=host().user_folder(),
        environ=os.environ,
    )
