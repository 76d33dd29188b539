"""The files that items wrote, in memory."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from ..common.natural_order import in_natural_order
from ..common.sight import Sight, Sights
from ..model.items import ItemState
from ..model.loop_key import LoopKey
from ..model.records import KnownResult, ReportedItem, Written
from .memory_items import ItemTable
from .memory_undo import Undo
from .records import NO_BATCH, LoopEntry


@dataclass(frozen=True)
class _File:
    """A file that an item wrote."""

    key: LoopKey
    path: str
    batch: int
    name: str
    whole: bool = False
    sights: Sights = ()


class MemoryOutputs:
    """The part of the store in memory that records outputs."""

    def __init__(self) -> None:
        self._undo = Undo()
        self._entries: dict[LoopKey, LoopEntry] = {}
        self._items: dict[LoopKey, ItemTable] = {}
        # The last writer of each file, and the files of each item, in all batches.
        self._files: dict[str, _File] = {}
        self._written: defaultdict[LoopKey, defaultdict[str, set[str]]] = defaultdict(
            lambda: defaultdict(set)
        )

    def page(self, key: LoopKey, start: int, most: int, *, failed: bool) -> list[ReportedItem]:
        items = self._items[key]
        indexes = items.failed if failed else range(len(items.order))
        return items.reported(indexes[start : start + most])

    def outputs(self, key: LoopKey, path: str) -> tuple[str, ...]:
        return in_natural_order(self._items[key].written.get(path, ()))

    def note_output(  # noqa: PLR0913 - see `store.Outputs`
        self,
        key: LoopKey,
        target: str,
        path: str,
        *,
        file: str | None = None,
        kept: bool = False,
        sights: Sights | None = None,
        in_order: bool = False,  # noqa: ARG002 - there is no other server
    ) -> bool:
        name = file or target
        if not kept:
            before = self._files.get(target)
            if sights is None:
                sights = before.sights if before is not None and before.key == key else ()
            self._forget_file(target)
            is_open = path in self._items[key].open
            batch = self._entries[key].batch
            new = _File(key, path, batch, name, whole=is_open, sights=sights)
            self._undo.put(self._files, target, new)
            self._undo.add(self._written[key][path], target)
        self._undo.add(self._items[key].written[path], name)
        return True

    def note_sights(self, key: LoopKey, looks: Mapping[str, tuple[Sights, Sight]]) -> None:
        for target, (before, sight) in looks.items():
            file = self._files.get(target)
            if file is not None and (file.key, file.sights) == (key, before):
                self._undo.put(self._files, target, replace(file, sights=(sight,)))

    def note_replaced(self, key: LoopKey, target: str) -> None:
        file = self._files.get(target)
        if file is not None and file.key == key:
            replaced = replace(file, batch=NO_BATCH, whole=False)
            self._undo.put(self._files, target, replaced)
            self._undo.discard(self._items[key].written[file.path], file.name)

    def note_done_anew(self, key: LoopKey, path: str, targets: Collection[str]) -> None:
        batch = self._entries[key].batch
        for target in self._written[key][path].difference(targets):
            if self._files[target].batch == batch:
                self.note_replaced(key, target)
        shown = self._items[key].written[path]
        own = {self._files[target].name for target in self._written[key][path]}
        for name in shown.difference(own, targets):
            self._undo.discard(shown, name)

    def forget_output(self, key: LoopKey, target: str) -> None:
        file = self._files.get(target)
        if file is not None and file.key == key:
            self._forget_file(target)

    def _forget_file(self, target: str) -> None:
        file = self._undo.take(self._files, target)
        if file is not None:
            self._undo.discard(self._written[file.key][file.path], target)
            self._undo.discard(self._items[file.key].written[file.path], file.name)

    def _forget_files(self, key: LoopKey) -> None:
        """Forget every file that a loop was the last to write."""
        for targets in (self._undo.take(self._written, key) or {}).values():
            for target in targets:
                self._undo.take(self._files, target)

    def _put_back_files(self, key: LoopKey) -> None:
        """Count what was written in the batches after the present one as written in this one."""
        batch, shown = self._entries[key].batch, self._items[key].written
        for path, targets in self._written[key].items():
            for target in targets:
                file = self._files[target]
                if file.batch > batch:
                    self._undo.put(self._files, target, replace(file, batch=batch))
                    self._undo.add(shown[path], file.name)

    def _note_not_whole(self, key: LoopKey, path: str) -> None:
        """Note that an item may not have written all of its files in this batch."""
        for target in self._written[key][path]:
            file = self._files[target]
            if file.batch == self._entries[key].batch:
                self._undo.put(self._files, target, replace(file, whole=False))

    def writer(self, key: LoopKey, target: str) -> Written | None:  # noqa: ARG002
        file = self._files.get(target)
        if file is None:
            return None
        under_way = file.path in self._items[file.key].open
        return Written(
            file.key.id, file.path, file.batch, under_way, whole=file.whole, sights=file.sights
        )

    def written(self, key: LoopKey, path: str) -> tuple[str, ...]:
        return in_natural_order(self._files[target].name for target in self._written[key][path])

    def results_below(self, key: LoopKey, folder: str) -> dict[str, str]:
        """See `store.Outputs`; from any thread."""
        start = os.path.join(folder, "")
        # Copied in one step, as the registry may add to it meanwhile.
        files = self._files.copy()
        return {
            target: file.key.entry(file.path)
            for target, file in files.items()
            if file.key.has_images_of(key) and target.startswith(start)
        }

    def has_written(self, key: LoopKey) -> bool:
        return any(file.key == key for file in self._files.values())

    def open_outputs(self) -> set[str]:
        return {
            self._files[target].name
            for key, items in self._items.items()
            for path in items.open
            for target in self._written[key].get(path, ())
        }

    def all_written_below(self, folder: str) -> list[KnownResult]:
        """What is known of the files below a folder; may be called from any thread."""
        start = os.path.join(folder, "")
        # Copied in one step, as the registry may change it meanwhile.
        files = self._files.copy()
        return [
            KnownResult(
                target, file.key.id, file.key.directory, file.path, file.batch, self._is_whole(file)
            )
            for target, file in files.items()
            if target.startswith(start)
        ]

    def _is_whole(self, file: _File) -> bool:
        entry, items = self._entries.get(file.key), self._items.get(file.key)
        item = None if items is None else items.get(file.path)
        is_of_present = entry is not None and entry.batch == file.batch
        is_done = item is not None and item.state is ItemState.DONE
        return file.whole and (is_done or not is_of_present)
