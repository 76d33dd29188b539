"""A film on its way to a file."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import av

from ..background.budget import Room
from ..common.errors import quoted
from ..common.sight import Sight
from ..files.atomic import make_atomic
from ..films.added_sound import add_sound
from ..films.film_writer import encoding
from ..model.if_exists import IfExists


@dataclass(frozen=True)
class FilmResult:
    """A film that ComfyUI writes, and whose sound it gets: see `core.turn.saved_result.Content`."""

    save: Callable[[str], object]
    """Writes the film to a path."""
    source: str | None = None
    """Real path of the film that it was made from: a silent film gets the sound of that."""
    nbytes: int = 0
    """What it takes of the memory for writing in the background, where it is never written."""
    held: Room | None = None

    def sampled(self) -> FilmResult:
        """The same film."""
        return self

    def write(
        self,
        target: str,
        if_exists: IfExists,
        at: int | None = None,
        check: Callable[[], object] = lambda: None,
    ) -> Sight | None:
        """Write the file at real path `target`: see `make_atomic`."""

        def made(new_path: Callable[[], str]) -> str:
            with encoding(partial(_not_made, target)):
                return self._made(new_path)

        return make_atomic(target, made, if_exists, at, check)

    def _made(self, new_path: Callable[[], str]) -> str:
        film = new_path()
        self.save(film)
        if self.source is None:
            return film
        with_sound = new_path()
        if not add_sound(film, self.source, with_sound):
            return film
        os.truncate(film, 0)  # the disk may have no room for both and what follows
        return with_sound


def _not_made(target: str, error: av.error.FFmpegError) -> str:
    return (
        f"Cannot make the video {quoted(target)}: {str(error).rstrip('.')}. H.264 needs an even "
        "width and height: resize the images if theirs is odd. Or choose another codec."
    )
