"""Reading the companions of images: with the image itself, and ahead, like that."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from enum import Enum
from typing import TypeVar

import torch

from ..background.read_ahead import ReadAhead
from ..common.errors import (
    BatchLoopError,
    InvalidSetting,
    UnreadableCompanion,
    UnreadableImage,
    quoted,
)
from ..common.names import COMPANION_IMAGE
from ..companions.companion_files import Read, candidates, missing, read_companion
from ..companions.patterns import pattern_of
from ..companions.text_file import read_text
from ..files.allowed_paths import AllowedFolders, check_source_file
from ..media.formats.decode import DecodedImage
from ..model.loop_key import LoopKey
from ..model.prompt import Prompt
from ..model.records import Iteration, Partner
from ..model.selection import Companion, CompanionKind, WhenMissing
from ..sources.interface import Source
from .companion_requests import NO_FILES
from .openers.changing_files import ChangingFiles

T = TypeVar("T")


class MaskFrom(str, Enum):
    """What the mask of a companion is made from; users see the values."""

    AUTO = "auto"
    """Its transparency if it is transparent anywhere, else its brightness."""
    TRANSPARENCY = "transparency"
    """1 where it is transparent."""
    BRIGHTNESS = "brightness"
    """1 where it is white, or one of its three colours is at its brightest."""


CompanionFile = Read[DecodedImage] | Read[str]
"""A companion that was read."""

ReadOfTurn = Mapping[tuple[Partner, Companion], CompanionFile | None]
"""The companions of a turn's images; None for one that is to be empty."""


class Companions:
    """Reads the companions of the images that the registry hands out."""

    def __init__(
        self, source: Source, read_ahead: ReadAhead, changing: ChangingFiles | None = None
    ) -> None:
        self._source = source
        self._read_ahead = read_ahead
        self._changing = changing or ChangingFiles()
        self._prompt: Prompt | None = None
        self._of_turn: ReadOfTurn = {}

    def of_image(
        self, one: Partner, companions: Sequence[Companion], allowed: AllowedFolders
    ) -> ReadOfTurn:
        """Read what the graph asks for of an image that is about to be passed on.

        Raises `UnreadableCompanion` if a file cannot be read, or is missing and must not be,
        `PathRefused` if it may not be read, and `FolderNotFound` if the folder of all is gone.
        """
        return {
            (one, companion): self._read(one, companion, place, allowed)
            for place, companion in enumerate(companions)
        }

    def keep(self, prompt: Prompt, of_turn: ReadOfTurn) -> None:
        """Keep what was read for the nodes of this prompt, and nothing of the one before."""
        self._prompt, self._of_turn = prompt, of_turn

    def image(
        self, iteration: Iteration, companion: Companion, allowed: AllowedFolders
    ) -> Read[DecodedImage] | None:
        """An image beside that of an iteration; None if it is missing and to be empty.

        Raises like `of_image`.
        """
        kept = self._kept(iteration, companion)
        if kept is not None and isinstance(kept.content, DecodedImage):
            return Read(kept.content, kept.path)
        return self._found(_own(iteration), companion, allowed, self._decode)

    def text(
        self, iteration: Iteration, companion: Companion, allowed: AllowedFolders
    ) -> Read[str] | None:
        """The same for a text."""
        kept = self._kept(iteration, companion)
        if kept is not None and isinstance(kept.content, str):
            return Read(kept.content, kept.path)
        return self._found(_own(iteration), companion, allowed, read_text)

    def begin(self, one: Partner, companions: Sequence[Companion], allowed: AllowedFolders) -> None:
        """Start reading the companions of the image that the next prompt will ask for.

        Not where the whole folder would have to be read to find one, nor texts, which take no time.
        """
        for place, companion in enumerate(companions):
            if companion.kind is CompanionKind.TEXT:
                continue
            with suppress(BatchLoopError):  # the prompt of that image will report it
                if pattern_of(companion).of(_entry(one))[1].names is None:
                    continue
                for file in candidates(companion, one.key.directory, _entry(one), allowed)[:1]:
                    real_path = check_source_file(file, allowed)
                    self._read_ahead.begin(_place(one.key, place), real_path)

    def _kept(self, iteration: Iteration, companion: Companion) -> CompanionFile | None:
        if iteration.prompt != self._prompt:
            return None
        return self._of_turn.get((_own(iteration), companion))

    def _read(
        self, one: Partner, companion: Companion, place: int, allowed: AllowedFolders
    ) -> CompanionFile | None:
        if companion.kind is CompanionKind.TEXT:
            return self._found(one, companion, allowed, read_text)

        def decode(real_path: str) -> DecodedImage:
            ahead = self._read_ahead.take(_place(one.key, place), real_path)
            return ahead or self._decode(real_path)

        return self._found(one, companion, allowed, decode)

    def _found(
        self,
        one: Partner,
        companion: Companion,
        allowed: AllowedFolders,
        read: Callable[[str], T],
    ) -> Read[T] | None:
        if not self._source.is_one_file_each(one.key.of_entries):
            raise InvalidSetting(NO_FILES)

        def settled(real_path: str) -> T:
            return self._changing.read(real_path, lambda: read(real_path))

        found = read_companion(companion, one.key.directory, _entry(one), allowed, settled)
        if found is None and companion.when_missing is not WhenMissing.EMPTY:
            raise missing(companion, one.key.directory, _entry(one))
        return found

    def _decode(self, real_path: str) -> DecodedImage:
        try:
            return self._read_ahead.read(real_path)
        except UnreadableImage as error:
            name = quoted(os.path.basename(real_path))
            reason = f"{name}, its companion, cannot be read: {error.reason}"
            raise UnreadableCompanion(str(error), reason, COMPANION_IMAGE) from error


def _own(iteration: Iteration) -> Partner:
    assert iteration.item is not None  # noqa: S101 for the type checker: the nodes have looked
    return Partner(iteration.key, iteration.item.path)


def _entry(one: Partner) -> str:
    """Path of the image itself, whatever it is taken with."""
    return one.key.entry(one.path)


def _place(key: LoopKey, place: int) -> str:
    """The name under which a loop's companions at a place are read ahead."""
    return f"{key.id}/{place}"


def mask_of(image: DecodedImage, mask_from: MaskFrom) -> torch.Tensor:
    """The mask [1,H,W] float32, 0 to 1, of a companion, see `MaskFrom`."""
    if mask_from is MaskFrom.TRANSPARENCY or (
        mask_from is MaskFrom.AUTO and image.metadata.transparent
    ):
        return image.mask
    red, green, blue = image.image.unbind(-1)
    return torch.maximum(torch.maximum(red, green), blue)
