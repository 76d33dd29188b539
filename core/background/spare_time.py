"""How much effort a result's file is worth: as much as hides behind the work on the next image.

Everything is measured in the batch as it goes. Nothing is known of the model itself.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from ..common.workers import usable_cores, worker_count
from ..media.effort import Effort
from ..model.background_writes import Turn
from .costs import Costs, Work

_SHARE_OF_TIME = 0.7
"""The most of the time between two results that writing one may take: no two take the same."""
_SHARE_OF_PROCESSOR = 0.8
"""The most of what the workflow leaves of the processor."""
_WINDOWS = 8
"""How many of the last turns count."""
_PATIENCE = 8
"""Turns until an effort that a result had to be waited for is tried again; twice as many each
time."""
_MOST_LOOPS = 16


class _Moment(NamedTuple):
    """By both clocks, in seconds."""

    now: float
    processor: float


@dataclass
class _Pace:
    """What is known of the turns of a loop's batch."""

    batch: int
    """Its number."""
    handed_out: Turn
    """The turn whose item was handed out last."""
    start: _Moment
    """When it was."""
    turn: Turn | None = None
    """The turn that last came to its results."""
    since: _Moment | None = None
    """When these could be begun."""
    works: list[tuple[Work, Effort]] = field(default_factory=list)
    """The works of the turn so far."""
    before: list[Work] = field(default_factory=list)
    """Those of the turn before."""
    windows: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=_WINDOWS))
    """For the last turns: how long it was from when the item was handed out to its results, and the
    processor's time in it that nothing but encoding used, both in seconds."""
    ceiling: Effort = Effort.SMALL
    quiet: int = 0
    patience: int = _PATIENCE


class SpareTime:
    """Chooses the effort for each result, for all loops of the process.

    `clock` must be monotonic, `processor` is the processor time of the whole process, both in
    seconds, and `workers` how many results are encoded at a time.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        processor: Callable[[], float] = time.process_time,
        cores: int | None = None,
        workers: int | None = None,
    ) -> None:
        self._clock = clock
        self._processor = processor
        self._cores = usable_cores() if cores is None else cores
        self._workers = worker_count(self._cores) if workers is None else workers
        self._lock = threading.Lock()
        self._costs = Costs()
        self._paces: OrderedDict[str, _Pace] = OrderedDict()

    def of(self, turn: Turn) -> Efforts:
        """The efforts of a turn's results."""
        return Efforts(self, turn)

    def starts(self, turn: Turn, batch: int) -> None:
        """Note that a turn's item was handed out, in the loop's batch of that number."""
        with self._lock:
            pace = self._paces.get(turn.loop)
            if pace is None or pace.batch != batch:
                # It may have another model.
                pace = self._paces[turn.loop] = _Pace(batch, turn, self._moment())
            elif pace.handed_out != turn:
                pace.handed_out, pace.start = turn, self._moment()
            self._paces.move_to_end(turn.loop)
            while len(self._paces) > _MOST_LOOPS:
                self._paces.popitem(last=False)

    def begins(self, turn: Turn) -> None:
        """Note that the first result of a turn is there, before earlier ones are waited for."""
        with self._lock:
            pace = self._paces.get(turn.loop)
            if pace is None or pace.turn == turn:
                return
            if pace.since is not None:
                pace.windows.append(self._window(pace, pace.since))
            pace.turn, pace.since = turn, None

    def goes_on(self, turn: Turn, *, waited: bool) -> None:
        """Note that a turn's results can be written now; `waited`: those of an earlier one were."""
        with self._lock:
            pace = self._paces.get(turn.loop)
            if pace is None or pace.since is not None:
                return
            self._step(pace, waited=waited)
            pace.before, pace.works = [work for work, _ in pace.works], []
            pace.since = self._moment()

    def _moment(self) -> _Moment:
        return _Moment(self._clock(), self._processor())

    def _window(self, pace: _Pace, since: _Moment) -> tuple[float, float]:
        """The one that ends now, see `_Pace.windows`."""
        # Somebody may have looked at a result before the next image was asked for.
        end, start = self._moment(), pace.start
        passed, used = end.now - start.now, end.processor - start.processor
        seconds, processor = self._expected(pace.works, end.now) or (0.0, 0.0)
        if seconds > 0:
            # What was encoded before it began is no part of it.
            used -= processor * max(0.0, 1 - (start.now - since.now) / seconds)
        return passed, self._cores * passed - used

    @staticmethod
    def _step(pace: _Pace, *, waited: bool) -> None:
        """Learn from whether the results of the turn before were waited for."""
        highest = max((effort for _, effort in pace.works), default=Effort.FAST)
        if waited and highest > Effort.FAST:
            pace.ceiling = Effort(highest - 1)
            pace.quiet = pace.patience
            pace.patience *= 2
        elif pace.quiet:
            pace.quiet -= 1
            if not pace.quiet:
                pace.ceiling = Effort(min(pace.ceiling + 1, Effort.SMALL))
                pace.quiet = 0 if pace.ceiling == Effort.SMALL else pace.patience

    def chosen(self, turn: Turn, work: Work) -> Effort:
        """The effort for a result that is written while the workflow goes on."""
        with self._lock:
            pace = self._paces.get(turn.loop)
            if pace is None:
                return Effort.FAST
            effort = self._highest(pace, work)
            pace.works.append((work, effort))
            return effort

    def took(self, work: Work, effort: Effort, seconds: float) -> None:
        """Note how long it took to encode and write a result."""
        with self._lock:
            self._costs.note(work, effort, seconds, self._clock())

    def _highest(self, pace: _Pace, work: Work) -> Effort:
        if not pace.windows:
            return Effort.FAST
        seconds = _SHARE_OF_TIME * min(seconds for seconds, _ in pace.windows)
        idle = _SHARE_OF_PROCESSOR * min(idle for _, idle in pace.windows)
        # As many results as the turn before had share the time.
        works = [work for work, _ in pace.works]
        works += [work, *pace.before[len(works) + 1 :]]
        now = self._clock()
        for effort in (Effort.SMALL, Effort.MIDDLE):
            if effort <= pace.ceiling and self._costs.within_a_step(work, effort):
                expected = self._expected([(each, effort) for each in works], now)
                if expected is not None and expected[0] <= seconds and expected[1] <= idle:
                    return effort
        return Effort.FAST

    def _expected(
        self, works: Iterable[tuple[Work, Effort]], now: float
    ) -> tuple[float, float] | None:
        """The seconds that works are expected to take, and the processor's; None if unknown."""
        longest = together = processor = 0.0
        for work, effort in works:
            seconds = self._costs.of(work, effort, now)
            if seconds is None:
                return None
            longest = max(longest, seconds)
            together += seconds if work.kind.parallel else seconds / self._workers
            processor += seconds * self._threads(work)
        return max(longest, together), processor

    def _threads(self, work: Work) -> int:
        return worker_count(self._cores) if work.kind.parallel else 1


@dataclass(frozen=True)
class Efforts:
    """The efforts of one turn's results."""

    _spare: SpareTime
    _turn: Turn

    def chosen(self, work: Work) -> Effort:
        """The effort for a result that is written while the workflow goes on."""
        return self._spare.chosen(self._turn, work)

    def took(self, work: Work, effort: Effort, seconds: float) -> None:
        """Note how long it took to encode and write a result."""
        self._spare.took(work, effort, seconds)
