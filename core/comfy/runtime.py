"""The composition root: the one registry and host of the process, and what they share."""

from __future__ import annotations

import atexit
import contextlib
import functools
import logging
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence

import psutil

from ..background.budget import MemoryBudget, limit_of
from ..background.frames_ahead import FramesAhead
from ..background.read_ahead import ReadAhead, read_image
from ..background.spare_time import SpareTime
from ..background.weight import weight
from ..background.write_behind import WriteBehind
from ..common.errors import BatchLoopError, StateNotKept
from ..common.processes import name_machine
from ..companions.listed_companions import Beside, beside
from ..engine.batches import Request
from ..engine.registry import LoopRegistry
from ..files.allowed_paths import AllowedFolders, check_source_file, real_path_if_allowed
from ..files.folder_list import state_dir
from ..files.leftovers import sweep
from ..files.listing import list_images, sight
from ..graph.required_nodes import Submission
from ..media.buffers import Buffers
from ..model.loop_key import AUDIO, FRAMES, IMAGES, ROWS, VIDEOS
from ..model.prompt import Prompt
from ..model.selection import Companion, Selection
from ..model.shared_roots import Roots
from ..results.numbering import Numbering
from ..sources.by_kind import ByKind
from ..sources.frames import Frames
from ..sources.image_folder import ImageFolder
from ..sources.interface import Source
from ..sources.rows import Rows
from ..sources.table_files import opened_table, there
from ..store.databases.postgresql import open_postgresql
from ..store.databases.sqlite_store import open_store
from ..store.interface import Store
from ..store.memory import MemoryStore
from ..turn.companions import Companions
from ..turn.iterator_requests import IteratorRequests
from ..turn.linked_inputs import Learned
from ..turn.openers.changing_files import ChangingFiles
from ..turn.openers.of_files import ImageOpener, film_opener, sound_opener
from ..turn.openers.of_parts import FrameOpener, RowOpener
from ..turn.openers.opener import Opener
from ..turn.reading import Reading
from .allow_list import AllowList
from .environment import settings
from .host import ComfyHost
from .rehearsal import rehearse_when_idle

_log = logging.getLogger(__name__)


@functools.cache
def host() -> ComfyHost:
    """The ComfyUI server of this process."""
    return ComfyHost()


@functools.cache
def registry() -> LoopRegistry:
    """The registry that all nodes share."""
    return LoopRegistry(
        _store(),
        host(),
        _source(),
        write_behind(),
        lease_seconds=settings().lease_seconds,
        roots=roots(),
        real_path=_real_path,
        find_beside=_find_beside,
        clean_up=_clean_up,
        forgotten=lambda loop: numbering().forget(loop),
    )


@functools.cache
def _source() -> Source:
    """What loops take their items from."""
    images, files = ImageFolder(_list_images, sight, weight), ImageFolder(_list_images, sight)
    return ByKind(
        {IMAGES: images, ROWS: rows(), FRAMES: Frames(_frames_in), VIDEOS: files, AUDIO: files}
    )


def _frames_in(film: str) -> int:
    """How many frames a film has, which another machine may have named."""
    return frames_ahead().count(there(film, allowed_folders()))


@functools.cache
def frames_ahead() -> FramesAhead:
    """Decodes films frame by frame."""
    return FramesAhead(budget(), arrays=_buffers())


@functools.cache
def rows() -> Rows:
    """The rows of tables."""
    return Rows(lambda path: opened_table(path, allowed_folders()))


def _list_images(
    directory: str,
    selection: Selection,
    *,
    seed: int,
    going_on: Callable[[], object] = lambda: None,
    without: Callable[[Sequence[str]], Collection[str]] = lambda _paths: (),
) -> list[str]:
    """`list_images`, for settings that another machine may have stored; raises PathRefused.

    A database that machines share may name any folder.
    """
    check_source_file(directory, allowed_folders())
    return list_images(directory, selection, seed, going_on, without=without)


def _find_beside(
    companions: Sequence[Companion],
    directory: str,
    paths: Sequence[str],
    going_on: Callable[[], object],
) -> Beside:
    """See `beside`."""
    return beside(companions, directory, paths, allowed_folders(), going_on)


def _real_path(path: str) -> str | None:
    """See `real_path_if_allowed`."""
    return real_path_if_allowed(path, allowed_folders())


@functools.cache
def roots() -> Roots:
    """The places of shared folders on this machine."""
    return Roots(settings().roots)


def is_shared(path: str) -> bool:
    """Whether each server with the same state has the same file at a real path.

    Machines share a database, and each may have an output folder of its own.
    """
    return not settings().database or roots().holds(path)


