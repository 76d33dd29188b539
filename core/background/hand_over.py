"""Images that one Directory Iterator has read for the others that advance together with it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from ..media.decode import DecodedImage


class HandOver:
    """What was read in the newest turn, for those that have yet to run in it.

    All images of a turn are read before any is given out: so what cannot be read is known before
    anything was done with what goes together with it.
    """

    def __init__(self) -> None:
        self._turn: Hashable = None
        self._images: dict[Any, DecodedImage] = {}

    def was_read(self, turn: Hashable) -> bool:
        """Whether the images of a turn were all read."""
        return self._turn == turn

    def keep(self, turn: Hashable, images: Mapping[Any, DecodedImage]) -> None:
        """Keep the images of a turn, by whose they are, in the place of those before."""
        self._turn, self._images = turn, dict(images)

    def take(self, whose: Hashable) -> DecodedImage | None:
        """The image of one of the turn, which is kept no more; None where it is not there."""
        return self._images.pop(whose, None)
