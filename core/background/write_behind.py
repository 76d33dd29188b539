"""Encoding and writing in the background, while the workflow goes on with the next image."""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Collection
from concurrent.futures import Future
from dataclasses import dataclass
from typing import NamedTuple

from ..common.errors import BatchLoopError, ClaimLost, NoRoom
from ..common.workers import worker_count, worker_pool
from ..model.background_writes import Turn
from ..model.prompt import Failure
from ..model.records import Iteration
from .budget import MemoryBudget, Room

_TURNS_KEPT = 64
"""Those whose outcome is still to be noted are few. Nobody asks for one of a batch that was started
over meanwhile."""

_WAY_SECONDS = 0.02
"""How long at most a write lets the prompt's thread go first, see `WriteBehind.handed_out`."""

_log = logging.getLogger(__name__)


def can_wait(iteration: Iteration) -> bool:
    """Whether an iteration's results may be written later: nothing follows the last one's."""
    return iteration.item is not None and not iteration.is_last


class _Way(NamedTuple):
    """How long a write gives way to the prompt's thread."""

    handed_out: int
    """How many items were handed out when it was asked for: until there is one more."""
    until: float
    """Or until then, by the clock: not for longer if it has had to wait for a thread."""


@dataclass(frozen=True)
class Encoding:
    """A file that is encoded before it may be written."""

    file: Future[bytes]
    room: Room
    """The memory that its image takes until it is encoded, and until it is written then."""

    def drop(self) -> None:
        """Do without it if it has not begun, unless a write has been given its memory."""
        if not self.room.is_shared and self.file.cancel():
            self.room.let_go()


