"""Which files in a folder are no images, because the loop that reads it has saved them itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from ...common.pace import parts_of
from ...files.same_file import Identities, identity
from ...model.loop_key import LoopKey
from ...model.shared_roots import NO_ROOTS, Roots
from ...sources.interface import Source
from ...store.interface import Store

_FEW = 50
"""The most files that are looked up one by one."""


class OwnResults:
    """The results that loops have saved into the folders they read.

    They include those of other workflows with the same images, with variants or without. An image
    that was saved over itself stays an image.
    """

    def __init__(self, store: Store, source: Source, roots: Roots = NO_ROOTS) -> None:
        """`roots` are the folders that machines share."""
        self._store = store
        self._source = source
        self._roots = roots

    def beside(self, key: LoopKey) -> Mapping[str, str]:
        """The results of a loop in its own folder, for `among`; outside any transaction."""
        return self._store.outside.results_below(key, identity(key.directory, self._roots))

    def among(self, key: LoopKey, paths: Sequence[str], results: Mapping[str, str]) -> set[str]:
        """Those of `paths` that are not images, as the loop has written them.

        `results` are those in its folder.
        """
        found: set[str] = set()
        # Usually there are none: results are saved elsewhere.
        if results:
            identity_of = Identities(self._roots, key.directory)
            file_of = partial(self._source.file, key.of_entries)
            for part in parts_of(paths):
                for path in part:
                    target, entry = identity_of(self._source.file(key, path)), key.entry(path)
                    writer = results.get(target, entry)
                    # The image may have been renamed to another spelling since.
                    if writer != entry and identity_of(file_of(writer)) != target:
                        found.add(path)
        return found

    def without(self, key: LoopKey, paths: Sequence[str]) -> list[str]:
        """`paths` without those that the loop has written; inside a transaction."""
        if len(paths) <= _FEW:
            return [path for path in paths if not self._is_result(key, path)]
        results = self._store.results_below(key, identity(key.directory, self._roots))
        own = self.among(key, paths, results)
        return [path for path in paths if path not in own]

    def _is_result(self, key: LoopKey, path: str) -> bool:
        """Whether another image of the loop wrote the file at a relative path."""
        target = self._identity(key, self._source.file(key, path))
        written = self._store.writer(key, target)
        writer = None if written is None else self._store.find(written.loop)
        if written is None or writer is None or not writer.has_images_of(key):
            return False
        return (
            self._identity(key, self._source.file(key.of_entries, writer.entry(written.path)))
            != target
        )

    def _identity(self, key: LoopKey, file: str) -> str:
        return identity(file, self._roots, key.directory)
