"""Opening files of a folder: images, from memory if they were read ahead, films and sounds."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable

from ...background.read_ahead import ReadAhead
from ...common.errors import FolderNotFound, Unreadable
from ...engine.registry import LoopRegistry
from ...files.allowed_paths import check_source_file
from ...files.unreadable import folder_lost
from ...films.facts import facts
from ...films.sound import read_sound
from ...media.formats.decode import DecodedImage
from ...model.background_writes import Turn
from ...model.loop_key import LoopKey
from .changing_files import ChangingFiles
from .opener import Asked, Opened, OpenedFilm


class FileOpener:
    """Opens items that are a file each, or a file with a value; see `Opener`."""

    def __init__(
        self,
        registry: LoopRegistry,
        read: Callable[[str], Opened],
        changing: ChangingFiles | None = None,
    ) -> None:
        """`read` opens the file at a real path."""
        self._registry = registry
        self._read = read
        self._changing = changing or ChangingFiles()

    def open(self, asked: Asked) -> Opened:
        path = self.file(asked)
        return self._changing.read(path, lambda: self._read(path))

    def begin(self, asked: Asked) -> None:
        pass

    def begin_first(self, key: LoopKey, find: Callable[[], Asked | None]) -> None:
        pass

    def place_gone(self, asked: Asked, error: Unreadable) -> FolderNotFound | None:
        key, registry = asked.key, self._registry

        def pending() -> Collection[str]:
            found = registry.pending(key)
            return set(map(key.entry, found)) if key.has_variants else found

        def has_pending(paths: Iterable[str]) -> bool:
            if key.has_variants:
                return not pending().isdisjoint(paths)  # type: ignore[attr-defined]
            return registry.has_pending(key, paths)

        return folder_lost(key.directory, asked.entry, error, has_pending, pending)

    def file(self, asked: Asked) -> str:
        """Real path of an item's file; raises PathRefused."""
        return check_source_file(self._registry.source.file(asked.key, asked.path), asked.allowed)


def film_opener(registry: LoopRegistry, changing: ChangingFiles | None = None) -> FileOpener:
    """Opens films: what they are is read, and no more."""
    return FileOpener(registry, lambda path: OpenedFilm(path, facts(path)), changing)


def sound_opener(registry: LoopRegistry, changing: ChangingFiles | None = None) -> FileOpener:
    """Opens sounds."""
    return FileOpener(registry, read_sound, changing)


class ImageOpener(FileOpener):
    """Opens images, from memory if they were read ahead."""

    def __init__(
        self,
        registry: LoopRegistry,
        read_ahead: ReadAhead,
        clock: Callable[[], float] = time.monotonic,
        changing: ChangingFiles | None = None,
    ) -> None:
        super().__init__(registry, read_ahead.read, changing)
        self._read_ahead = read_ahead
        self._clock = clock

    def open(self, asked: Asked) -> DecodedImage:
        key, source = asked.key, self.file(asked)
        began = self._clock()
        image = self._read_ahead.take(key.id, source)
        if image is None:
            return self._changing.read(source, lambda: self._read_ahead.read(source))
        if asked.prompt is not None:
            took, late = self._read_ahead.took(key.id), self._clock() - began
            turn = Turn(key.id, asked.path, asked.prompt)
            self._registry.note_read_ahead(turn, took, late)
        return image

    def begin(self, asked: Asked) -> None:
        self._read_ahead.begin(asked.key.id, self.file(asked))

    def begin_first(self, key: LoopKey, find: Callable[[], Asked | None]) -> None:
        def file() -> str | None:
            asked = find()
            return None if asked is None else self.file(asked)

        self._read_ahead.begin_first(key.id, file)
