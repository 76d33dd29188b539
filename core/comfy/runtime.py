"""The one registry and the one host of this process."""

from __future__ import annotations

import atexit
import contextlib
import functools
import logging
import os
import stat
import threading
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace

import psutil

from ..background.budget import MemoryBudget, limit_of
from ..background.read_ahead import ReadAhead, read_image
from ..background.write_behind import WriteBehind
from ..common.errors import BatchLoopError, PathRefused, StateNotKept
from ..common.processes import name_machine
from ..engine.registry import LoopRegistry
from ..files.leftovers import sweep
from ..files.listing import list_images, sight
from ..files.numbering import Numbering
from ..files.paths import (
    AllowedFolders,
    allowed_dirs_file,
    check_source_file,
    state_dir,
)
from ..files.protected import CUSTOM_NODES
from ..model.prompt import Prompt
from ..model.roots import Roots
from ..model.selection import Selection
from ..model.unrun import Submission
from ..store.databases.database import open_store
from ..store.databases.postgresql import open_postgresql
from ..store.memory import MemoryStore
from ..store.store import Store
from ..turn.iterator_requests import IteratorRequests
from ..turn.learned import Learned
from ..turn.reading import Reading
from .host import ComfyHost
from .settings import settings

_log = logging.getLogger(__name__)


@functools.cache
def host() -> ComfyHost:
    """The ComfyUI that this process is."""
    return ComfyHost()


@functools.cache
def registry() -> LoopRegistry:
    """The registry that all nodes share."""
    return LoopRegistry(
        _store(),
        host(),
        _list_images,
        sight,
        write_behind(),
        lease_seconds=settings().lease_seconds,
        roots=_roots(),
        clean_up=_clean_up,
    )


def _list_images(
    directory: str,
    selection: Selection,
    *,
    seed: int,
    going_on: Callable[[], object] = lambda: None,
) -> list[str]:
    """As `list_images`, for settings that another machine may have written down; PathRefused.

    In a database that machines share, any folder may be named.
    """
    allowed = allowed_folders()
    check_source_file(directory, allowed)
    try:
        for name in selection.finished:
            check_source_file(name.folder, allowed)
    except PathRefused:  # what cannot be looked at tells of no image that it is finished
        selection = replace(selection, finished=())
    return list_images(directory, selection, seed, going_on)


@functools.cache
def _roots() -> Roots:
    """Where this machine has the folders that others share."""
    return Roots(settings().roots)


@functools.cache
def budget() -> MemoryBudget:
    """The memory that images read ahead and images waiting to be written share."""
    return MemoryBudget(limit_of(settings().memory_mb, psutil.virtual_memory().total))


@functools.cache
def read_ahead() -> ReadAhead:
    """What reads the images of the prompts to come."""
    return ReadAhead(budget(), read_image)


@functools.cache
def numbering() -> Numbering:
    """What gives numbers to results whose names are taken."""
    return Numbering(registry().earlier_outputs)


@functools.cache
def reading() -> Reading:
    """What reads the image of a turn."""
    return Reading(registry(), read_ahead())


@functools.lru_cache(maxsize=1)
def learned(_prompt: Prompt) -> Learned:
    """What links have come to in a prompt: one runs at a time."""
    return Learned()


@functools.lru_cache(maxsize=1)
def requests_of_prompt(prompt: Prompt, allowed: AllowedFolders) -> IteratorRequests:
    """What the Directory Iterators of the prompt that runs ask for, each asked once."""
    graph = host().current_submission().graph
    return IteratorRequests(graph, allowed, registry().key, learned(prompt).of)


@functools.lru_cache(maxsize=1)
def requests_submitted(submission: Submission, allowed: AllowedFolders) -> IteratorRequests:
    """The same of a submission that is checked, as far as nothing comes from other nodes."""
    return IteratorRequests(submission.graph, allowed, registry().key)


@functools.cache
def write_behind() -> WriteBehind:
    """What writes the results of prompts that go on."""
    return WriteBehind(budget())


def start() -> None:
    """Make what is shared, clean up behind the server before this one, and leave no loose end.

    Call once, when ComfyUI's server is there and before any other thread is: what is made on
    demand could be made twice by two threads.
    """
    name_machine(settings().server)
    shared = registry()
    read_ahead()
    # The disk may be slow, and ComfyUI is to start.
    _in_background(lambda: _recover(shared))
    atexit.register(shared.close)


def _recover(shared: LoopRegistry) -> None:
    try:
        shared.recover()
    except StateNotKept as error:
        _log.warning("%s", error)


def _clean_up(folders: Collection[str], servers: Collection[str]) -> None:
    """Delete what servers that have ended have left unfinished in `folders`, in the background."""

    def sweep_all() -> None:
        allowed = allowed_folders()
        for folder in filter(allowed.may_write, folders):
            sweep(folder, servers)

    _in_background(sweep_all)


def _in_background(do: Callable[[], object]) -> None:
    try:
        threading.Thread(target=do, name="batch-loop-clean-up", daemon=True).start()
    except RuntimeError:  # Python ends, and starts no thread any more
        do()


def _store() -> Store:
    """Where loops are kept: in a file of the user folder, if nothing else is asked for."""
    if settings().database:
        return open_postgresql(settings().database, _roots())
    if settings().forgets:
        return MemoryStore()
    return open_store(state_dir(host().user_folder()), _roots())


@contextlib.contextmanager
def telling_the_asker() -> Iterator[None]:
    """Have a node's error say where the files of this machine are only to whoever is there."""
    try:
        yield
    except BatchLoopError as error:
        if error.elsewhere == str(error) or host().is_asked_from_here():
            raise
        raise type(error)(error.elsewhere) from None


def allowed_folders() -> AllowedFolders:
    """The allow-list as it stands now: a person may add a folder while ComfyUI runs."""
    folders = (host().input_folder(), host().output_folder(), host().temp_folder())
    user = host().user_folder()
    comfyui = host().program_folders()
    # Each may have become a link to another place since, and the file another one; and a pack that
    # comes by a link is another entry of its folder.
    watched = (*folders, state_dir(user), allowed_dirs_file(user))
    identities = (*map(_identity, watched), *map(_changed_at, comfyui[CUSTOM_NODES]))
    return _allowed_folders(folders, user, tuple(comfyui.items()), identities)


@functools.lru_cache(maxsize=1)
def _allowed_folders(
    folders: tuple[str, str, str],
    user: str,
    comfyui: tuple[tuple[str, tuple[str, ...]], ...],
    _identities: tuple[tuple[int, ...] | float | None, ...],
) -> AllowedFolders:
    """The allow-list, read again when anything that it is made of has changed."""
    input_dir, output_dir, temp_dir = folders
    return AllowedFolders.load(
        input_dir=input_dir,
        output_dir=output_dir,
        temp_dir=temp_dir,
        user_dir=user,
        listed=settings().allowed_dirs,
        comfyui=dict(comfyui),
    )


def _changed_at(folder: str) -> float:
    """When an entry of a folder came or went; 0 where there is none."""
    try:
        return os.stat(folder).st_mtime
    except OSError:
        return 0.0


def _identity(path: str) -> tuple[int, ...] | None:
    """Tells a file or folder from what may be put in its place; None for nothing."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    # A folder's times change with each file in it, and say nothing here.
    is_folder = stat.S_ISDIR(found.st_mode)
    times = () if is_folder else (found.st_mtime_ns, found.st_ctime_ns, found.st_size)
    return (found.st_dev, found.st_ino, *times)
