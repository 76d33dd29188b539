"""The images that batches read: no result is written over one.

Everything must be called inside a transaction, unless it says otherwise.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Hashable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from ...files.same_file import Identities, folded, folds, identity
from ...files.same_folder import way_from
from ...model.items import ItemState
from ...model.loop_key import LoopKey
from ...model.shared_roots import Roots
from ...sources.interface import Source
from ...store.interface import Store
from ...store.records import UNLISTED
from .process_memory import Memory

if TYPE_CHECKING:
    from ...model.selection import Selection


class UnseenLinks(NamedTuple):
    """A look that is due: which files images of a loop are links to."""

    key: LoopKey
    selection: Selection
    listing: Hashable
    """What tells the listing from others of the loop."""


SeenLinks = Mapping[UnseenLinks, Collection[str]]
"""The files found by each look, by identity."""


class SourceFiles:
    """The images that loops read, however a path to one is spelled."""

    def __init__(
        self,
        store: Store,
        memory: Memory,
        source: Source,
        roots: Roots,
        real_path: Callable[[str], str | None],
    ) -> None:
        """`roots` are the folders that machines share; `real_path` is as in `Parts`."""
        self._store = store
        self._memory = memory
        self._source = source
        self._roots = roots
        self.real_path = real_path

    def identity(self, key: LoopKey, file: str) -> str:
        """The identity of a file, as a loop knows it."""
        return identity(file, self._roots, key.directory)

    def identities(self, key: LoopKey) -> Identities:
        """The identities of many files at one moment, as a loop knows them."""
        return Identities(self._roots, key.directory)

    def is_at(self, key: LoopKey, path: str, file: str) -> bool:
        """Whether the item at a relative path is the file itself, all of it."""
        if not self._source.is_one_file_each(key):
            return False
        return self.identity(key, self._source.file(key, path)) == self.identity(key, file)

    def is_source(self, key: LoopKey, target: str) -> bool:
        """Whether a file is one of those that the batch reads, however it is spelled."""
        if not self._source.is_one_file_each(key.of_entries):
            # Its items go on to be read from it.
            return bool(key.folder) and self.identity(key, target) == self.identity(
                key, key.directory
            )
        folder, name = os.path.split(target)
        if key.has_variants:
            # No item is called like its entry.
            inside = self._inside(key, target) if os.path.lexists(target) else None
            return inside is not None and (
                inside in self._entries(key)
                or (folds(folder, name) and inside in self._spelled_images(key))
            )
        inside = self._source.item(key, os.path.join(way_from(key.directory, folder), name))
        item = None if inside is None else self._store.item(key, inside)
        # One that waits without being listed may be known only from an earlier batch.
        if item is not None and (item.index != UNLISTED or item.state is not ItemState.PENDING):
            return True
        if not os.path.lexists(target) or not folds(folder, name):
            return False
        inside = self._inside(key, target)
        return inside is not None and inside in self._spelled_images(key)

    def may_read(self, key: LoopKey, target: str) -> bool:
        """Whether an existing file is an image of the loop's folder that no loop has written.

        With another filter, limit or start, a batch would read it: it must outlast this one.
        """
        entry, inside = self._store.load(key), self._inside(key, target)
        return (
            entry is not None
            and inside is not None
            and self._source.may_list(key, entry.selection, inside)
            and self._store.writer(key, self.identity(key, target)) is None
        )

    def linked(self, key: LoopKey, links: SeenLinks) -> Collection[str] | UnseenLinks:
        """The files that images of the batch are links to, or the look that is due."""
        entry = self._store.load(key)
        if entry is None:
            return ()
        listing = self._listing(key)
        known = self._memory[key].linked
        if known is None or known[0] != listing:
            unseen = UnseenLinks(key, entry.selection, listing)
            if unseen not in links:
                return unseen
            known = listing, links[unseen]
            self._memory.change(key, linked=known)
        return known[1]

    def see_links(
        self, unseen: UnseenLinks, going_on: Callable[[], object] = lambda: None
    ) -> Collection[str]:
        """Find the files that images of a loop are links to; outside any transaction.

        Raises FolderNotFound.
        """
        key, selection, _ = unseen
        if self.real_path(key.directory) is None:
            return ()
        identity_of = self.identities(key)
        # What may not be read is not an image, and may not be written either.
        files = map(self.real_path, self._source.links(key, selection, going_on))
        return {identity_of(file) for file in files if file is not None}

    def _inside(self, key: LoopKey, target: str) -> str | None:
        """Relative path of a file in the loop's folder, by its identity; None for any other."""
        directory, file = identity(key.directory, self._roots), self.identity(key, target)
        if not file.startswith(os.path.join(directory, "")):
            return None
        return os.path.relpath(file, directory).replace(os.sep, "/")

    def _listing(self, key: LoopKey) -> Hashable:
        """A key that tells the current listing from others of the loop."""
        entry = self._store.load(key)
        batch, selection = (0, None) if entry is None else (entry.batch, entry.selection)
        return batch, selection, self._store.counts(key).listed

    def _spelled_images(self, key: LoopKey) -> Collection[str]:
        listing = self._listing(key)
        known = self._memory[key].spelled
        if known is None or known[0] != listing:
            known = listing, set(map(folded, self._all_entries(key)))
            self._memory.change(key, spelled=known)
        return known[1]

    def _entries(self, key: LoopKey) -> Collection[str]:
        listing = self._listing(key)
        known = self._memory[key].entries
        if known is None or known[0] != listing:
            known = listing, self._all_entries(key)
            self._memory.change(key, entries=known)
        return known[1]

    def _all_entries(self, key: LoopKey) -> set[str]:
        return set(map(key.entry, self._store.outside.paths(key)))
