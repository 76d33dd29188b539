"""What opens the items of one kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from ...background.frames_ahead import Shot
from ...common.errors import FolderNotFound, Unreadable
from ...files.allowed_paths import AllowedFolders
from ...films.facts import FilmFacts
from ...films.sound import Sound
from ...media.formats.decode import DecodedImage
from ...model.loop_key import LoopKey
from ...model.prompt import Prompt
from ...model.selection import Selection
from ...sources.rows import TableRow


@dataclass(frozen=True)
class OpenedFilm:
    """A film that can be read."""

    path: str
    """Real path of its file."""
    facts: FilmFacts


Opened = DecodedImage | TableRow | Shot | OpenedFilm | Sound
"""What an item is opened to."""

Selections = Mapping[LoopKey, Selection]
"""With which settings the loops of a turn are read."""


@dataclass(frozen=True)
class Asked:
    """An item that is to be opened."""

    key: LoopKey
    path: str
    selection: Selection
    allowed: AllowedFolders
    prompt: Prompt | None = None
    """The prompt that has it; None if none has."""

    @property
    def entry(self) -> str:
        """The path of the entry that it is, with a value if the batch has variants."""
        return self.key.entry(self.path)


class Opener(Protocol):
    """Opens items."""

    def open(self, asked: Asked) -> Opened:
        """What an item opens to.

        Raises Unreadable if it cannot be read, PathRefused if it may not be, and FolderNotFound if
        what all items are in is gone.
        """

    def begin(self, asked: Asked) -> None:
        """Start opening what the next prompt will ask for; raises what `open` raises, or nothing.

        It is to change nothing, and to return at once.
        """

    def begin_first(self, key: LoopKey, find: Callable[[], Asked | None]) -> None:
        """Start opening what a prompt that was just submitted is likely to ask for.

        `find` tells what that is, and may take long.
        """

    def place_gone(self, asked: Asked, error: Unreadable) -> FolderNotFound | None:
        """The error to raise in place of `error`, if what all items are in is gone; else None."""
