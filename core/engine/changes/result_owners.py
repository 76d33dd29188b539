"""Which image wrote which file, so that no result replaces another.

Everything must be called inside a transaction.
"""

from __future__ import annotations

from ...common.sight import MOST_SIGHTS, Sight, Sights
from ...model.if_exists import Owner
from ...model.loop_key import LoopKey
from ...store.interface import Store
from .loop_memory import Work


class Owners:
    """Whose the files are that results may be written to; each is given by its identity."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def of(  # noqa: PLR0913 - who asks, and what is known of the file
        self,
        key: LoopKey,
        path: str,
        target: str,
        work: Work,
        result: str,
        *,
        found: Sight | None,
        kept: bool,
        replaces_own: bool,
    ) -> Owner:
        """The owner of a file that is not a source, for one result of a prompt's item."""
        if work.claimed.get(target) == result:
            return Owner.SAME
        if target in work.claimed or work.left_alone.get(target, result) != result:
            return Owner.OTHER
        return self._known_owner(key, path, target, found, kept=kept, replaces_own=replaces_own)

    def _known_owner(  # noqa: PLR0913 - as above
        self,
        key: LoopKey,
        path: str,
        target: str,
        found: Sight | None,
        *,
        kept: bool,
        replaces_own: bool,
    ) -> Owner:
        """Like `of`, by what earlier prompts and other loops have written."""
        written = self._store.writer(key, target)
        if written is None or (self.is_own(key, path, target) and written.is_replaced(found)):
            return Owner.BEFORE if kept else Owner.NEW
        in_this_batch = written.loop == key.id and written.batch == self._batch(key)
        if (written.loop, written.path) != (key.id, path):
            is_taken = in_this_batch or kept or (written.loop != key.id and written.under_way)
            return Owner.OTHER if is_taken else Owner.NEW
        if in_this_batch:
            return Owner.SAME
        if not kept:
            return Owner.NEW
        return Owner.SAME if replaces_own else Owner.BEFORE

    def is_own(self, key: LoopKey, path: str, target: str) -> bool:
        """Whether the item at `path` was the last to write a file."""
        written = self._store.writer(key, target)
        return written is not None and (written.loop, written.path) == (key.id, path)

    def is_of_this_batch(self, key: LoopKey, target: str) -> bool:
        """Whether a file was last written in the batch that the loop has now."""
        written = self._store.writer(key, target)
        return written is not None and written.batch == self._batch(key)

    def is_in_doubt(self, key: LoopKey, path: str, target: str, found: Sight) -> bool:
        """Whether only its content tells if a file, which looks like that, is still the item's."""
        written = self._store.writer(key, target)
        return written is not None and self.is_own(key, path, target) and written.is_in_doubt(found)

    def sights(  # noqa: PLR0913 - whose file it is, and what is known of it
        self,
        key: LoopKey,
        path: str,
        target: str,
        earlier: tuple[str, Sights] | None,
        found: Sight | None,
        *,
        at: int | None,
    ) -> Sights:
        """How a file that is being claimed may look: as it will, or as the item has left it.

        The latter counts until the new one has its name, which a crash may prevent. `earlier` is
        what `Work.sights` has of the file, which the same prompt has claimed before.
        """
        if at is None:
            return ()
        left = earlier[1] if earlier else ()
        if not left and found is not None and self.is_own(key, path, target):
            written = self._store.writer(key, target)
            left = written.as_left(found) if written else ()
        return (Sight(at), *left)[:MOST_SIGHTS]

    def _batch(self, key: LoopKey) -> int:
        entry = self._store.load(key)
        return 0 if entry is None else entry.batch
