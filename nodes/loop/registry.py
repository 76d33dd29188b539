"""The registry: the one object that owns what is known of every loop."""

from __future__ import annotations

import functools
import math
import os
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeVar

from ..io.arrivals import Arrivals
from ..io.finished import finished
from ..io.roots import NO_ROOTS, Roots
from .clients import Clients
from .errors import (
    BatchLoopError,
    ClaimLost,
    FolderNotFound,
    LoopEndNotReached,
    NoImages,
    NotNow,
    StateNotKept,
    StoreAway,
    UnknownItem,
    UnknownLoop,
    UnwritableImage,
)
from .lease import Lease, NoLease
from .prompt import Ending, Failure, Host, Outcome, Prompt
from .state import (
    CURRENT_SHOWN,
    DEFAULT_POLICY,
    FAILURES_SHOWN,
    Arrived,
    Claim,
    ErrorHandling,
    Item,
    ItemState,
    Iteration,
    IterationMode,
    LoopKey,
    Page,
    Policy,
    ReportedItem,
    Snapshot,
    WhenComplete,
)
from .store import UNLISTED, LoopEntry, Store
from .watcher import Watcher
from .writes import NoWrites, Turn, Writes

if TYPE_CHECKING:
    from ..io.listing import Selection


T = TypeVar("T")


class Lister(Protocol):
    """Lists a directory."""

    def __call__(self, directory: str, selection: Selection, *, seed: int) -> Sequence[str]:
        """Relative paths in order; `seed` decides on the order of a shuffle."""


UNENDED_ALLOWED = 2
"""Prompts that may succeed on an item without reaching Loop End before that is called an error:
one is somebody trying a part of the graph, two in a row would be Auto Queue on one image."""


CLOCK_SLACK = 0.02
"""Seconds by which a file's time of change may lie before the clock's: the system stamps files
with the time of its last tick."""


PATIENCE_SECONDS = 60.0
"""How long a running prompt waits for a database that is away: as long as it takes to restart."""
RETRY_SECONDS = 0.5

LEASE_LOOK_SECONDS = 1.0
"""How long what is known of another server's lease may be old."""

CLOSING_SECONDS = 2.0
"""How long ComfyUI's end is held up for a prompt that is about to be over."""


class Owner(Enum):
    """Whose a file is that a result is to be written to."""

    NEW = "new"
    """No image of the batch wrote it: it is not there, or need not be kept."""
    SAME = "same"
    """The image wrote it in an earlier try of the same batch."""
    OTHER = "other"
    """Another image of the batch wrote it."""
    BEFORE = "before"
    """No image of the batch wrote it: it is there from before, and is to be kept."""
    SOURCE = "source"
    """It is one of the images that the batch reads."""


@dataclass(frozen=True)
class Request:
    """What a Directory Iterator asks for."""

    key: LoopKey
    selection: Selection
    mode: IterationMode = IterationMode.CONTINUE
    policy: Policy = DEFAULT_POLICY


@dataclass(frozen=True)
class _Look:
    """A look at the folder of a loop that is watched."""

    key: LoopKey
    entry: LoopEntry
    arrivals: Arrivals
    began: float


P = ParamSpec("P")


def _exclusively(
    *, patient: bool = False
) -> Callable[
    [Callable[Concatenate[LoopRegistry, P], T]], Callable[Concatenate[LoopRegistry, P], T]
]:
    """Have a method of the registry run by its `_kept`."""

    def decorate(
        method: Callable[Concatenate[LoopRegistry, P], T],
    ) -> Callable[Concatenate[LoopRegistry, P], T]:
        @functools.wraps(method)
        def run(registry: LoopRegistry, /, *args: P.args, **given: P.kwargs) -> T:
            return registry._kept(lambda: method(registry, *args, **given), patient=patient)  # noqa: SLF001

        return run

    return decorate


