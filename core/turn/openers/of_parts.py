"""Opening parts of a file: rows of a table, frames of a film."""

from __future__ import annotations

from collections.abc import Callable

from ...background.frames_ahead import FramesAhead, Shot, Window
from ...common.errors import FolderNotFound, RowGone, Unreadable, UnreadableFrame
from ...model.loop_key import LoopKey
from ...sources.film_files import film_lost
from ...sources.frames import Windows, frame_in, frames_in
from ...sources.rows import Rows, TableRow
from ...sources.table_files import there
from .opener import Asked


class RowOpener:
    """Opens rows, which are at hand once their table was listed; see `Opener`."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def open(self, asked: Asked) -> TableRow:
        return self._rows.row(asked.key, asked.selection, asked.entry)

    def begin(self, asked: Asked) -> None:
        pass

    def begin_first(self, key: LoopKey, find: Callable[[], Asked | None]) -> None:
        pass

    def lost(self, asked: Asked, error: Unreadable) -> FolderNotFound | None:  # noqa: ARG002
        # Of a table that cannot be read no row is to blame: it may only be half written.
        return None if isinstance(error, RowGone) else FolderNotFound(str(error))


class FrameOpener:
    """Opens frames, which were decoded ahead if they come one after the other; see `Opener`."""

    def __init__(self, frames: FramesAhead) -> None:
        self._frames = frames

    def open(self, asked: Asked) -> Shot:
        film = there(asked.key.directory, asked.allowed)
        return self._frames.shot(asked.key.id, film, _window(asked))

    def begin(self, asked: Asked) -> None:
        # Only of a film that was opened before, so its path need not be looked up again.
        self._frames.begin(asked.key.id, asked.key.directory, _window(asked))

    def begin_first(self, key: LoopKey, find: Callable[[], Asked | None]) -> None:
        pass

    def lost(self, asked: Asked, error: Unreadable) -> FolderNotFound | None:
        try:
            there(asked.key.directory, asked.allowed)
        except FolderNotFound as gone:  # since `open` has looked
            return gone
        # No frame is to blame for a film that cannot be read at all.
        return None if isinstance(error, UnreadableFrame) else film_lost(error)


def _window(asked: Asked) -> Window:
    overlap = Windows.of(asked.selection).overlap
    return Window(frame_in(asked.entry), frames_in(asked.entry), overlap)
