"""Opening parts of a file: rows of a table, frames of a film."""

from __future__ import annotations

from collections.abc import Callable

from ...background.frames_ahead import FramesAhead, Shot, Window
from ...common.errors import FolderNotFound, RowGone, Unreadable, UnreadableFrame
from ...engine.registry import LoopRegistry
from ...model.loop_key import TYPED_TEXT, LoopKey
from ...model.titles import frames_of
from ...sources.film_files import film_lost
from ...sources.frames import Windows, frame_in
from ...sources.rows import Rows, TableRow
from ...sources.table_files import being_written, there
from .changing_files import ChangingFiles
from .emptied_tables import EmptiedTables
from .opener import Asked


class RowOpener:
    """Opens rows, which are at hand once their table was listed; see `Opener`."""

    def __init__(
        self, registry: LoopRegistry, rows: Rows, changing: ChangingFiles | None = None
    ) -> None:
        self._rows = rows
        self._changing = changing or ChangingFiles()
        self._emptied = EmptiedTables(registry, rows, self._changing)

    def open(self, asked: Asked) -> TableRow:
        table = asked.key.directory

        def read() -> TableRow:
            return self._rows.row(asked.key, asked.selection, asked.entry)

        if table == TYPED_TEXT:
            return read()
        return self._changing.read(table, read, lambda _error: being_written("table", table))

    def begin(self, asked: Asked) -> None:
        pass

    def begin_first(self, key: LoopKey, find: Callable[[], Asked | None]) -> None:
        pass

    def place_gone(self, asked: Asked, error: Unreadable) -> FolderNotFound | None:
        # Of a table that cannot be read no row is to blame: it may only be half written.
        if not isinstance(error, RowGone):
            return FolderNotFound(str(error))
        try:
            return self._emptied.error(asked)
        except FolderNotFound as gone:  # since `open` has looked
            return gone


class FrameOpener:
    """Opens frames, which were decoded ahead if they come one after the other; see `Opener`."""

    def __init__(self, frames: FramesAhead, changing: ChangingFiles | None = None) -> None:
        self._frames = frames
        self._changing = changing or ChangingFiles()

    def open(self, asked: Asked) -> Shot:
        film = asked.key.directory

        def read() -> Shot:
            # One that is open was looked up, and its path is that of this prompt's request.
            is_open = self._frames.has_open(asked.key.id, film)
            path = film if is_open else there(film, asked.allowed)
            return self._frames.shot(asked.key.id, path, _window(asked))

        return self._changing.read(film, read, lambda _error: being_written("video", film))

    def begin(self, asked: Asked) -> None:
        # Only of a film that was opened before, so its path need not be looked up again.
        self._frames.begin(asked.key.id, asked.key.directory, _window(asked))

    def begin_first(self, key: LoopKey, find: Callable[[], Asked | None]) -> None:
        pass

    def place_gone(self, asked: Asked, error: Unreadable) -> FolderNotFound | None:
        try:
            there(asked.key.directory, asked.allowed)
        except FolderNotFound as gone:  # since `open` has looked
            return gone
        # No frame is to blame for a film that cannot be read at all.
        return None if isinstance(error, UnreadableFrame) else film_lost(error)


def _window(asked: Asked) -> Window:
    overlap = Windows.of(asked.selection).overlap
    return Window(frame_in(asked.entry), frames_of(asked.entry), overlap)
