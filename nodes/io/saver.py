"""Saving the results of one run of Save Image (Batch): which files they go to."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

import torch

from ..loop.errors import InvalidSetting, UnwritableImage
from ..loop.outputs import Owner
from ..loop.state import Iteration
from .caption import Caption
from .encode import Format
from .files import IfExists, check_name
from .naming import CAPTION_EXTENSION, format_for, saved_as
from .paths import AllowedFolders, check_target_file
from .result import Background, Content, Result

Claim = Callable[[Collection[str], Collection[str]], Mapping[str, Owner]]
"""The registry's `claim_outputs`, for one iteration."""


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
    """Saves the results of one iteration."""

    def __init__(
        self,
        loop: Iteration,
        saving: Saving,
        allowed: AllowedFolders,
        claim: Claim,
        behind: Background | None,
    ) -> None:
        """`behind` writes in the background; None: everything is written at once.

        Raises `InvalidSetting` where no name comes of the iteration and the settings.
        """
        if loop.item is None:
            message = (
                "Save Image (Batch) was given an image in a loop that has none left to hand out, "
                "so it has no name for it. Connect `loop` and the image to the same loop."
            )
            raise InvalidSetting(message)
        self._saving = saving
        self._allowed = allowed
        self._claim = claim
        self._behind = behind
        name = saved_as(
            saving.folder,
            prefix=saving.prefix,
            suffix=saving.suffix,
            format=saving.format,
            keep_subfolders=saving.keep_subfolders,
        )
        subfolder, filename = posixpath.split(name.of(loop.item.path))
        self._format = format_for(loop.item.path, saving.format)
        self._folder = os.path.join(name.folder, *subfolder.split("/"))
        self._stem, self._extension = posixpath.splitext(filename)

    def named(self, images: torch.Tensor) -> Iterator[tuple[torch.Tensor, str]]:
        """Each image with the stem of its file: numbered from 1 when there are several."""
        if len(images) == 1:
            yield images[0], self._stem
            return
        digits = len(str(len(images)))
        for number, picture in enumerate(images, start=1):
            yield picture, f"{self._stem}_{number:0{digits}}"

    def save(self, picture: torch.Tensor, stem: str) -> str:
        """Write one image; the path of the file that holds it soon, or of the one kept for it.

        The text beside it goes by the same rules, and has the image's stem in each case.
        """
        passed_over = {Owner.OTHER}
        if self._saving.if_exists is IfExists.RENAME:
            passed_over |= {Owner.SOURCE, Owner.BEFORE}
        for target, contents in self._candidates(picture, stem):
            owners = self._claimed(contents)
            if passed_over.intersection(owners.values()):
                continue
            for file, owner in owners.items():
                if owner is Owner.SOURCE:
                    raise UnwritableImage(_would_overwrite(file))
            if Owner.BEFORE in owners.values():
                contents = _without_kept(contents, owners)  # noqa: PLW2901 the rest of it
                owners = self._claimed(contents)
            written = [self._write(contents[file], file, owners[file]) for file in contents]
            if all(written) or self._saving.if_exists is IfExists.SKIP:
                return target
        message = "unreachable: there is always another candidate"
        raise AssertionError(message)

    def _candidates(
        self, picture: torch.Tensor, stem: str
    ) -> Iterator[tuple[str, dict[str, Content]]]:
        """Paths for the image to try, the name itself, then numbered ones; and all its files."""
        saving = self._saving
        result = Result(picture, self._format, saving.quality, saving.metadata)
        number = 0
        while True:
            name = f"{stem}_{number}" if number else stem
            target = self._checked(name + self._extension)
            contents: dict[str, Content] = {target: result}
            if saving.caption is not None:
                contents[self._checked(name + CAPTION_EXTENSION)] = saving.caption
            yield target, contents
            number += 1

    def _checked(self, name: str) -> str:
        return check_target_file(os.path.join(self._folder, name), self._allowed)

    def _claimed(self, files: Collection[str]) -> Mapping[str, Owner]:
        keeps = self._saving.if_exists is not IfExists.OVERWRITE
        return self._claim(files, [file for file in files if keeps and os.path.lexists(file)])

    def _write(self, content: Content, target: str, owner: Owner) -> bool:
        """Write a file now, or soon; False if one of that name came meanwhile, and is kept."""
        check_name(target)
        overwrites = owner is Owner.SAME or self._saving.if_exists is IfExists.OVERWRITE
        if_exists = IfExists.OVERWRITE if overwrites else IfExists.SKIP
        if self._behind is not None and self._behind.write(content, target, if_exists):
            return True
        return content.write(target, if_exists)


def _without_kept(
    contents: Mapping[str, Content], owners: Mapping[str, Owner]
) -> dict[str, Content]:
    return {file: each for file, each in contents.items() if owners[file] is not Owner.BEFORE}


def _would_overwrite(target: str) -> str:
    return (
        f"Saving to {target!r} would overwrite an image that this batch reads, so nothing was "
        "written. Choose another folder, a prefix or a suffix, or set if_exists to rename."
    )
