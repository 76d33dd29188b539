"""Saving the images of one run of Save Image (Batch)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch

from ..background.spare_time import Efforts
from ..background.write_behind import WriteBehind
from ..common.errors import UnwritableImage
from ..common.source_metadata import NO_METADATA, SourceMetadata
from ..media.alpha import is_transparent
from ..model.formats import WITHOUT_ALPHA, Compression, Format
from ..model.result_names import CAPTION_EXTENSION, format_for
from ..results.caption import Caption
from .result_files import ResultFiles
from .saved_result import Content, Result


@dataclass(frozen=True)
class Saving:
    """How results are to be saved."""

    format: Format
    quality: int
    metadata: Mapping[str, object] | None
    caption: Caption | None
    """What to write beside each image."""
    source: SourceMetadata = NO_METADATA
    """What of the source's metadata goes with each image."""
    compression: Compression = Compression.FAST
    efforts: Efforts | None = None
    """What the model's time allows, where the compression leaves it to that."""


class Saver:
    """Saves the results of one call of Save Image (Batch)."""

    def __init__(self, files: ResultFiles, saving: Saving) -> None:
        self._saving = saving
        self._files = files
        self._format = format_for(files.source, saving.format)
        self._begun: list[Result] | None = None

    def loses_transparency(
        self, of: SourceMetadata, images: torch.Tensor, masks: torch.Tensor | None
    ) -> bool:
        """Whether a source is transparent, and its results [N,H,W,C] will not be."""
        if not of.transparent:
            return False
        return self._format in WITHOUT_ALPHA or not is_transparent(images, masks)

    def begin(self, writes: WriteBehind, images: torch.Tensor, masks: torch.Tensor | None) -> None:
        """Begin to encode what `save` will then be given, while earlier results are waited for.

        It is written only once they are: no more than one image's results are on their way.
        """
        self._begun = self._results(images, masks)
        for result in self._begun:
            result.begin(writes.encode)

    def drop(self) -> None:
        """Do without what was begun and is not to be written after all."""
        for result in self._begun or ():
            result.drop()

    def save(self, images: torch.Tensor, masks: torch.Tensor | None = None) -> list[str]:
        """Write each image [H,W,C] of a batch [N,H,W,C]; the paths of their files.

        Each is the path of the file that will soon hold the image, or of the existing one that is
        kept instead. If there are several, they are numbered from 1. `masks` [N,h,w] say where they
        are transparent: one for each, or one [1,h,w] for all.

        Raises `UnwritableImage` for an empty batch: it would count as done without a result.
        """
        if len(images) == 0:
            raise UnwritableImage(_NOTHING_TO_SAVE)
        results = self._results(images, masks) if self._begun is None else self._begun
        own = self._files.stem
        if len(results) == 1:
            return [self._save(results[0], own, 0)]
        digits = len(str(len(results)))
        return [
            self._save(result, f"{own}_{number:0{digits}}", number)
            for number, result in enumerate(results, start=1)
        ]

    def _results(self, images: torch.Tensor, masks: torch.Tensor | None) -> list[Result]:
        saving, mask_of = self._saving, _mask_of(masks, len(images))
        return [
            Result(
                picture,
                self._format,
                saving.quality,
                saving.metadata,
                saving.source,
                mask_of(place),
                saving.compression,
                saving.efforts,
            )
            for place, picture in enumerate(images)
        ]

    def _save(self, content: Result, stem: str, place: int) -> str:
        """Write one image; `place` is its number in the batch.

        The caption beside it follows the same rules, and always has the image's stem.
        """
        contents: dict[str, Content] = {self._files.extension: content}
        if self._saving.caption is not None:
            contents[CAPTION_EXTENSION] = self._saving.caption
        return self._files.save(contents, stem, place)


def _mask_of(masks: torch.Tensor | None, count: int) -> Callable[[int], torch.Tensor | None]:
    """A function that gives the mask [h,w] of each of `count` images, by its place."""
    if masks is None:
        return lambda _place: None
    if masks.ndim == 2:  # noqa: PLR2004 - some nodes give a single one without a batch
        masks = masks[None]
    if masks.ndim != 3 or len(masks) not in {1, count}:  # noqa: PLR2004
        message = (
            f"mask has the shape {tuple(masks.shape)}, and there are {count} images: it must be "
            "one mask for all of them, or one for each. Connect the mask that belongs to the image."
        )
        raise UnwritableImage(message)
    single = len(masks) == 1
    return lambda place: masks[0 if single else place]


_NOTHING_TO_SAVE = (
    "Save Image (Batch) was given a batch of no images, so there is nothing to save, and the image "
    "would count as done without a result. Look at the node that its image comes from: it may have "
    "found nothing. To have such images passed over, set error_handling to Skip on error."
)
