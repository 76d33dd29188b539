"""Loops that are watched for new files, by their latest run or by somebody who asks.

Methods that must be called inside a transaction say so; those that look at files must not be.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ...files.growing_files import Arrivals
from ...model.loop_key import LoopKey
from ...model.prompt import Host
from ...model.records import Arrived
from ...sources.interface import Source
from ...store.interface import Store
from ...store.records import LoopEntry
from ..changes.loops import Loops
from ..changes.process_memory import Memory

if TYPE_CHECKING:
    from ...model.selection import Selection


@dataclass(frozen=True)
class Look:
    """A look at the folder of a loop that is watched."""

    key: LoopKey
    arrivals: Arrivals
    began: float


class FolderWatch:
    """The folders that are watched, and what was seen in them."""

    def __init__(
        self, store: Store, host: Host, memory: Memory, loops: Loops, source: Source
    ) -> None:
        self._store = store
        self._host = host
        self._memory = memory
        self._loops = loops
        self._source = source

    def watch(self, key: LoopKey) -> None:
        """Watch a loop's folder, from now on; in a transaction."""
        known = self._memory[key]
        if not known.is_watched or known.arrivals is None:
            self._memory.change(key, is_watched=True, arrivals=known.arrivals or Arrivals())

    def leave(self, key: LoopKey) -> None:
        """Stop watching it; in a transaction."""
        known = self._memory[key]
        if known.is_watched or known.arrivals is not None:
            self._memory.change(key, is_watched=False, arrivals=None)

    def is_watched(self, key: LoopKey) -> bool:
        """Whether a loop's folder is watched."""
        return self._memory.kept(key).is_watched

    def whole(self, key: LoopKey, paths: Sequence[str], listed: Collection[str]) -> Sequence[str]:
        """`paths`, without new files that may be incomplete, if the folder is watched."""
        arrivals = self._memory.kept(key).arrivals
        if arrivals is None:
            return paths
        now = self._host.steady()
        return [
            path
            for path in paths
            if path in listed or arrivals.is_whole(self._source.file(key, path), now)
        ]

    def has_new(self, key: LoopKey, paths: Iterable[str]) -> bool:
        """Whether the folder is watched, and one of `paths` has never been looked at."""
        arrivals = self._memory.kept(key).arrivals
        if arrivals is None:
            return False
        return not all(arrivals.has_seen(self._source.file(key, path)) for path in paths)

    def at_rest(self, key: LoopKey) -> tuple[Arrived, LoopEntry | None]:
        """What is known without a look at the folder, and the loop's row if a look is due.

        In a transaction, after reconciling.
        """
        arrived = Arrived(key.id, key.directory)
        # What a prompt saves is no new file, and is only known when it has ended.
        if self._store.open_items(key):
            return arrived, None
        counts = self._store.counts(key)
        if counts.to_hand_out > 0:
            return replace(arrived, ready=counts.to_hand_out), None
        entry = self._loops.entry(key)
        if entry.selection.has_range:
            return arrived, None
        if self._memory[key].arrivals is None:
            self._memory.change(key, arrivals=Arrivals())
        return arrived, entry

    def begin_look(self, key: LoopKey, selection: Selection) -> Look | None:
        """Begin a look at a folder; None if it would find nothing.

        This and `looked` are called in the loop's turn, see `core.engine.folders.listings`, and
        outside any transaction.
        """
        arrivals = self._memory.kept(key).arrivals
        began = self._host.steady()
        if arrivals is None or not arrivals.worth_a_look(key.directory, selection, began):
            return None
        arrivals.looking(key.directory, selection, began)
        return Look(key, arrivals, began)

    def looked(self, arrived: Arrived, look: Look, new: Sequence[str]) -> Arrived:
        """End a look that found new files at these relative paths; returns what has arrived."""
        now = self._host.steady()
        unknown = [self._source.file(look.key, path) for path in new]
        look.arrivals.looked(look.began, now, unknown)
        ready = sum(look.arrivals.is_whole(path, now) for path in unknown)
        return replace(arrived, ready=ready, growing=len(unknown) - ready)
