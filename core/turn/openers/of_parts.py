"""Opening parts of a file: rows of a table, frames of a film."""

from __future__ import annotations

from collections.abc import Callable

from ...background.frames_ahead import FramesAhead, Shot, Window
from ...common.errors import FolderNotFound, RowGone, Unreadable, UnreadableFrame
from ...engine.registry import LoopRegistry
from ...model.loop_key import TYPED_TEXT, LoopKey
from ...model.titles import frames_of, title_of
from ...sources.film_files import film_lost
from ...sources.frames import Windows, frame_in
from ...sources.rows import Rows, TableRow
from ...sources.table_files import being_written, emptied, there
from ...sources.variants import crossed, variants_of
from .changing_files import ChangingFiles
from .opener import Asked

_AT_ONCE = 500
"""Items that the registry is asked about at a time."""


class RowOpener:
    """Opens rows, which are at hand once their table was listed; see `Opener`."""

    def __init__(
        self, registry: LoopRegistry, rows: Rows, changing: ChangingFiles | None = None
    ) -> None:
        self._registry = registry
        self._rows = rows
        self._changing = changing or ChangingFiles()

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
            return emptied(asked.key.directory) if self._is_emptied(asked) else None
        except FolderNotFound as gone:  # since `open` has looked
            return gone

    def _is_emptied(self, asked: Asked) -> bool:
        """Whether the table has lost the rows that are to be done, and has none but done ones.

        Not where only one of them is left: that fails by itself. Nor for what was done once and has
        lost its result, which is in nobody's way.
        """
        key, registry = asked.key, self._registry
        following = registry.next_pending(key)
        if key.directory == TYPED_TEXT or following is None or registry.is_lost(key, asked.path):
            return False
        # Where one row was removed, the next one is there as a rule.
        if self._is_there(asked, key.entry(following)) or self._has_any_to_do(asked):
            return False
        return any(key.entry(path) != asked.entry for path in registry.pending(key))

    def _is_there(self, asked: Asked, entry: str) -> bool:
        if entry == asked.entry:
            return False  # with another value
        try:
            self._rows.row(asked.key, asked.selection, entry)
        except RowGone:
            return False
        except Unreadable:
            return True  # its own turn says so
        return True

    def _has_any_to_do(self, asked: Asked) -> bool:
        """Whether the table has a row by now that the batch does not know as done.

        Its last one may be the beginning of one that is still being written.
        """
        key, variants = asked.key, variants_of(asked.selection)
        times = 1 if variants is None else len(variants.labelled)
        at_once = max(1, _AT_ONCE // times)
        # It may have a million rows, and to know which of them are done takes long.
        count = 0 if asked.selection.has_range else self._rows.table(key, asked.selection).count()
        if ((count or 1) - 1) * times > self._registry.snapshot(key.id).counts.done:
            return True
        try:
            for number, found in enumerate(self._rows.from_the_end(key, asked.selection, at_once)):
                is_cut = not number and _is_part_of(found[-1], asked.entry)
                entries = found[:-1] if is_cut else found
                paths = entries if variants is None else crossed(entries, variants)
                if not self._registry.are_done(key, paths):
                    return True
        except Unreadable:
            return True
        return False


def _is_part_of(entry: str, other: str) -> bool:
    """Whether a row is only the beginning of another."""
    part, whole = title_of(entry), title_of(other)
    return part != whole and whole.startswith(part)


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
    windows, frames = Windows.of(asked.selection), frames_of(asked.entry)
    is_full = frames == windows.frames
    return Window(frame_in(asked.entry), frames, windows.overlap, is_full)
