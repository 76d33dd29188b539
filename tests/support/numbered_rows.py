"""A source of items that are only names, listed in parts as the rows of a table are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from batch_loop.core.model.loop_key import LoopKey
from batch_loop.core.model.selection import Selection
from batch_loop.core.sources.interface import Part, Sight
from batch_loop.core.sources.one_file import OneFile


def numbered(number: int) -> list[str]:
    """So many different names, in order."""
    return [f"r{each:05}" for each in range(number)]


class NumberedRows(OneFile):
    """A fake of `core.sources.interface.Source`; what it has may be changed at any time."""

    def __init__(self, number: int) -> None:
        self.rows = numbered(number)
        self.said: Callable[[int], int] = lambda behind: behind
        """What it says of how many are behind a part; not asked where none is."""
        self.admits_its_end = True
        self.parts: list[tuple[int, int]] = []
        """What was asked for in parts: the first place, and how many."""
        self.listings = 0
        """How often all were listed."""
        self.while_listing: Callable[[], object] = lambda: None
        """Called once something is read, and before it is told."""

    def listed(
        self,
        key: LoopKey,  # noqa: ARG002
        selection: Selection,
        *,
        seed: int,  # noqa: ARG002
        going_on: Callable[[], object] = lambda: None,  # noqa: ARG002
        without: Callable[[Sequence[str]], Collection[str]] = lambda _paths: (),  # noqa: ARG002
    ) -> Sequence[str]:
        self.listings += 1
        rows = list(reversed(self.rows)) if selection.descending else list(self.rows)
        self.while_listing()
        return selection.in_range(rows)

    def part(
        self,
        key: LoopKey,  # noqa: ARG002
        selection: Selection,
        first: int,
        most: int,
        *,
        going_on: Callable[[], object] = lambda: None,  # noqa: ARG002
    ) -> Part | None:
        if selection.descending:
            return None
        self.parts.append((first, most))
        rows = selection.in_range(self.rows)[first:]
        self.while_listing()
        behind = len(rows) - len(rows[:most])
        if behind or not self.admits_its_end:
            behind = self.said(behind)
        return Part(rows[:most], behind)

    def nothing(self, key: LoopKey, selection: Selection, own_results: int) -> str:  # noqa: ARG002
        return "there are no rows"

    def sight(self, key: LoopKey, path: str) -> Sight:  # noqa: ARG002
        return path if path in self.rows else None
