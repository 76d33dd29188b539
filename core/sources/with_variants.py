"""The entries of another source, each taken with several values."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from ..common.forecast import Weight
from ..model.loop_key import LoopKey
from ..model.titles import entry_in, taken_with
from .interface import Part, Sight, Source
from .variants import crossed, variants_of

if TYPE_CHECKING:
    from ..model.selection import Selection


class WithVariants:
    """The source of loops whose items are entries of `entries`, each with each variant.

    The range counts entries. See `core.sources.interface.Source`.
    """

    def __init__(self, entries: Source) -> None:
        self._entries = entries

    def listed(
        self,
        key: LoopKey,
        selection: Selection,
        *,
        seed: int,
        going_on: Callable[[], object] = lambda: None,
        without: Callable[[Sequence[str]], Collection[str]] = lambda _paths: (),
    ) -> Sequence[str]:
        variants = variants_of(selection)
        label = "" if variants is None else next(iter(variants.labelled))

        def without_entries(entries: Sequence[str]) -> Collection[str]:
            # An entry may be called like an item, as `a · 1.png` beside `a.png`.
            return set(map(entry_in, without([taken_with(entry, label) for entry in entries])))

        entries = self._entries.listed(
            key.of_entries, selection, seed=seed, going_on=going_on, without=without_entries
        )
        return entries if variants is None else crossed(entries, variants)

    def part(
        self,
        key: LoopKey,
        selection: Selection,
        first: int,
        most: int,
        *,
        going_on: Callable[[], object] = lambda: None,
    ) -> Part | None:
        variants = variants_of(selection)
        if variants is None or variants.by_value:
            return None
        labels = list(variants.labelled)
        entry, skipped = divmod(first, len(labels))
        wanted = -(-(skipped + most) // len(labels))
        part = self._entries.part(key.of_entries, selection, entry, wanted, going_on=going_on)
        if part is None:
            return None
        items = [taken_with(each, label) for each in part.paths for label in labels]
        paths = items[skipped : skipped + most]
        left = len(items) - skipped - len(paths)
        return Part(paths, max(0, left) + part.behind * len(labels))

    def in_range(self, key: LoopKey, selection: Selection, paths: Sequence[str]) -> Sequence[str]:
        if not selection.has_range:
            return paths
        entries = list(dict.fromkeys(map(entry_in, paths)))
        kept = set(self._entries.in_range(key.of_entries, selection, entries))
        return [path for path in paths if entry_in(path) in kept]

    def nothing(self, key: LoopKey, selection: Selection, own_results: int) -> str:
        return self._entries.nothing(key.of_entries, selection, own_results)

    def file(self, key: LoopKey, path: str) -> str:
        return self._entries.file(key.of_entries, entry_in(path))

    def is_one_file_each(self, key: LoopKey) -> bool:  # noqa: ARG002
        return False

    def item(self, key: LoopKey, target: str) -> str | None:
        return self._entries.item(key.of_entries, target)

    def may_list(self, key: LoopKey, selection: Selection, path: str) -> bool:
        return self._entries.may_list(key.of_entries, selection, path)

    def links(
        self, key: LoopKey, selection: Selection, going_on: Callable[[], object]
    ) -> Iterator[str]:
        return self._entries.links(key.of_entries, selection, going_on)

    def sight(self, key: LoopKey, path: str) -> Sight:
        return self._entries.sight(key.of_entries, entry_in(path))

    def weigh(self, key: LoopKey, path: str) -> Weight | None:
        return self._entries.weigh(key.of_entries, entry_in(path))
