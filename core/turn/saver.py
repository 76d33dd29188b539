"""Saving the results of one run of Save Image (Batch): which files they go to."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

import torch

from ..common.errors import InvalidSetting, UnwritableImage
from ..files.allowed_paths import AllowedFolders, check_target_file
from ..files.atomic import check_name
from ..files.caption import Caption
from ..files.numbering import Numbering
from ..model.formats import Format
from ..model.if_exists import PASSED_OVER, IfExists, Owner
from ..model.records import Iteration
from ..model.result_names import CAPTION_EXTENSION, format_for, saved_as
from .saved_result import Background, Content, Result


class Claim(Protocol):
    """The registry's `claim_outputs`, for one iteration."""

    def __call__(
        self, targets: Collection[str], kept: Collection[str], *, result: str, replaces_own: bool
    ) -> Mapping[str, Owner]:
        """The owner of each of `targets`; if all are free, they are claimed."""


@dataclass(frozen=True)
class Run:
    """One call of a node: which of a prompt's results it saves."""

    node: str
    """The node's id."""
    call: int = 0
    """Which of its calls in the prompt, from 0: one for each element of a list."""
    rank: int = 0
    """How many earlier nodes of the graph save under the same names."""


@dataclass(frozen=True)
class Saving:
    """How results are to be saved."""

    folder: str
    """Real path."""
    prefix: str
    suffix: str
    format: Format
    quality: int
    if_exists: IfExists
    keep_subfolders: bool
    metadata: Mapping[str, object] | None
    caption: Caption | None
    """What to write beside each image."""


class Saver:
    """Saves the results of one call of Save Image (Batch)."""

    def __init__(  # noqa: PLR0913 - what it stands on, each given once
        self,
        loop: Iteration,
        saving: Saving,
        allowed: AllowedFolders,
        claim: Claim,
        behind: Background | None,
        *,
        run: Run,
        numbering: Numbering,
    ) -> None:
        """`behind` writes in the background; None if everything is written at once.

        Raises `InvalidSetting` if the iteration and the settings yield no name.
        """
        if loop.item is None:
            message = (
                "Save Image (Batch) was given an image in a loop that has none left to hand out, "
                "so it has no name for it. Connect `loop` and the image to the same loop."
            )
            raise InvalidSetting(message)
        self._loop = loop
        self._saving = saving
        self._allowed = allowed
        self._claim = claim
        self._behind = behind
        self._run = run
        self._numbering = numbering
        name = saved_as(
            saving.folder,
            prefix=saving.prefix,
            suffix=saving.suffix,
            format=saving.format,
            keep_subfolders=saving.keep_subfolders,
            rank=run.rank,
        )
        subfolder, filename = posixpath.split(name.of(loop.item.path))
        self._format = format_for(loop.item.path, saving.format)
        self._folder = os.path.join(name.folder, *subfolder.split("/"))
        self._stem, self._extension = posixpath.splitext(filename)

    def save(self, images: torch.Tensor) -> list[str]:
        """Write each image [H,W,C] of a batch [N,H,W,C]; the paths of their files.

        Each is the path of the file that will soon hold the image, or of the existing one that is
        kept instead. If there are several, they are numbered from 1.

        Raises `UnwritableImage` for an empty batch: it would count as done without a result.
        """
        if len(images) == 0:
            raise UnwritableImage(_NOTHING_TO_SAVE)
        if len(images) == 1:
            return [self._save(images[0], self._stem, 0)]
        digits = len(str(len(images)))
        return [
            self._save(picture, f"{self._stem}_{number:0{digits}}", number)
            for number, picture in enumerate(images, start=1)
        ]

    def _save(self, picture: torch.Tensor, stem: str, place: int) -> str:
        """Write one image; `place` is its number in the batch.

        The caption beside it follows the same rules, and always has the image's stem.
        """
        content = Result(picture, self._format, self._saving.quality, self._saving.metadata)
        result = f"{self._run.node}/{self._run.call}/{place}"
        name = self._checked(stem + self._extension)
        for number in self._numbering.candidates(self._loop, result, name):
            target = self._save_as(content, f"{stem}_{number}" if number else stem, result)
            if target is not None:
                self._numbering.take(self._loop, result, number)
                return target
        message = "unreachable: there is always another candidate"
        raise AssertionError(message)

    def _save_as(self, image: Result, stem: str, result: str) -> str | None:
        """Write an image and its caption under a stem; None if the name belongs to another."""
        if_exists = self._saving.if_exists
        target = self._checked(stem + self._extension)
        contents: dict[str, Content] = {target: image}
        if self._saving.caption is not None:
            contents[self._checked(stem + CAPTION_EXTENSION)] = self._saving.caption
        owners = self._claimed(contents, result)
        if PASSED_OVER[if_exists].intersection(owners.values()):
            return None
        for file, owner in owners.items():
            if owner is Owner.SOURCE:
                raise UnwritableImage(_would_overwrite(file))
        if Owner.BEFORE in owners.values():
            contents = _without_kept(contents, owners)
            owners = self._claimed(contents, result)
        written = [self._write(contents[file], file, owners[file]) for file in contents]
        return target if all(written) or if_exists is IfExists.SKIP else None

    def _checked(self, name: str) -> str:
        return check_target_file(os.path.join(self._folder, name), self._allowed)

    def _claimed(self, files: Collection[str], result: str) -> Mapping[str, Owner]:
        if_exists = self._saving.if_exists
        keeps = if_exists is not IfExists.OVERWRITE
        return self._claim(
            files,
            [file for file in files if keeps and os.path.lexists(file)],
            result=result,
            replaces_own=if_exists in {IfExists.OVERWRITE, IfExists.OVERWRITE_OWN},
        )

    def _write(self, content: Content, target: str, owner: Owner) -> bool:
        """Write a file now or soon; False if one of that name has appeared and is kept."""
        check_name(target)
        overwrites = owner is Owner.SAME or self._saving.if_exists is IfExists.OVERWRITE
        if_exists = IfExists.OVERWRITE if overwrites else IfExists.SKIP
        if self._behind is not None and self._behind.write(content, target, if_exists):
            return True
        return content.write(target, if_exists)


_NOTHING_TO_SAVE = (
    "Save Image (Batch) was given a batch of no images, so there is nothing to save, and the image "
    "would count as done without a result. Look at the node that its image comes from: it may have "
    "found nothing. To have such images passed over, set error_handling to Skip on error."
)


def _without_kept(
    contents: Mapping[str, Content], owners: Mapping[str, Owner]
) -> dict[str, Content]:
    return {file: each for file, each in contents.items() if owners[file] is not Owner.BEFORE}


def _would_overwrite(target: str) -> str:
    return (
        f"Saving to {target!r} would overwrite an image that this batch reads, so nothing was "
        "written. Choose another folder, a prefix or a suffix, or set if_exists to rename."
    )
