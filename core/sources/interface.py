"""What a source is: where a loop takes its items from.

The engine knows an item by its path, and a loop by its key. What a path stands for, which items
there are, and in which order, only the loop's source knows.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ..common.forecast import Weight
from ..model.loop_key import LoopKey

if TYPE_CHECKING:
    from ..model.selection import Selection

Sight = Hashable
"""A description of an item that shows whether it has changed; None if it is gone."""


class Part(NamedTuple):
    """Some of a source's items."""

    paths: Sequence[str]
    """In order."""
    behind: int
    """How many more come behind them, as far as known; 0 only if there is none."""


class Source(Protocol):
    """The items of one kind of loop; everything may be called from any thread.

    Nothing here knows what has become of an item: that is the engine's, and the same for all kinds.
    """

    def listed(
        self,
        key: LoopKey,
        selection: Selection,
        *,
        seed: int,
        going_on: Callable[[], object] = ...,
        without: Callable[[Sequence[str]], Collection[str]] = ...,
    ) -> Sequence[str]:
        """The paths of the items in order; `seed` determines the order of a shuffle.

        `going_on` is called repeatedly meanwhile, and what it raises ends the listing. `without` is
        given all that match, and returns those to leave out before the range is applied.

        Raises BatchLoopError of the kind that tells what is wrong with the source.
        """

    def part(
        self,
        key: LoopKey,
        selection: Selection,
        first: int,
        most: int,
        *,
        going_on: Callable[[], object] = ...,
    ) -> Part | None:
        """At most `most` items from the one at place `first` on, where that needs no more read.

        None if all have to be known first, as for a shuffle. Raises like `listed`.
        """

    def in_range(self, key: LoopKey, selection: Selection, paths: Sequence[str]) -> Sequence[str]:
        """Those of all items, in order, that the selection's range holds."""

    def nothing(self, key: LoopKey, selection: Selection, own_results: int) -> str:
        """The message for a source without items, apart from the loop's `own_results`."""

    def file(self, key: LoopKey, path: str) -> str:
        """Full path of the file that an item is, or is in."""

    def is_one_file_each(self, key: LoopKey) -> bool:
        """Whether each item is a file of its own, rather than a part of one that has several."""

    def item(self, key: LoopKey, target: str) -> str | None:
        """Path of the item that the file at a full path would be; None if it can be none."""

    def may_list(self, key: LoopKey, selection: Selection, path: str) -> bool:
        """Whether a batch with another filter or range might list the item at `path`."""

    def links(
        self, key: LoopKey, selection: Selection, going_on: Callable[[], object]
    ) -> Iterator[str]:
        """Real paths of the files that items are links to; raises like `listed`."""

    def sight(self, key: LoopKey, path: str) -> Sight:
        """A description of an item now."""

    def weigh(self, key: LoopKey, path: str) -> Weight | None:
        """How much work an item is, in any unit; None if that is not known."""
