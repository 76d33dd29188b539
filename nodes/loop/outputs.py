"""Which image of a batch wrote which file: so that no result takes the place of another.

Everything here expects to run inside of a transaction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from enum import Enum

from .state import LoopKey
from .store import Store
from .transactions import Transactions


class Owner(Enum):
    """Whose a file is that a result is to be written to."""

    NEW = "new"
    """No image of the batch wrote it: it is not there, or need not be kept."""
    SAME = "same"
    """The image wrote it in an earlier try of the same batch."""
    OTHER = "other"
    """Another image of the batch wrote it."""
    BEFORE = "before"
    """No image of the batch wrote it: it is there from before, and is to be kept."""
    SOURCE = "source"
    """It is one of the images that the batch reads."""


class Outputs:
    """The files that the batches have written, by their real paths."""

    def __init__(self, store: Store, transactions: Transactions) -> None:
        self._store = store
        self._transactions = transactions
        # Files from before that the open items found in their place, and left alone.
        self._left_alone: defaultdict[LoopKey, defaultdict[str, set[str]]] = defaultdict(
            lambda: defaultdict(set)
        )

    def claim(
        self, key: LoopKey, path: str, targets: Collection[str], kept: Collection[str]
    ) -> dict[str, Owner]:
        """Claim `targets` for the item at `path`, all or none; see `LoopRegistry.claim_outputs`."""
        owners = {target: self._owner(key, path, target, kept=target in kept) for target in targets}
        if {Owner.NEW, Owner.SAME}.issuperset(owners.values()):
            for target, owner in owners.items():
                if owner is Owner.NEW:
                    self._store.note_output(key, target, path)
        before = {target for target, owner in owners.items() if owner is Owner.BEFORE}
        if before:
            left_alone = self._left_alone[key][path]
            self._transactions.when_kept(lambda: left_alone.update(before))
        return owners

    def note_saved(
        self, key: LoopKey, path: str, targets: Collection[str], *, succeeded: bool
    ) -> None:
        """Note the files that a prompt on the item at `path` said it saved, once it has ended."""
        left_alone = self._left_alone[key]
        for target in targets:
            # A prompt that failed may only repeat what an earlier one has saved, or show what it
            # has left alone: the next try must not take that for its own.
            left = target in left_alone.get(path, ())
            if succeeded or (not left and self._store.output_owner(key, target) is None):
                self._store.note_output(key, target, path)
        self._transactions.when_kept(lambda: left_alone.pop(path, None))

    def begin(self, key: LoopKey) -> None:
        """Forget what was left alone, as another batch begins."""
        self._transactions.when_kept(lambda: self._left_alone.pop(key, None))

    def unwritten(self, key: LoopKey, paths: Sequence[str]) -> list[str]:
        """Those of `paths` that the workflow has not written, as far as is known."""
        return [path for path in paths if self._store.output_owner(key, key.full(path)) is None]

    def _owner(self, key: LoopKey, path: str, target: str, *, kept: bool) -> Owner:
        """Whose a file is, for the item at `path`."""
        inside = key.inside(target)
        if inside is not None and self._store.item(key, inside) is not None:
            return Owner.SOURCE
        owner = self._store.output_owner(key, target)
        if owner is None:
            return Owner.BEFORE if kept else Owner.NEW
        return Owner.SAME if owner == path else Owner.OTHER
