"""What sources whose items are all in one file have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from ..common.forecast import Weight
from ..model.loop_key import LoopKey

if TYPE_CHECKING:
    from ..model.selection import Selection


class OneFile:
    """The part of `core.sources.interface.Source` that does not depend on what the file is.

    A loop's `directory` is the file. No file can become one of its items, and none is a link.
    """

    def in_range(
        self,
        key: LoopKey,  # noqa: ARG002
        selection: Selection,
        paths: Sequence[str],
    ) -> Sequence[str]:
        """Those of `paths` that the selection's range holds: each is an item."""
        return selection.in_range(paths)

    def file(self, key: LoopKey, path: str) -> str:  # noqa: ARG002
        """The one file."""
        return key.directory

    def is_one_file_each(self, key: LoopKey) -> bool:  # noqa: ARG002
        """All are in the same one."""
        return False

    def item(self, key: LoopKey, target: str) -> str | None:  # noqa: ARG002
        """No file is an item."""
        return None

    def may_list(self, key: LoopKey, selection: Selection, path: str) -> bool:  # noqa: ARG002
        """What the pack writes is no item."""
        return False

    def links(
        self,
        key: LoopKey,  # noqa: ARG002
        selection: Selection,  # noqa: ARG002
        going_on: Callable[[], object],  # noqa: ARG002
    ) -> Iterator[str]:
        """None: an item is no file."""
        return iter(())

    def weigh(self, key: LoopKey, path: str) -> Weight | None:  # noqa: ARG002
        """Not known."""
        return None