@functools.cache
def budget() -> MemoryBudget:
    """The memory that images read ahead and images waiting to be written share."""
    return MemoryBudget(limit_of(settings().memory_mb, psutil.virtual_memory().total))


@functools.cache
def read_ahead() -> ReadAhead:
    """Reads the images of the next prompts."""
    reader = ReadAhead(budget(), functools.partial(read_image, arrays=_buffers()))
    budget().ask(reader.let_go)
    return reader


@functools.cache
def _buffers() -> Buffers:
    """The memory of images, to be used again."""
    buffers = Buffers(budget())
    budget().ask(buffers.let_go)
    return buffers


@functools.cache
def numbering() -> Numbering:
    """Numbers results whose names are taken."""
    return Numbering(registry().earlier_outputs)


@functools.cache
def reading() -> Reading:
    """Reads the items of a turn."""
    changing = ChangingFiles(_pause)
    openers: dict[str, Opener] = {
        IMAGES: ImageOpener(registry(), read_ahead(), changing=changing),
        ROWS: RowOpener(registry(), rows(), changing),
        FRAMES: FrameOpener(frames_ahead(), changing),
        VIDEOS: film_opener(registry(), changing),
        AUDIO: sound_opener(registry(), changing),
    }
    companions = Companions(registry().source, read_ahead(), changing)
    return Reading(registry(), openers, companions)


def _pause(seconds: float) -> None:
    """Wait, unless the user has cancelled the prompt."""
    host().raise_if_cancelled()
    time.sleep(seconds)


@functools.lru_cache(maxsize=1)
def learned(_prompt: Prompt) -> Learned:
    """The linked values known in a prompt; one prompt runs at a time."""
    return Learned()


@functools.lru_cache(maxsize=1)
def requests_of_prompt(prompt: Prompt, allowed: AllowedFolders) -> IteratorRequests:
    """The requests of the Directory Iterators in the prompt that is running."""
    submission = host().current_submission()
    return IteratorRequests(submission, allowed, registry().key, _source(), learned(prompt).of)


@functools.lru_cache(maxsize=1)
def requests_submitted(submission: Submission, allowed: AllowedFolders) -> IteratorRequests:
    """The same for a submission that is being validated, without linked values."""
    return IteratorRequests(submission, allowed, registry().key, _source())


@functools.cache
def write_behind() -> WriteBehind:
    """Writes results while their prompts go on."""
    return WriteBehind(budget())


@functools.cache
def spare_time() -> SpareTime:
    """Says how small results can be made while the model works."""
    return SpareTime()


def start() -> None:
    """Create what is shared, and clean up after the previous server.

    Call once, when ComfyUI's server exists and no other thread does: of what is created on demand,
    two threads could each create one.
    """
    name_machine(settings().server)
    shared = registry()
    read_ahead()
    host().when_started(lambda: rehearse_when_idle(allowed_folders, _ask_for_nothing))
    # The disk may be slow, and ComfyUI should not wait for it.
    _in_background(lambda: _recover(shared))
    atexit.register(shared.close)


def _ask_for_nothing() -> None:
    """Look for a loop that nobody has, as a prompt does when it is submitted."""
    registry().has_listing(Request(registry().key("", ""), Selection()))


def _recover(shared: LoopRegistry) -> None:
    try:
        shared.recover()
    except StateNotKept as error:
        _log.warning("%s", error)


def _clean_up(folders: Collection[str], servers: Collection[str]) -> None:
    """Delete unfinished files of ended servers in `folders`, in the background."""

    def sweep_all() -> None:
        allowed = allowed_folders()
        for folder in filter(allowed.may_write, folders):
            sweep(folder, servers)

    _in_background(sweep_all)


def _in_background(do: Callable[[], object]) -> None:
    try:
        threading.Thread(target=do, name="batch-loop-clean-up", daemon=True).start()
    except RuntimeError:  # Python is shutting down
        do()


def _store() -> Store:
    """The store of the loops: by default a file in the user folder."""
    if settings().database:
        return open_postgresql(settings().database, roots())
    if settings().forgets:
        return MemoryStore()
    return open_store(state_dir(host().user_folder()), roots())


@contextlib.contextmanager
def telling_the_asker() -> Iterator[None]:
    """Leave this machine's paths out of a node's error, unless the prompt was sent from here."""
    try:
        yield
    except BatchLoopError as error:
        if error.elsewhere == str(error) or host().is_asked_from_here():
            raise
        raise type(error)(error.elsewhere) from None


@functools.cache
def _allow_list() -> AllowList:
    return AllowList(host())


def allowed_folders() -> AllowedFolders:
    """The current allow-list."""
    return _allow_list().now()


def allowed_folders_of_run() -> AllowedFolders:
    """The allow-list for the prompt that runs, see `AllowList.of_run`."""
    return _allow_list().of_run()
