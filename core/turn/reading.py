"""Reading the images of one turn: those of a pair are all read before any is passed on."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from contextlib import suppress
from functools import partial

from ..background.read_ahead import ReadAhead
from ..common.errors import BatchLoopError, PathRefused, UnreadableImage
from ..engine.batches import Request
from ..engine.registry import LoopRegistry
from ..files.allowed_paths import AllowedFolders, check_source_file
from ..files.unreadable import folder_lost
from ..media.formats.decode import DecodedImage
from ..model.background_writes import Turn
from ..model.loop_key import LoopKey
from ..model.prompt import Prompt
from ..model.records import Iteration, Partner


class Reading:
    """Reads what the registry hands out."""

    def __init__(
        self,
        registry: LoopRegistry,
        read_ahead: ReadAhead,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._registry = registry
        self._read_ahead = read_ahead
        self._clock = clock
        # The newest turn, and its images for iterators that have yet to run.
        self._turn: Hashable = None
        self._waiting: dict[Partner, DecodedImage] = {}

    def image(self, iteration: Iteration, allowed: AllowedFolders) -> DecodedImage | None:
        """The image of an iteration; None if it, or a partner of it, was given back.

        Its partners, whose iterators have yet to run in this prompt, are read with it, so that
        nothing is done with an image whose partner cannot be read. The image that the next prompt
        will ask for is read then: at the same time, it would only delay what is waited for.
        """
        assert iteration.item is not None  # noqa: S101 for the type checker: the caller has looked
        own = Partner(iteration.key, iteration.item.path)
        turn = (iteration.prompt, frozenset({own, *iteration.partners}))
        was_read = self._turn == turn
        images: dict[Partner, DecodedImage] = {}
        for one in [own] if was_read else [own, *iteration.partners]:
            try:
                kept = self._waiting.pop(one, None) if was_read else None
                images[one] = kept or self._read(one.key, one.path, allowed, iteration.prompt)
            except (UnreadableImage, PathRefused) as error:
                raised, reason = self._told_of(error, one)
                self._registry.reject(iteration, raised, reason, one)
                if was_read:  # its partners were already passed on
                    raise raised from error
                return None
        if not was_read:
            self._turn = turn
            self._waiting = {one: image for one, image in images.items() if one != own}
        self._begin_next(iteration, allowed)
        return images[own]

    def alone(self, key: LoopKey, path: str, allowed: AllowedFolders) -> DecodedImage:
        """An image that was not handed out; raises UnreadableImage and PathRefused."""
        return self._read(key, path, allowed, None)

    def begin_first(self, request: Request, allowed: AllowedFolders) -> None:
        """Start reading the image that a prompt that was just submitted is likely to ask for."""

        def find() -> str | None:
            path = self._registry.expected(request)
            return None if path is None else check_source_file(request.key.full(path), allowed)

        self._read_ahead.begin_first(request.key.id, find)

    def _begin_next(self, iteration: Iteration, allowed: AllowedFolders) -> None:
        """Start reading the image that the next prompt will ask for, if all goes well."""
        if iteration.following is None:
            return
        with suppress(PathRefused):  # the prompt of that image will report it
            source = check_source_file(iteration.key.full(iteration.following), allowed)
            self._read_ahead.begin(iteration.key.id, source)

    def _read(
        self, key: LoopKey, path: str, allowed: AllowedFolders, prompt: Prompt | None
    ) -> DecodedImage:
        """The image of an item, from memory if it was read ahead; `prompt` has it."""
        source = check_source_file(key.full(path), allowed)
        began = self._clock()
        image = self._read_ahead.take(key.id, source)
        if image is None:
            return self._read_ahead.read(source)
        if prompt is not None:
            took, late = self._read_ahead.took(key.id), self._clock() - began
            self._registry.note_read_ahead(Turn(key.id, path, prompt), took, late)
        return image

    def _told_of(
        self, error: UnreadableImage | PathRefused, one: Partner
    ) -> tuple[BatchLoopError, str]:
        """The error to raise for an image that cannot be read, and the reason to note."""
        if isinstance(error, UnreadableImage):
            has_pending = partial(self._registry.has_pending, one.key)
            pending = partial(self._registry.pending, one.key)
            lost = folder_lost(one.key.directory, one.path, error, has_pending, pending)
            return lost or error, error.reason
        # The reason is shown to anybody who looks at the loop.
        return PathRefused(error.elsewhere), error.elsewhere
