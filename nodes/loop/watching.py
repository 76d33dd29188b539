"""Loops that are watched for new files, by their newest run or by somebody who asks.

What runs in a transaction says so.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from ..io.arrivals import Arrivals
from .loops import Loops
from .outputs import Outputs
from .prompt import Host
from .state import Arrived, LoopKey
from .store import LoopEntry, Store


@dataclass(frozen=True)
class Look:
    """A look at the folder of a loop that is watched."""

    key: LoopKey
    entry: LoopEntry
    arrivals: Arrivals
    began: float


class Watching:
    """What is remembered of the folders that are watched."""

    def __init__(self, store: Store, host: Host, loops: Loops, outputs: Outputs) -> None:
        self._store = store
        self._host = host
        self._loops = loops
        self._outputs = outputs
        self._arrivals: dict[LoopKey, Arrivals] = {}

    def begin(self, key: LoopKey) -> None:
        """Watch a loop's folder."""
        self._arrivals.setdefault(key, Arrivals())

    def end(self, key: LoopKey) -> None:
        """Watch it no more."""
        self._arrivals.pop(key, None)

    def is_watched(self, key: LoopKey) -> bool:
        """Whether a loop's folder is watched."""
        return key in self._arrivals

    def whole(self, key: LoopKey, paths: Sequence[str], listed: Collection[str]) -> Sequence[str]:
        """`paths`, without new files that may still be growing where the folder is watched."""
        arrivals = self._arrivals.get(key)
        if arrivals is None:
            return paths
        now = self._host.now()
        return [path for path in paths if path in listed or arrivals.is_whole(key.full(path), now)]

    def worth_a_look(self, key: LoopKey) -> tuple[Arrived, Look | None]:
        """What is known without reading the folder, and what to read it for, if that is due.

        In a transaction, and settled before.
        """
        arrived = Arrived(key.id, key.directory)
        # What its prompt saves is only known when it has ended: it is no new file.
        if self._store.open_items(key):
            return arrived, None
        pending = self._store.counts(key).pending
        if pending:
            return replace(arrived, ready=pending), None
        entry = self._loops.entry(key)
        if entry.selection.has_range:
            return arrived, None
        arrivals = self._arrivals.setdefault(key, Arrivals())
        began = self._host.now()
        if not arrivals.worth_a_look(key.directory, entry.selection, began):
            return arrived, None
        arrivals.looking(key.directory, entry.selection, began)
        return arrived, Look(key, entry, arrivals, began)

    def looked(self, arrived: Arrived, look: Look, found: Sequence[str]) -> Arrived:
        """What a look has found; in a transaction."""
        key, now = look.key, self._host.now()
        new = self._outputs.unlisted(key, found, self._store.paths(key))
        unknown = [key.full(path) for path in new]
        look.arrivals.looked(look.began, now, unknown)
        ready = sum(look.arrivals.is_whole(path, now) for path in unknown)
        return replace(arrived, ready=ready, growing=len(unknown) - ready)
