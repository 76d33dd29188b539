"""Batches: when one begins, what it holds, and when more joins it.

What runs in a transaction says so.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ..io.finished import finished
from .clients import Clients
from .errors import BatchLoopError, NoImages
from .loops import Loops
from .outputs import Outputs
from .prompt import Host, Prompt
from .state import DEFAULT_POLICY, IterationMode, LoopKey, Policy, WhenComplete
from .store import LoopEntry, Store
from .transactions import Transactions
from .watching import Watching

if TYPE_CHECKING:
    from ..io.listing import Selection

CLOCK_SLACK = 0.02
"""Seconds by which a file's time of change may lie before the clock's: the system stamps files
with the time of its last tick."""


class Lister(Protocol):
    """Lists a directory."""

    def __call__(self, directory: str, selection: Selection, *, seed: int) -> Sequence[str]:
        """Relative paths in order; `seed` decides on the order of a shuffle."""


@dataclass(frozen=True)
class Request:
    """What a Directory Iterator asks for."""

    key: LoopKey
    selection: Selection
    mode: IterationMode = IterationMode.CONTINUE
    policy: Policy = DEFAULT_POLICY
    without: tuple[str, ...] = ()
    """Names of the output nodes that nobody has asked for, so that the image cannot be done."""


class Batches:
    """The batches of all loops; everything but `listed` expects to run inside of a transaction."""

    def __init__(  # noqa: PLR0913 - what it stands on, each given once
        self,
        store: Store,
        host: Host,
        transactions: Transactions,
        *,
        loops: Loops,
        outputs: Outputs,
        watching: Watching,
        lister: Lister,
        modified_at: Callable[[str], float],
        begun: Callable[[LoopKey], None],
    ) -> None:
        """`modified_at` tells when the file at a full path was last changed; 0 if it is gone.

        `begun` is told of each batch that begins.
        """
        self._store = store
        self._host = host
        self._transactions = transactions
        self._loops = loops
        self._outputs = outputs
        self._watching = watching
        self._lister = lister
        self._modified_at = modified_at
        self._begun = begun
        self._clients: defaultdict[LoopKey, Clients] = defaultdict(Clients)

    def prepare(self, request: Request, prompt: Prompt) -> None:
        """Bring the listing to what `request` needs, in a new batch where one is due."""
        key, selection, mode = request.key, request.selection, request.mode
        entry = self._store.load(key)
        if entry is None:
            self.begin(key, selection, mode, 1)
        elif self._starts_over(entry, request, prompt):
            self.begin(key, selection, mode, entry.batch + 1)
        else:
            self._go_on(entry, request, prompt)

    def begin(self, key: LoopKey, selection: Selection, mode: IterationMode, batch: int) -> None:
        """Begin a batch with what is in the folder now; NoImages, FolderNotFound."""
        found, left_out = self.listed(key, selection, batch)
        before = self._store.load(key)
        self._store.begin(key, self._watching.whole(key, found, ()))
        self._outputs.begin(key)
        self._begun(key)
        entry = LoopEntry(
            selection,
            batch,
            mode,
            looked_at=self._host.now(),
            finished=len(left_out),
            ran_at=None if before is None else before.ran_at,
        )
        self._store.save(key, entry)
        self._loops.note_completion(key)

    def look_again_once(self, key: LoopKey) -> None:
        """Let files join that came while the batch ran, when its listing has run out.

        Once a batch: should the workflow save into the folder that it reads, in a way that
        ComfyUI is not told of, its results must not feed it for ever.
        """
        if self._loops.entry(key).looked_again or not self._store.counts(key).complete:
            return
        self._loops.save(key, looked_again=True)
        try:
            self._look_again(key, self._claimed_since(key) - CLOCK_SLACK)
        except BatchLoopError:
            # The folder went away in the meantime. That is no fault of the prompt that has just
            # done its work; the next run says what is wrong.
            return

    def told_the_end(self, key: LoopKey, client_id: str | None) -> None:
        """Note that a client's own prompt has completed the batch, once that is kept."""
        self._transactions.when_kept(lambda: self._clients[key].told_the_end(client_id))

    def preview(self, key: LoopKey, selection: Selection, batch: int) -> Sequence[str]:
        """What a batch would hold that began now, in order; in no transaction."""
        return self._lister(key.directory, selection, seed=key.seed(batch))

    def forget(self, key: LoopKey) -> None:
        """Forget a loop, once that is kept."""
        self._transactions.when_kept(lambda: self._clients.pop(key, None))
        self._transactions.when_kept(lambda: self._watching.end(key))

    def listed(
        self, key: LoopKey, selection: Selection, batch: int
    ) -> tuple[Sequence[str], set[str]]:
        """The images in order, and those that are left out as their results are there already.

        Raises NoImages, FolderNotFound and InvalidSetting.
        """
        paths = self._lister(key.directory, selection, seed=key.seed(batch))
        # A folder that is watched may still be empty.
        if not paths and not self._watching.is_watched(key):
            raise NoImages(no_images(key.directory, selection))
        left_out = finished(selection.finished, key.directory, paths)
        return [path for path in paths if path not in left_out], left_out

    def note_client(self, request: Request, prompt: Prompt, *, knows_the_end: bool) -> None:
        """Note that a client has run, and whether it was told of the batch's end by that."""
        clients = self._clients[request.key]
        self._transactions.when_kept(
            lambda: clients.note(prompt.client_id, request.mode, knows_the_end=knows_the_end)
        )

    def _go_on(self, entry: LoopEntry, request: Request, prompt: Prompt) -> None:
        """Bring the listing of a batch that goes on to what `request` needs."""
        key, selection, mode = request.key, request.selection, request.mode
        retries = self._is_chosen(IterationMode.RETRY_FAILED, entry, request, prompt)
        is_new_run = entry.completed_at is not None and prompt.submitted_at > entry.looked_at
        if entry.selection != selection:
            found, left_out = self.listed(key, selection, entry.batch)
            self._store.relist(key, self._watching.whole(key, found, self._store.paths(key)))
            changes = {"selection": selection, "finished": len(left_out)}
            self._loops.save(key, looked_at=self._host.now(), **changes)
        elif is_new_run and not retries:
            self._look_again(key)
        if retries:
            self._store.retry(key)
        if entry.mode is not mode:
            self._loops.save(key, mode=mode)
        self._loops.note_completion(key)

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

    def _claimed_since(self, key: LoopKey) -> float:
        """When the oldest prompt that still has an item was given it."""
        claims = [item.claim for item in self._store.open_items(key)]
        return min((claim.since for claim in claims if claim is not None), default=math.inf)

    def _look_again(self, key: LoopKey, until: float = math.inf) -> None:
        """Append the files that were not there when the listing was taken.

        Only those that were last changed before `until`: what is newer may be a result of a
        prompt that still runs, and has yet to say what it saved. The next run finds it.
        """
        entry = self._loops.entry(key)
        selection = entry.selection
        self._loops.save(key, looked_at=self._host.now())
        if selection.has_range:
            # A range counts files: with one more in front, it would hold another at its end.
            return
        found, left_out = self.listed(key, selection, entry.batch)
        listed = self._store.paths(key)
        self._loops.save(key, finished=len(left_out - listed))
        new = list(self._outputs.unlisted(key, found, listed))
        for path in self._watching.whole(key, new, ()):
            if self._modified_at(key.full(path)) < until:
                self._store.append(key, path)


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