class LoopRegistry:
    """Every loop of the process; safe to use from any thread.

    A prompt calls `acquire`, and `end` when it reaches Loop End. The prompt's own outcome, read
    from the host, decides what becomes of the item (`settle`).
    """

    def __init__(  # noqa: PLR0913 - what it stands on, each given once
        self,
        store: Store,
        host: Host,
        lister: Lister,
        modified_at: Callable[[str], float],
        writes: Writes | None = None,
        *,
        lease_seconds: float | None = None,
        roots: Roots = NO_ROOTS,
    ) -> None:
        """`modified_at` tells when the file at a full path was last changed; 0 if it is gone.

        `writes` tells of files that are written in the background; None: of none. A lease of
        `lease_seconds` tells other machines that this server is at work; None: there are none.
        """
        self._lock = threading.RLock()
        self._store = store
        self._host = host
        self._lister = lister
        self._modified_at = modified_at
        self._writes = writes or NoWrites()
        # What could not be written after its prompt had ended, to be told to the next one.
        self._untold: dict[LoopKey, str] = {}
        self._clients: defaultdict[LoopKey, Clients] = defaultdict(Clients)
        self._revision = 0
        # What Loop End was given in prompts that have not ended yet. It dies with the prompt.
        self._candidates: defaultdict[LoopKey, dict[str, Any]] = defaultdict(dict)
        # Files from before that the open items found in their place, and left alone.
        self._left_alone: defaultdict[LoopKey, defaultdict[str, set[str]]] = defaultdict(
            lambda: defaultdict(set)
        )
        # The turns of this process in which an item is ENDED, each with the item's loop.
        self._waiting: dict[Turn, LoopKey] = {}
        # Those in which an item was handed out, where other machines wait to hear of it.
        self._running: dict[Turn, LoopKey] = {}
        # Loops that are watched for new files, by their newest run or by somebody who asks.
        self._arrivals: dict[LoopKey, Arrivals] = {}
        # What is to be done beside the store once it has kept a change, see `_exclusive`.
        self._when_kept: list[Callable[[], object]] = []
        self._inside = False
        self._watcher = Watcher(self._settle_all)
        self._roots = roots
        self._lease = (
            NoLease()
            if lease_seconds is None
            else Lease(self._renew_lease, self._is_at_work, lease_seconds)
        )
        # Of servers on other machines: when it was last looked at whether their leases run.
        self._others: dict[str, tuple[float, bool]] = {}

    @property
    def revision(self) -> int:
        """A number that every change of state raises: Directory Iterator's fingerprint."""
        with self._lock:
            return self._revision

    def has_listing(self, request: Request) -> bool:
        """Whether the loop has a listing that was taken under the request's selection.

        True also where the database, which has answered before, is away for the moment: a run
        waits for it, and this is asked before the run.
        """

        def is_listed() -> bool:
            entry = self._store.load(request.key)
            return entry is not None and entry.selection == request.selection

        try:
            return self._read(is_listed)
        except StoreAway:
            return True

    def acquire(self, request: Request, prompt: Prompt) -> Iteration:
        """Hand out the next item of a loop to `prompt`, or the one that it already has.

        Settles what earlier prompts left, and begins or restarts the batch where that is due.
        The iteration's item is None when the batch is complete.

        Raises:
            NoImages: a listing is due, and holds nothing.
            LoopEndNotReached: two prompts in a row succeeded on the item without Loop End.
            UnwritableImage: the result of an earlier prompt could not be written after it had
                ended, with Stop on error. The next call hands that image out again.
            FolderNotFound, InvalidSetting: the listing could not be taken.

        """
        self._wait_for_stopped_writes(request.key)
        return self._hand_out(request, prompt)

    @_exclusively(patient=True)
    def _hand_out(self, request: Request, prompt: Prompt) -> Iteration:
        key = request.key
        if request.policy.when_complete is WhenComplete.WATCH:
            self._arrivals.setdefault(key, Arrivals())
        else:
            self._arrivals.pop(key, None)
        self._settle(key)
        held = self._held(key, prompt)
        if held is not None:
            return self._iteration(key, prompt, held)
        if key in self._untold:
            self._when_kept.append(lambda: self._untold.pop(key, None))
            raise UnwritableImage(self._untold[key])
        self._prepare(request, prompt)
        # Raised even where nothing is handed out: else ComfyUI would answer the next run from
        # its cache, and a run that is meant to start the batch over would not get here.
        self._revision += 1
        claim = Claim(prompt, request.policy, self._host.now(), self._host.server)
        item = self._store.claim(key, claim)
        if item is not None:
            self._save(key, ran_at=claim.since)
            self._take_up_work(_turn(key, prompt, item), key)
        self._note_client(request, prompt, knows_the_end=item is None)
        if item is not None and item.unended >= UNENDED_ALLOWED:
            self._store.move(key, item, ItemState.PENDING, claim=None, unended=0)
            raise _loop_end_not_reached(item)
        return self._iteration(key, prompt, item)

    def reject(self, iteration: Iteration, error: BatchLoopError, reason: str) -> None:
        """Give back an item whose file cannot be read.

        With Skip on error it is FAILED for `reason`, and the next `acquire` of the same prompt
        hands out another. With Stop on error it waits for the next run, and `error` is raised.
        When the whole folder is gone, `error` a FolderNotFound, it waits in either case: no
        image is to blame.
        """
        if not self._give_back(iteration, error, reason):
            raise error

    @_exclusively(patient=True)
    def _give_back(self, iteration: Iteration, error: BatchLoopError, reason: str) -> bool:
        """See `reject`; whether the prompt goes on with another item."""
        item = self._claimed(iteration)
        if item is None or item.claim is None:
            return True
        self._revision += 1
        of_the_file = not isinstance(error, FolderNotFound)
        skip = of_the_file and item.claim.policy.error_handling is ErrorHandling.SKIP
        self._store.move(
            iteration.key,
            item,
            ItemState.FAILED if skip else ItemState.PENDING,
            claim=None,
            attempts=item.attempts + of_the_file,
            failure=Failure(reason),
        )
        self._save(iteration.key, ran_at=self._host.now())
        self._note_completion(iteration.key)
        turn = _turn(iteration.key, iteration.prompt, item)
        self._when_kept.append(lambda: self._running.pop(turn, None))
        return skip

    def end(self, iteration: Iteration, value: Any = None) -> None:
        """Note that the iteration's prompt has reached Loop End, and carries `value` over.

        Nothing happens for an iteration without an item, or whose loop has started over since.
        """
        if self._note_end(iteration, value):
            self._watcher.wake()

    @_exclusively(patient=True)
    def _note_end(self, iteration: Iteration, value: Any) -> bool:
        key = iteration.key
        item = self._claimed(iteration)
        if item is None or item.claim is None:
            return False
        # ENDED already where the store has kept the change and could not say so any more.
        if item.state is ItemState.RUNNING:
            self._revision += 1
            self._store.move(key, item, ItemState.ENDED, unended=0)
        self._candidates[key].setdefault(item.path, value)
        self._waiting[_turn(key, iteration.prompt, item)] = key
        self._look_again_once(key)
        self._note_completion(key)
        if self._store.counts(key).complete:
            client_id = iteration.prompt.client_id
            self._when_kept.append(lambda: self._clients[key].told_the_end(client_id))
        return True

    def finish_earlier(self, iteration: Iteration) -> None:
        """Wait until what earlier prompts write in the background is written, and settle it.

        So no more than one image's results are on their way to the disk when another's are made,
        and a crash has no more than that one done again.
        """
        key = iteration.key
        if self._writes.busy(key.id):
            own = [_turn(iteration.key, iteration.prompt, iteration.item)] if iteration.item else []
            self._writes.wait(key.id, but=own)
            self._settle_one(key)

    def finish(self, iteration: Iteration) -> Snapshot:
        """The loop as it stands; if it is complete, once all of its results are written.

        Raises:
            UnwritableImage: the iteration's own result could not be written.
            UnknownLoop: the loop is gone.

        """
        snapshot = self.snapshot(iteration.key.id)
        if not snapshot.complete:
            return snapshot
        self._writes.wait(iteration.key.id)
        if iteration.item is not None:
            failure = self._writes.failure(_turn(iteration.key, iteration.prompt, iteration.item))
            if failure is not None:
                raise UnwritableImage(failure.reason)
        return self.snapshot(iteration.key.id)

    @_exclusively(patient=True)
    def claim_outputs(
        self, iteration: Iteration, targets: Collection[str], kept: Collection[str] = ()
    ) -> dict[str, Owner]:
        """Claim the files at real paths `targets` for the iteration's item: all of them, or none.

        Two sources may lead to one name; neither result, no source, and none of `kept`, which are
        the files that are there and not to be lost, may be lost by it. So they are claimed where
        each is `NEW` or `SAME`. Returns whose each is.
        """
        item, key = iteration.item, iteration.key
        if self._is_lost(iteration):
            raise ClaimLost(_claim_lost(iteration))
        # It may have been started over, and then forgotten, while the prompt ran.
        if item is None or self._store.load(key) is None:
            return dict.fromkeys(targets, Owner.NEW)
        owners = {
            target: self._owner(key, item.path, target, kept=target in kept) for target in targets
        }
        if {Owner.NEW, Owner.SAME}.issuperset(owners.values()):
            for target, owner in owners.items():
                if owner is Owner.NEW:
                    self._store.note_output(key, target, item.path)
        before = {target for target, owner in owners.items() if owner is Owner.BEFORE}
        if before:
            left_alone = self._left_alone[key][item.path]
            self._when_kept.append(lambda: left_alone.update(before))
        return owners

    @_exclusively()
    def start_over(self, loop_id: str) -> Snapshot:
        """Begin a new batch of an existing loop, from the folder as it is now.

        Raises:
            UnknownLoop: no loop has this id.
            NoImages, FolderNotFound: there is nothing to begin with; the loop stays as it was.

        """
        key = self._find(loop_id)
        entry = self._entry(key)
        self._begin(key, entry.selection, entry.mode, entry.batch + 1)
        self._revision += 1
        return self._full_snapshot(key)

    @_exclusively()
    def retry_failed(self, loop_id: str) -> Snapshot:
        """Have the FAILED items of a loop taken again at the next runs; UnknownLoop."""
        key = self._find(loop_id)
        self._settle(key)
        self._store.retry(key)
        self._note_completion(key)
        self._revision += 1
        return self._full_snapshot(key)

    @_exclusively()
    def skip(self, loop_id: str, path: str) -> Snapshot:
        """Give up the image that a run stopped on: FAILED, for the reason that it stopped for.

        `path` says which image is meant.

        Raises:
            UnknownLoop: no loop has this id.
            NotNow: no run has stopped on that image, or it has been handed out again since.

        """
        key = self._find(loop_id)
        self._settle(key)
        item = self._stopped_on(key)
        if item is None or item.path != path:
            raise NotNow(_not_stopped_on(path, item))
        self._store.move(key, item, ItemState.FAILED)
        # Whoever skips it knows what the next run would have said.
        self._when_kept.append(lambda: self._untold.pop(key, None))
        self._note_completion(key)
        self._revision += 1
        return self._full_snapshot(key)

    @_exclusively()
    def forget(self, loop_id: str) -> None:
        """Forget a loop and all that is known of it; the user's files stay as they are.

        Raises:
            UnknownLoop: no loop has this id.
            NotNow: an image is under way.

        """
        key = self._find(loop_id)
        self._settle(key)
        if self._store.open_items(key):
            raise NotNow(
                "This loop cannot be forgotten while a run works on one of its images. Wait "
                "until the run has ended, or press Cancel, and try again."
            )
        self._store.forget(key)
        for known in (self._untold, self._clients, self._candidates, self._arrivals):
            self._when_kept.append(functools.partial(known.pop, key, None))
        self._revision += 1

    def watch(self, loop_id: str) -> Arrived:
        """Whether a complete loop has something to do: new files that have stopped growing.

        Costs next to nothing while nothing comes, so that it may be asked every other second. The
        next `acquire` under `WhenComplete.WATCH` takes what is ready, and leaves what grows.

        Raises:
            UnknownLoop: no loop has this id.
            FolderNotFound: the folder is not there now.

        """
        arrived, look = self._worth_a_look(loop_id)
        if look is None:
            return arrived
        # Others have their turn while the folder is read.
        found, _ = self._list(look.key, look.entry.selection, look.entry.batch)
        return self._looked(arrived, look, found)

    @_exclusively()
    def _worth_a_look(self, loop_id: str) -> tuple[Arrived, _Look | None]:
        """What is known without reading the folder, and what to read it for, if that is due."""
        key = self._find(loop_id)
        arrived = Arrived(key.id, key.directory)
        self._settle(key)
        # What its prompt saves is only known when it has ended: it is no new file.
        if self._store.open_items(key):
            return arrived, None
        pending = self._store.counts(key).pending
        if pending:
            return replace(arrived, ready=pending), None
        entry = self._entry(key)
        if entry.selection.has_range:
            return arrived, None
        arrivals = self._arrivals.setdefault(key, Arrivals())
        began = self._host.now()
        if not arrivals.worth_a_look(key.directory, entry.selection, began):
            return arrived, None
        arrivals.looking(key.directory, entry.selection, began)
        return arrived, _Look(key, entry, arrivals, began)

    @_exclusively()
    def _looked(self, arrived: Arrived, look: _Look, found: Sequence[str]) -> Arrived:
        """What a look has found."""
        key, now = look.key, self._host.now()
        new = self._unlisted(key, found, self._store.paths(key))
        unknown = [_full(key, path) for path in new]
        look.arrivals.looked(look.began, now, unknown)
        ready = sum(look.arrivals.is_whole(path, now) for path in unknown)
        return replace(arrived, ready=ready, growing=len(unknown) - ready)

    @_exclusively()
    def report(self, loop_id: str) -> tuple[Snapshot, list[ReportedItem]]:
        """A loop, and at the same moment its items in order with the files they wrote.

        Raises:
            UnknownLoop: no loop has this id.

        """
        key = self._find(loop_id)
        self._settle(key)
        return self._full_snapshot(key), self._store.report(key)

    @_exclusively()
    def page(self, loop_id: str, start: int, most: int, *, failed: bool = False) -> Page:
        """`most` items from the `start`th on; with `failed`, only the FAILED ones are counted.

        Costs the same whatever the number of items.

        Raises:
            UnknownLoop: no loop has this id.

        """
        key = self._find(loop_id)
        self._settle(key)
        counts = self._store.counts(key)
        total = counts.failed if failed else counts.total
        items = self._store.page(key, start, most, failed=failed)
        return Page(total, start, tuple(items))

    @_exclusively()
    def file_of(self, loop_id: str, path: str, output: int | None = None) -> str:
        """Full path of the image at a relative path; with `output`, of that result of it, from 0.

        It is not looked at: whether it may be read, and is there, has yet to be asked.

        Raises:
            UnknownLoop: no loop has this id.
            UnknownItem: the loop has no such image, or no such result of it is known.

        """
        key = self._find(loop_id)
        if self._store.item(key, path) is None:
            raise UnknownItem("This loop has no such image. Ask for its items, and try again.")
        if output is None:
            return _full(key, path)
        outputs = self._store.outputs(key, path)
        if not 0 <= output < len(outputs):
            raise UnknownItem(
                f"{len(outputs)} results of this image are known, and number {output} (from 0) "
                "is none of them."
            )
        return outputs[output]

    def preview(self, key: LoopKey, selection: Selection) -> tuple[bool, Sequence[str]]:
        """Whether a loop has run, and what a batch of it would hold that began now, in order.

        Changes nothing. Raises `FolderNotFound` and `InvalidSetting` as the listing does.
        """
        entry = self._kept(lambda: self._store.load(key))
        batch = 1 if entry is None else entry.batch
        return entry is not None, self._lister(key.directory, selection, seed=key.seed(batch))

    def snapshot(self, loop_id: str) -> Snapshot:
        """A loop as it stands, with what is known by now of its prompts; UnknownLoop.

        Without `stopped_on`, which would have to be read: a node asks in each prompt.
        """

        def as_it_stands() -> Snapshot | None:
            key = self._store.find(loop_id)
            if key is None or any(self._ended(key, item) for item in self._store.open_items(key)):
                return None
            return self._snapshot(key)

        found = self._at_hand(as_it_stands)
        return self._settled_snapshot(loop_id) if found is None else found

    @_exclusively(patient=True)
    def _settled_snapshot(self, loop_id: str) -> Snapshot:
        key = self._find(loop_id)
        self._settle(key)
        return self._snapshot(key)

    @_exclusively()
    def full_snapshot(self, loop_id: str) -> Snapshot:
        """As `snapshot`, with the image that a run stopped on."""
        key = self._find(loop_id)
        self._settle(key)
        return self._full_snapshot(key)

    def full_snapshots(self, ids: Collection[str] | None = None) -> list[Snapshot]:
        """Every loop, or those of `ids` that there are, as it stands; who ran last is first."""
        # One after the other: whoever changes several loops at once, on several machines, in
        # different orders, would have each wait for the other.
        found = []
        for key in self._kept(self._store.loops):
            if ids is None or key.id in ids:
                with suppress(UnknownLoop):  # it was forgotten meanwhile
                    found.append(self.full_snapshot(key.id))
        return sorted(found, key=lambda snapshot: snapshot.ran_at or 0.0, reverse=True)

    def key(self, name: str, directory: str) -> LoopKey:
        """The loop of that name on the folder at a real path."""
        shared = self._roots.shared(directory)
        return LoopKey(name.strip(), directory, "" if shared == directory else shared)

    @_exclusively()
    def store_id(self) -> str:
        """What tells the store from any other: servers that share one, share their loops."""
        return self._store.id()

    def recover(self) -> None:
        """Settle what servers of this machine have left that have ended."""
        for key in self._kept(self._store.loops):
            with suppress(UnknownLoop):
                self.full_snapshot(key.id)

    def close(self) -> None:
        """Settle what has ended: when ComfyUI is closed, nobody is there to do it later.

        A prompt may be between its last event and its entry in the history, which is a moment,
        and longer on a busy machine.
        """
        self._watcher.finish(CLOSING_SECONDS, self._settle_at_the_end)
        self._lease.end()
        if self._lease.was_ever_held:
            with suppress(StateNotKept):
                self._kept(lambda: self._store.release(self._host.server))
        with self._lock:
            self._store.close()

    @_exclusively()
    def unfinished_folders(self) -> set[str]:
        """Folders that open items write to: after a crash, the leftovers of it are there."""
        return {os.path.dirname(target) for target in self._store.open_outputs()}

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        """Alone in the process, and in one transaction of the store.

        What only the registry remembers changes when the store has kept the rest: should it not,
        the next run has to find everything as it was.
        """
        with self._lock:
            if self._inside:
                yield
                return
            self._inside = True
            answer: BatchLoopError | None = None
            try:
                with self._store.transaction():
                    try:
                        yield
                    except BatchLoopError as error:
                        answer = error
                for change in self._when_kept:
                    change()
            finally:
                self._when_kept.clear()
                self._inside = False
            if answer is not None:
                raise answer

    def _kept(self, change: Callable[[], T], *, patient: bool = False) -> T:
        """What `change` gives, made by `_exclusive`, again where the database is away.

        At once, as the connection may only be stale; and when `patient` for a minute, as a database
        that is started again should end no batch. The change must do no harm when it is made
        twice: it may have been kept without a word.
        """
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        pause = threading.Event()
        tries = 0
        while True:
            try:
                with self._exclusive():
                    return change()
            except StoreAway:
                tries += 1
                if tries > 1 and (not patient or time.monotonic() > give_up_at):
                    raise
            if tries > 1:
                self._host.raise_if_cancelled()
                pause.wait(RETRY_SECONDS)

    def _read(self, read: Callable[[], T]) -> T:
        """What `read` makes of the store; in a transaction only if it takes one."""
        found = self._at_hand(read)
        return self._kept(read) if found is None else found

    def _at_hand(self, read: Callable[[], T]) -> T | None:
        """What `read` makes of the store where that keeps nobody waiting; None otherwise."""
        with self._lock, suppress(StoreAway):
            return self._store.at_hand(read)
        return None

    # What follows expects to run inside of `_exclusive`.

    def _owner(self, key: LoopKey, path: str, target: str, *, kept: bool) -> Owner:
        """Whose a file is, for the item at `path`."""
        inside = _path_in(key, target)
        if inside is not None and self._store.item(key, inside) is not None:
            return Owner.SOURCE
        owner = self._store.output_owner(key, target)
        if owner is None:
            return Owner.BEFORE if kept else Owner.NEW
        return Owner.SAME if owner == path else Owner.OTHER

    def _find(self, loop_id: str) -> LoopKey:
        key = self._store.find(loop_id)
        if key is None:
            message = (
                f"No loop is known by the id {loop_id!r}. A loop is known from its first run on, "
                "until ComfyUI is restarted: run the workflow once."
            )
            raise UnknownLoop(message)
        return key

    def _entry(self, key: LoopKey) -> LoopEntry:
        entry = self._store.load(key)
        if entry is None:
            return self._entry(self._find(key.id))
        return entry

    def _snapshot(self, key: LoopKey) -> Snapshot:
        entry = self._entry(key)
        return Snapshot(
            id=key.id,
            name=key.name,
            directory=key.directory,
            batch=entry.batch,
            counts=self._store.counts(key),
            seconds=entry.seconds,
            failures=self._store.failures(key, FAILURES_SHOWN),
            finished=entry.finished,
            ran_at=entry.ran_at,
            current=self._current(key),
            elsewhere=self._elsewhere(key),
        )

    def _full_snapshot(self, key: LoopKey) -> Snapshot:
        return replace(self._snapshot(key), stopped_on=self._stopped_on(key))

    def _current(self, key: LoopKey) -> tuple[Item, ...]:
        claimed = [
            (item.claim.since, item)
            for item in self._store.open_items(key)
            if item.claim is not None and item.index != UNLISTED
        ]
        claimed.sort(key=lambda entry: entry[0], reverse=True)
        return tuple(item for _, item in claimed[:CURRENT_SHOWN])

    def _elsewhere(self, key: LoopKey) -> int:
        """How many listed images other servers are at work on."""
        return sum(
            item.index != UNLISTED
            for item in self._store.open_items(key)
            if item.claim is not None and item.claim.server != self._host.server
        )

    def _stopped_on(self, key: LoopKey) -> Item | None:
        path = self._store.first_pending(key)
        item = None if path is None else self._store.item(key, path)
        return None if item is None or item.failure is None else item

    def _iteration(self, key: LoopKey, prompt: Prompt, item: Item | None) -> Iteration:
        entry = self._entry(key)
        return Iteration(
            key=key,
            prompt=prompt,
            batch=entry.batch,
            counts=self._store.counts(key),
            item=item,
            carried=self._store.carried(key),
            finished=entry.finished,
            watch=key in self._arrivals,
            elsewhere=self._elsewhere(key) if item is None else 0,
            following=None if item is None else self._store.first_pending(key),
        )

    def _wait_for_stopped_writes(self, key: LoopKey) -> None:
        """Wait for what is written for images that may now be handed out again.

        Their prompts were stopped or failed, or another batch begins. Two prompts would write
        the same file else, and the older one might be the last.
        """
        if not self._writes.busy(key.id):
            return
        self._writes.wait(key.id, but=self._turns_of_the_batch(key))

    @_exclusively(patient=True)
    def _turns_of_the_batch(self, key: LoopKey) -> list[Turn]:
        goes_on = self._store.load(key) and not self._store.counts(key).complete
        return self._turns_that_go_well(key) if goes_on else []

    def _turns_that_go_well(self, key: LoopKey) -> list[Turn]:
        """The turns whose items will be done, as far as can be told before they are written.

        Without those that carry a value over: it is the next iteration's when they are done.
        """
        turns = []
        for item in self._store.open_items(key):
            if item.claim is not None:
                ending = self._outcome(item.claim).ending
                ended = ending is Ending.SUCCESS and item.state is ItemState.ENDED
                carries = self._candidates[key].get(item.path) is not None
                if (ended and not carries) or ending is Ending.RUNNING:
                    turns.append(_turn(key, item.claim.prompt, item))
        return turns

    def _held(self, key: LoopKey, prompt: Prompt) -> Item | None:
        """The item that `prompt` already has: a graph may hold two iterators on one loop."""
        for item in self._store.open_items(key):
            if item.claim is not None and item.claim.prompt == prompt:
                return item
        return None

    def _claimed(self, iteration: Iteration) -> Item | None:
        """The iteration's item, while its prompt still has it in the same batch."""
        entry = self._store.load(iteration.key)
        if iteration.item is None or entry is None or entry.batch != iteration.batch:
            return None
        item = self._store.item(iteration.key, iteration.item.path)
        if item is None or item.claim is None or item.claim.prompt != iteration.prompt:
            return None
        return item

    def _is_lost(self, iteration: Iteration) -> bool:
        """Whether another server was given the item, as this one seemed to be gone."""
        entry = self._store.load(iteration.key)
        is_same_batch = entry is not None and entry.batch == iteration.batch
        return is_same_batch and iteration.item is not None and self._claimed(iteration) is None

    def _note_client(self, request: Request, prompt: Prompt, *, knows_the_end: bool) -> None:
        clients = self._clients[request.key]
        self._when_kept.append(
            lambda: clients.note(prompt.client_id, request.mode, knows_the_end=knows_the_end)
        )

    # Beginning, and beginning again.

    def _prepare(self, request: Request, prompt: Prompt) -> None:
        """Bring the listing to what `request` needs, in a new batch where one is due."""
        key, selection, mode = request.key, request.selection, request.mode
        entry = self._store.load(key)
        if entry is None:
            self._begin(key, selection, mode, 1)
        elif self._starts_over(entry, request, prompt):
            self._begin(key, selection, mode, entry.batch + 1)
        else:
            self._go_on(entry, request, prompt)

    def _go_on(self, entry: LoopEntry, request: Request, prompt: Prompt) -> None:
        """Bring the listing of a batch that goes on to what `request` needs."""
        key, selection, mode = request.key, request.selection, request.mode
        retries = self._is_chosen(IterationMode.RETRY_FAILED, entry, request, prompt)
        is_new_run = entry.completed_at is not None and prompt.submitted_at > entry.looked_at
        if entry.selection != selection:
            found, left_out = self._list(key, selection, entry.batch)
            self._store.relist(key, self._whole(key, found, self._store.paths(key)))
            changes = {"selection": selection, "finished": len(left_out)}
            self._save(key, looked_at=self._host.now(), **changes)
        elif is_new_run and not retries:
            self._look_again(key)
        if retries:
            self._store.retry(key)
        if entry.mode is not mode:
            self._save(key, mode=mode)
        self._note_completion(key)

    def _starts_over(self, entry: LoopEntry, request: Request, prompt: Prompt) -> bool:
        if self._is_chosen(IterationMode.RESET, entry, request, prompt):
            return True
        start_over = request.policy.when_complete is WhenComplete.START_OVER
        # Who wants only what failed does not want all of it again.
        start_over = start_over and request.mode is not IterationMode.RETRY_FAILED
        return start_over and self._is_after_the_end(entry, request.key, prompt)

    def _is_chosen(
        self, mode: IterationMode, entry: LoopEntry, request: Request, prompt: Prompt
    ) -> bool:
        """Whether this run is the one that does what `mode` does once.

        The first after it was chosen, or the first after the batch was complete.
        """
        if request.mode is not mode:
            return False
        before = self._clients[request.key].mode(prompt.client_id, entry.mode)
        if before is not mode:
            return True
        # A batch that waits for more has no end: each new file would bring all of them back.
        watches = request.policy.when_complete is WhenComplete.WATCH
        return not watches and self._is_after_the_end(entry, request.key, prompt)

    def _is_after_the_end(self, entry: LoopEntry, key: LoopKey, prompt: Prompt) -> bool:
        """Whether a run was meant as a new one: submitted by somebody who knew of the end."""
        return (
            entry.completed_at is not None
            and prompt.submitted_at > entry.completed_at
            and self._clients[key].knows_the_end(prompt.client_id)
        )

    def _begin(self, key: LoopKey, selection: Selection, mode: IterationMode, batch: int) -> None:
        found, left_out = self._list(key, selection, batch)
        before = self._store.load(key)
        self._store.begin(key, self._whole(key, found, ()))
        self._when_kept.append(lambda: self._candidates.pop(key, None))
        self._when_kept.append(lambda: self._left_alone.pop(key, None))
        self._when_kept.append(lambda: self._untold.pop(key, None))
        entry = LoopEntry(
            selection,
            batch,
            mode,
            looked_at=self._host.now(),
            finished=len(left_out),
            ran_at=None if before is None else before.ran_at,
        )
        self._store.save(key, entry)
        self._note_completion(key)

    def _list(
        self, key: LoopKey, selection: Selection, batch: int
    ) -> tuple[Sequence[str], set[str]]:
        """The images in order, and those that are left out as their results are there already."""
        paths = self._lister(key.directory, selection, seed=key.seed(batch))
        # A folder that is watched may still be empty.
        if not paths and key not in self._arrivals:
            raise NoImages(no_images(key.directory, selection))
        left_out = finished(selection.finished, key.directory, paths)
        return [path for path in paths if path not in left_out], left_out

    def _whole(self, key: LoopKey, paths: Sequence[str], listed: Collection[str]) -> Sequence[str]:
        """`paths`, without new files that may still be growing where the folder is watched."""
        arrivals = self._arrivals.get(key)
        if arrivals is None:
            return paths
        now = self._host.now()
        return [
            path for path in paths if path in listed or arrivals.is_whole(_full(key, path), now)
        ]

    def _unlisted(
        self, key: LoopKey, paths: Sequence[str], listed: Collection[str]
    ) -> Iterator[str]:
        """Those of `paths` that are new: neither in the listing, nor written by the workflow."""
        for path in paths:
            # A file may have been away when the listing was taken anew, and be back.
            if path not in listed and self._store.output_owner(key, _full(key, path)) is None:
                yield path

    def _look_again_once(self, key: LoopKey) -> None:
        """Let files join that came while the batch ran, when its listing has run out.

        Once a batch: should the workflow save into the folder that it reads, in a way that
        ComfyUI is not told of, its results must not feed it for ever.
        """
        if self._entry(key).looked_again or not self._store.counts(key).complete:
            return
        self._save(key, looked_again=True)
        try:
            self._look_again(key, self._claimed_since(key) - CLOCK_SLACK)
        except BatchLoopError:
            # The folder went away in the meantime. That is no fault of the prompt that has just
            # done its work; the next run says what is wrong.
            return

    def _claimed_since(self, key: LoopKey) -> float:
        """When the oldest prompt that still has an item was given it."""
        claims = [item.claim for item in self._store.open_items(key)]
        return min((claim.since for claim in claims if claim is not None), default=math.inf)

    def _look_again(self, key: LoopKey, until: float = math.inf) -> None:
        """Append the files that were not there when the listing was taken.

        Only those that were last changed before `until`: what is newer may be a result of a
        prompt that still runs, and has yet to say what it saved. The next run finds it.
        """
        entry = self._entry(key)
        selection = entry.selection
        self._save(key, looked_at=self._host.now())
        if selection.has_range:
            # A range counts files: with one more in front, it would hold another at its end.
            return
        found, left_out = self._list(key, selection, entry.batch)
        listed = self._store.paths(key)
        self._save(key, finished=len(left_out - listed))
        new = list(self._unlisted(key, found, listed))
        for path in self._whole(key, new, ()):
            if self._modified_at(_full(key, path)) < until:
                self._store.append(key, path)

    def _save(self, key: LoopKey, **changes: Any) -> None:
        self._store.save(key, replace(self._entry(key), **changes))

    def _note_completion(self, key: LoopKey) -> None:
        complete = self._store.counts(key).complete
        if complete != (self._entry(key).completed_at is not None):
            self._save(key, completed_at=self._host.now() if complete else None)

    # Settling.

    def _settle_all(self) -> bool:
        """Settle every loop that waits; whether any still does, so that looking again pays.

        The host is asked first: while prompts run and results are written, the store is left
        alone.
        """
        with self._lock:
            waiting = self._running | self._waiting
        ended = {turn: key for turn, key in waiting.items() if self._has_ended(turn)}
        with suppress(StoreAway):  # look again, until it is back
            for key in set(ended.values()):
                self._settle_one(key)
            with self._lock:
                for turn in ended:
                    self._waiting.pop(turn, None)
                    self._running.pop(turn, None)
        with self._lock:
            return bool(self._running or self._waiting)

    def _settle_at_the_end(self) -> bool:
        """As `_settle_all`; whether an item is as good as done, so that a moment pays."""
        self._settle_all()
        with self._lock:
            return bool(self._waiting)

    def _has_ended(self, turn: Turn) -> bool:
        """Whether a turn's prompt has ended, and its files are written."""
        return not self._writes.under_way(turn) and self._host.has_ended(turn.prompt)

    @_exclusively()
    def _settle_one(self, key: LoopKey) -> None:
        self._settle(key)

    def _settle(self, key: LoopKey) -> None:
        """Bring every open item of a loop to what the outcome of its prompt makes of it."""
        settled = False
        for item in self._store.open_items(key):
            outcome = self._ended(key, item)
            if outcome is None or item.claim is None:
                continue
            turn = _turn(key, item.claim.prompt, item)
            self._settle_item(key, item, item.claim, self._with_writes(key, turn, item, outcome))
            settled = True
        if settled:
            self._note_completion(key)

    def _ended(self, key: LoopKey, item: Item) -> Outcome | None:
        """How the prompt of an open item ended; None while it, or a write for it, goes on."""
        if item.claim is None:
            return None
        outcome = self._outcome(item.claim)
        goes_on = outcome.ending is Ending.RUNNING
        goes_on = goes_on or self._writes.under_way(_turn(key, item.claim.prompt, item))
        return None if goes_on else outcome

    def _outcome(self, claim: Claim) -> Outcome:
        """How the prompt of a claim ended; of another server's, whether it may still end well."""
        if claim.server == self._host.server:
            return self._host.outcome(claim.prompt)
        is_alive = self._host.is_alive(claim.server)
        if is_alive is None:
            is_alive = self._holds(claim.server)
        return Outcome(Ending.RUNNING if is_alive else Ending.STOPPED)

    def _holds(self, server: str) -> bool:
        """Whether a server of another machine is still at work, as it was a moment ago."""
        looked_at, holds = self._others.get(server, (-math.inf, False))
        now = time.monotonic()
        if now - looked_at > LEASE_LOOK_SECONDS:
            holds = self._store.holds(server, self._lease.seconds)
            self._others[server] = now, holds
        return holds

    def _take_up_work(self, turn: Turn, key: LoopKey) -> None:
        """Hold a lease for as long as an item is open here, and see how its prompt ends."""
        if not self._lease.is_shared:
            return
        if self._lease.is_due:
            self._store.renew(self._host.server, self._lease.seconds)

        def taken_up() -> None:
            self._running[turn] = key
            self._lease.take_up()
            self._watcher.wake()

        self._when_kept.append(taken_up)

    def _renew_lease(self) -> None:
        self._store.renew_beside(self._host.server, self._lease.seconds)

    def _is_at_work(self) -> bool:
        """Whether a prompt of this server may have an item; asks for no lock of the registry."""
        return bool(self._running or self._waiting)

    def _with_writes(self, key: LoopKey, turn: Turn, item: Item, outcome: Outcome) -> Outcome:
        """The outcome of a prompt, with that of what was written for it in the background."""
        failure = self._writes.failure(turn)
        self._when_kept.append(lambda: self._writes.forget(turn))
        if failure is None or outcome.ending is Ending.STOPPED:
            return outcome
        policy = DEFAULT_POLICY if item.claim is None else item.claim.policy
        if outcome.ending is Ending.SUCCESS and policy.error_handling is ErrorHandling.STOP:
            # Nobody was told: the prompt had ended well. This very run is to say it, so it cannot
            # wait for the store; should that fail, the next one says it again.
            self._untold[key] = failure.reason
        return replace(outcome, ending=Ending.ERROR, failure=failure)

    def _settle_item(self, key: LoopKey, item: Item, claim: Claim, outcome: Outcome) -> None:
        self._revision += 1
        candidates, left_alone = self._candidates[key], self._left_alone[key]
        value = candidates.get(item.path)
        self._when_kept.append(lambda: candidates.pop(item.path, None))
        self._when_kept.append(lambda: left_alone.pop(item.path, None))
        turn = _turn(key, claim.prompt, item)
        self._when_kept.append(lambda: self._waiting.pop(turn, None))
        self._when_kept.append(lambda: self._running.pop(turn, None))
        # Nobody may have looked for long.
        at = outcome.ended_at or self._host.now()
        took = max(0.0, at - claim.since)
        entry = self._entry(key)
        # What was lost without a trace has not been at work until now.
        is_known = outcome.ended_at is not None or outcome.ending is not Ending.STOPPED
        ran_at = max(entry.ran_at or 0.0, at) if is_known else entry.ran_at
        self._save(key, seconds=entry.seconds + took, ran_at=ran_at)
        for target in self._host.saved(claim.prompt):
            # A prompt that failed may only repeat what an earlier one has saved, or show what it
            # has left alone: the next try must not take that for its own.
            succeeded = outcome.ending is Ending.SUCCESS
            left = target in left_alone.get(item.path, ())
            if succeeded or (not left and self._store.output_owner(key, target) is None):
                self._store.note_output(key, target, item.path)
        state, changes = _settled(item, claim, outcome)
        self._store.move(key, item, state, claim=None, seconds=item.seconds + took, **changes)
        if state is ItemState.DONE:
            self._store.carry(key, value)


