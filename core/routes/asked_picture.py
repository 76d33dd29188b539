"""Which picture a request asks for: an image's own file, or one of its results."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, TypeVar

from aiohttp import web

from ..common.errors import UnknownItem, UnknownLoop, UnreadableFilm, UnreadableImage
from ..engine.registry import LoopRegistry
from ..files.allowed_paths import AllowedFolders, check_source_file
from ..files.unreadable import opened_image
from ..model.settings.setting import LARGEST_NUMBER
from ..model.titles import frames_of, is_frame
from ..sources.frames import frame_in
from .items_to_try import Listed
from .requests import loop_of, number

T = TypeVar("T")


@dataclass(frozen=True)
class AskedPicture:
    """A picture that a page asks for by the names that the pack gave it, never by a path alone."""

    loop: str
    path: str
    """The image's, relative to the loop's folder."""
    output: int | None
    """Which of the image's results; None for the image itself."""
    frame_number: int | None
    """Which frame of a window, by its number in the film; None for the first."""
    known: frozenset[str]
    """Tags of what the page has already."""

    def frame(
        self, registry: LoopRegistry, allowed: AllowedFolders, listed: Listed | None = None
    ) -> tuple[str, int] | None:
        """The real path of the film, and the number, of a frame; None for any other picture.

        Raises UnknownLoop, UnknownItem, also for a frame of another window, and PathRefused.
        """
        if self.output is not None or not is_frame(self.path):
            return None
        key = None if listed is None else listed.key(self.loop, self.path)
        if key is None:
            key, _ = registry.reading_of(self.loop, self.path)
        film = check_source_file(key.directory, allowed)
        first = frame_in(key.entry(self.path))
        number = first if self.frame_number is None else self.frame_number
        if not first <= number < first + frames_of(self.path):
            raise UnknownItem(
                f"Frame {number} is none of this item, which begins with frame {first}. Ask for "
                "its files, and try again."
            )
        return film, number

    @contextmanager
    def opened(
        self, registry: LoopRegistry, allowed: AllowedFolders, listed: Listed | None = None
    ) -> Iterator[tuple[str, BinaryIO]]:
        """The file's path as the loop names it, and the file, checked and open.

        `listed` has images that pages know before the loop does.
        """
        named = None
        if listed is not None and self.output is None:
            named = listed.full_path(self.loop, self.path)
        named = named or registry.file_of(self.loop, self.path, self.output)
        with opened_image(check_source_file(named, allowed)) as file:
            yield named, file


def asked_picture(request: web.Request) -> AskedPicture:
    """The picture that a request asks for; raises UnknownLoop and Refused."""
    output, frame = (
        number(request, name, 0, 0, LARGEST_NUMBER) if name in request.query else None
        for name in ("output", "frame")
    )
    return AskedPicture(
        loop_of(request),
        request.query.get("path", ""),
        output,
        frame,
        frozenset(tag.value for tag in request.if_none_match or ()),
    )


async def made_in(pool: Executor, make: Callable[[], T]) -> T | None:
    """What `make` returns in a thread of `pool`; None if the picture is not there."""
    return await if_there(asyncio.get_running_loop().run_in_executor(pool, make))


async def if_there(made: Awaitable[T]) -> T | None:
    """What `made` gives; None if what a page asks for is not there.

    A page asks for an image that was there a moment ago, and a browser would log an error: the
    answer is "no content".
    """
    try:
        return await made
    except (UnknownItem, UnknownLoop, UnreadableFilm, UnreadableImage):
        return None
