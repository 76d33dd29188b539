"""The store that stands in for a database that cannot be used."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from typing import TypeVar

from ..common.errors import StateNotKept
from ..model.loop_key import LoopKey
from .memory import MemoryStore
from .memory_outside import MemoryOutside
from .records import ListedLoop

T = TypeVar("T")


class RefusingStore(MemoryStore):
    """Stands in for a database that cannot be used: every use raises StateNotKept."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self._reason = reason
        self.outside = _RefusingOutside(reason, self)

    def transaction(self, *, beside: str | None = None) -> AbstractContextManager[None]:  # noqa: ARG002
        raise StateNotKept(self._reason)

    def snapshot_read(self, read: Callable[[], T]) -> T | None:  # noqa: ARG002
        return None


class _RefusingOutside(MemoryOutside):
    """The `Outside` of such a store."""

    def __init__(self, reason: str, store: MemoryStore) -> None:
        super().__init__({}, {}, store)
        self._reason = reason

    def listed_loops(self) -> list[ListedLoop]:
        raise StateNotKept(self._reason)

    def paths(self, key: LoopKey) -> Collection[str]:  # noqa: ARG002
        raise StateNotKept(self._reason)