def _turn(key: LoopKey, prompt: Prompt, item: Item) -> Turn:
    return Turn(key.id, item.path, prompt)


def _full(key: LoopKey, path: str) -> str:
    return os.path.join(key.directory, *path.split("/"))


def _path_in(key: LoopKey, target: str) -> str | None:
    """Path of a file relative to the loop's directory; None for one that is not in it."""
    folder = os.path.join(key.directory, "")
    if not os.path.normcase(target).startswith(os.path.normcase(folder)):
        return None
    return target[len(folder) :].replace(os.sep, "/")


def _settled(item: Item, claim: Claim, outcome: Outcome) -> tuple[ItemState, dict[str, Any]]:
    """What an open item becomes by the outcome of its prompt, and what changes with that."""
    if outcome.ending is Ending.SUCCESS and item.state is ItemState.ENDED:
        return ItemState.DONE, {"failure": None}
    if outcome.ending is Ending.SUCCESS:
        return ItemState.PENDING, {"unended": item.unended + 1}
    if outcome.ending is Ending.STOPPED:
        return ItemState.PENDING, {}
    attempts = item.attempts + 1
    skip = claim.policy.error_handling is ErrorHandling.SKIP
    give_up = skip and attempts >= claim.policy.max_attempts
    return ItemState.FAILED if give_up else ItemState.PENDING, {
        "attempts": attempts,
        "failure": outcome.failure or Failure("the prompt failed"),
    }


