"""The results of many items, in little memory."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence

from .packed_paths import PackedPaths

_MISSING = ""


class ItemResults:
    """Items in order, by their paths, and the real paths of their results.

    In place of a result that is missing there is None.
    """

    def __init__(self) -> None:
        self._items = PackedPaths()
        self._results = PackedPaths()
        self._ends = array("Q")
        """Where those of each item end in `_results`."""
        self.lost: list[str] = []
        """Items that were done once, and have no results any more, by their paths."""
        self.unpaired: set[str] = set()
        """Items of a pair that nothing is left for to go together with, by their paths."""

    def add(self, item: str, results: Sequence[str | None]) -> None:
        """Add an item at the end."""
        self._items.append(item)
        for result in results:
            self._results.append(result or _MISSING)
        self._ends.append(len(self._results))

    def of(self, number: int) -> list[str | None]:
        """The results of the item with a number, from 0."""
        begin = self._ends[number - 1] if number else 0
        return [path or None for path in self._results[begin : self._ends[number]]]

    @property
    def items(self) -> Sequence[str]:
        """The items' paths."""
        return self._items

    def __iter__(self) -> Iterator[tuple[str, list[str | None]]]:
        """The items' paths, and their results."""
        return ((item, self.of(number)) for number, item in enumerate(self._items))
