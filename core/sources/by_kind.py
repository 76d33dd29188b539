"""All kinds of items: each loop is asked of the source of its own kind."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ..common.errors import InvalidSetting
from ..common.forecast import Weight
from ..model.loop_key import VARIANTS, LoopKey
from .interface import Part, Sight, Source
from .with_variants import WithVariants

if TYPE_CHECKING:
    from ..model.selection import Selection


class ByKind:
    """See `core.sources.interface.Source`."""

    def __init__(self, sources: Mapping[str, Source]) -> None:
        """`sources` are the sources by `LoopKey.kind`."""
        self._sources: Mapping[str, Source]
        self._sources = {
            **sources,
            **{kind + VARIANTS: WithVariants(each) for kind, each in sources.items()},
        }

    def _of(self, key: LoopKey) -> Source:
        source = self._sources.get(key.source)
        if source is None:
            raise InvalidSetting(
                f"The batch of {key.directory!r} has items of the kind {key.source!r}, which this "
                "version of Batch Loop does not know: a newer one has made it. Update the pack."
            )
        return source

    def listed(
        self,
        key: LoopKey,
        selection: Selection,
        *,
        seed: int,
        going_on: Callable[[], object] = lambda: None,
        without: Callable[[Sequence[str]], Collection[str]] = lambda _paths: (),
    ) -> Sequence[str]:
        source = self._of(key)
        return source.listed(key, selection, seed=seed, going_on=going_on, without=without)

    def part(
        self,
        key: LoopKey,
        selection: Selection,
        first: int,
        most: int,
        *,
        going_on: Callable[[], object] = lambda: None,
    ) -> Part | None:
        return self._of(key).part(key, selection, first, most, going_on=going_on)

    def in_range(self, key: LoopKey, selection: Selection, paths: Sequence[str]) -> Sequence[str]:
        return self._of(key).in_range(key, selection, paths)

    def nothing(self, key: LoopKey, selection: Selection, own_results: int) -> str:
        return self._of(key).nothing(key, selection, own_results)

    def file(self, key: LoopKey, path: str) -> str:
        return self._of(key).file(key, path)

    def is_one_file_each(self, key: LoopKey) -> bool:
        return self._of(key).is_one_file_each(key)

    def item(self, key: LoopKey, target: str) -> str | None:
        return self._of(key).item(key, target)

    def may_list(self, key: LoopKey, selection: Selection, path: str) -> bool:
        return self._of(key).may_list(key, selection, path)

    def links(
        self, key: LoopKey, selection: Selection, going_on: Callable[[], object]
    ) -> Iterator[str]:
        return self._of(key).links(key, selection, going_on)

    def sight(self, key: LoopKey, path: str) -> Sight:
        return self._of(key).sight(key, path)

    def weigh(self, key: LoopKey, path: str) -> Weight | None:
        return self._of(key).weigh(key, path)