def no_images(directory: str, selection: Selection) -> str:
    """What to tell somebody whose folder holds nothing under `selection`."""
    looked_for = selection.filter.value
    if selection.custom_pattern and looked_for == "Custom":
        looked_for += f" {selection.custom_pattern!r}"
    where = "in it or in its subfolders" if selection.recursive else "in it (subfolders left out)"
    message = f"No images to work on in {directory!r}: {looked_for} matches no file {where}"
    if selection.has_range:
        message += f", from start_index {selection.start_index} with limit {selection.limit}"
    return message + ". Choose another folder, or widen filter, custom_pattern, recursive or range."


def _not_stopped_on(path: str, item: Item | None) -> str:
    if item is None:
        now = "no run has stopped on an image, or it is being worked on again"
    else:
        now = f"the image that a run stopped on is {item.path!r}"
    return f"{path!r} was not skipped: {now}. Look at the loop again, and skip what stands there."


def _claim_lost(iteration: Iteration) -> str:
    path = "" if iteration.item is None else iteration.item.path
    return (
        f"{path!r} was given to another server, as this one was not heard of for longer than its "
        "lease. Its result here is not saved, as the other one makes it again."
    )


def _loop_end_not_reached(item: Item) -> LoopEndNotReached:
    return LoopEndNotReached(
        f"Loop End was not reached: {item.unended} prompts in a row ended without an error on "
        f"{item.path!r}, and none of them got as far as Loop End, so the image is not done. "
        "Connect Loop End's `loop` to Directory Iterator or Loop Start, run the whole workflow "
        "rather than a part of it, and leave `value` and `after` free of nodes that block. "
        "Then run again: the loop goes on with this image."
    )