class WriteBehind:
    """Runs writes in its own threads, within a memory budget, and tracks them by turn."""

    def __init__(self, budget: MemoryBudget, clock: Callable[[], float] = time.monotonic) -> None:
        self._budget = budget
        self._clock = clock
        self.is_new = True
        """Whether nothing was ever written."""
        self._changed = threading.Condition()
        self._under_way: defaultdict[Turn, list[str]] = defaultdict(list)
        self._failures: dict[Turn, Failure] = {}
        # By the clock: since when anything is being written, and for how long it was.
        self._since: dict[Turn, float] = {}
        self._seconds: dict[Turn, float] = {}
        self._when_written: list[Callable[[], object]] = []
        self._items_handed_out = 0
        self._waiting = 0
        # Python waits for these threads before it ends.
        self._pool = worker_pool("write-behind", worker_count())

    def write(  # noqa: PLR0913, PLR0917 - what a write is known by
        self,
        turn: Turn,
        target: str,
        size: int,
        job: Callable[[], object],
        node: tuple[str, str],
        held: Room | None = None,
    ) -> bool:
        """Have `job` write the file at real path `target` in the background.

        `size` is how many bytes of memory it holds until then, and `node` the id and type of the
        node to which a failure is attributed. `held` is what holds that memory already, as of an
        image that is being encoded: it counts once. False, with nothing done, if there is no room
        for it: the caller then writes it, so that a slow disk slows the loop instead of filling the
        memory. In either case an earlier write to the same file has ended by then: without a cache,
        ComfyUI may run one node several times in a prompt.
        """
        self._wait_until(lambda: not self._writes(target))
        room = held if held is not None and held.hold() else self._budget.room(size)
        if room is None:
            return False
        with self._changed:
            self.is_new = False
            self._under_way[turn].append(target)
            self._since.setdefault(turn, self._clock())
            way = _Way(self._items_handed_out, self._clock() + _WAY_SECONDS)
        try:
            self._pool.submit(self._run, turn, target, room, job, node, way)
        except RuntimeError:  # Python is shutting down
            self._ended(turn, target, room, None)
            return False
        return True

    def encode(self, size: int, job: Callable[[], bytes]) -> Encoding | None:
        """Have `job` encode a file in the background, to be written later; None as in `write`.

        `size` is how many bytes of memory it holds, and gives back when it ends, whoever asks for
        it. Nothing waits for it but who does.
        """
        room = self._budget.room(size)
        if room is None:
            return None

        def run() -> bytes:
            try:
                return job()
            finally:
                room.let_go()

        try:
            return Encoding(self._pool.submit(run), room)
        except RuntimeError:  # Python is shutting down
            room.let_go()
            return None

    def _run(  # noqa: PLR0913, PLR0917 - what `write` is given, and when it was
        self,
        turn: Turn,
        target: str,
        room: Room,
        job: Callable[[], object],
        node: tuple[str, str],
        way: _Way,
    ) -> None:
        self._give_way(way)
        failure = None
        try:
            job()
        except ClaimLost as error:
            # No report shows it: the image is another's.
            _log.warning("Batch Loop: %s", error)
            failure = Failure(str(error), *node)
        except BatchLoopError as error:
            failure = Failure(str(error), *node, blames_image=not isinstance(error, NoRoom))
        except Exception as error:  # noqa: BLE001 the item's report shows it
            _log.exception("Batch Loop could not write %s", target)
            failure = Failure(f"{type(error).__name__}: {error}", *node)
        self._ended(turn, target, room, failure)

    def handed_out(self) -> None:
        """Note that the workflow has its next item, so that what was just saved may be encoded.

        Between two items the prompt's thread works alone, on many small things. Encoding takes the
        interpreter from it as often, for its own, and would make it twice as long: it has all of
        the model's time.
        """
        with self._changed:
            self._items_handed_out += 1
            self._changed.notify_all()

    def _give_way(self, way: _Way) -> None:
        """Wait for the next item, unless somebody waits for files, or it is time."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._waiting or self._items_handed_out != way.handed_out,
                max(0.0, way.until - self._clock()),
            )

    def _ended(self, turn: Turn, target: str, room: Room, failure: Failure | None) -> None:
        room.let_go()
        with self._changed:
            if failure is not None:
                self._failures.setdefault(turn, failure)
                if len(self._failures) > _TURNS_KEPT:
                    del self._failures[next(iter(self._failures))]
            self._under_way[turn].remove(target)
            is_last = not self._under_way[turn]
            if is_last:
                del self._under_way[turn]
                passed = self._clock() - self._since.pop(turn)
                self._seconds[turn] = self._seconds.get(turn, 0.0) + passed
                if len(self._seconds) > _TURNS_KEPT:
                    del self._seconds[next(iter(self._seconds))]
            self._changed.notify_all()
        if is_last:
            for tell in self._when_written:
                tell()

    def busy(self, loop: str, but: Collection[Turn] = ()) -> bool:
        """Whether anything is being written for a loop, except for the turns `but`."""
        with self._changed:
            return any(turn.loop == loop for turn in self._under_way if turn not in but)

    def under_way(self, turn: Turn) -> bool:
        """Whether anything is being written for a turn."""
        with self._changed:
            return turn in self._under_way

    def failure(self, turn: Turn) -> Failure | None:
        """The first failure among the writes of a turn; None if there is none so far."""
        with self._changed:
            return self._failures.get(turn)

    def seconds(self, turn: Turn) -> float:
        """How long anything was being written for a turn, up to when nothing was."""
        with self._changed:
            return self._seconds.get(turn, 0.0)

    def wait(self, loop: str, but: Collection[Turn] = ()) -> None:
        """Wait until nothing is being written for a loop, except for the turns `but`."""
        self._wait_until(lambda: not self.busy(loop, but))

    def wait_for_file(self, target: str, seconds: float) -> None:
        """Wait until the file at real path `target` is written, for `seconds` at most."""
        self._wait_until(lambda: not self._writes(target), seconds)

    def _wait_until(self, is_written: Callable[[], bool], seconds: float | None = None) -> None:
        """Wait for files, which nothing is put before meanwhile."""
        with self._changed:
            if is_written():
                return
            self._waiting += 1
            self._changed.notify_all()
            try:
                self._changed.wait_for(is_written, seconds)
            finally:
                self._waiting -= 1

    def idle(self) -> bool:
        """Whether nothing is being written."""
        with self._changed:
            return not self._under_way

    def _writes(self, target: str) -> bool:
        return any(target in targets for targets in self._under_way.values())

    def forget(self, turn: Turn) -> None:
        """Forget a turn whose writes have all ended."""
        with self._changed:
            self._failures.pop(turn, None)
            self._seconds.pop(turn, None)

    def when_written(self, tell: Callable[[], object]) -> None:
        """Have `tell` called, from any thread, each time that all files of a turn are written."""
        self._when_written.append(tell)
