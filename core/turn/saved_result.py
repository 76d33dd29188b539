"""One result on its way to a file."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

import torch

from ..background.budget import Room
from ..background.costs import Work
from ..background.kinds import kind_of
from ..background.spare_time import Efforts
from ..background.write_behind import Encoding, WriteBehind
from ..common.errors import UnwritableImage, quoted
from ..common.sight import Sight
from ..common.source_metadata import NO_METADATA, SourceMetadata
from ..common.variables import MEMORY_VARIABLE
from ..files.atomic import write_atomic
from ..media.effort import Effort
from ..media.formats.encode import encode
from ..model.background_writes import Turn
from ..model.formats import Compression, Format
from ..model.if_exists import IfExists
from ..model.records import Iteration

_SAMPLED = 61
"""One in this many rows and columns is sampled; a prime, as patterns repeat in powers of 2."""


class Content(Protocol):
    """The content of a file, before it is encoded."""

    @property
    def nbytes(self) -> int:
        """The memory it takes, in bytes."""

    @property
    def held(self) -> Room | None:
        """What holds that memory already."""

    def sampled(self) -> Content:
        """The same content, to be written later: it detects changes made until then."""

    def write(
        self,
        target: str,
        if_exists: IfExists,
        at: int | None = None,
        check: Callable[[], object] = lambda: None,
    ) -> Sight | None:
        """Write the file at real path `target`: see `write_atomic`."""


@dataclass
class Result:
    """An image [H,W,C], float 0 to 1, and how it is to be encoded: see `encode`."""

    picture: torch.Tensor
    format: Format
    quality: int
    metadata: Mapping[str, object] | None
    source: SourceMetadata = NO_METADATA
    mask: torch.Tensor | None = None
    """[h,w]"""
    compression: Compression = Compression.FAST
    efforts: Efforts | None = field(default=None, repr=False)
    """Where the compression leaves it to the model's time, what that allows."""
    _sample: list[torch.Tensor] | None = field(default=None, repr=False)
    _coming: Encoding | None = field(default=None, repr=False)
    _data: bytes | None = field(default=None, repr=False)

    @property
    def nbytes(self) -> int:
        """The memory the picture takes, in bytes."""
        return sum(each.nbytes for each in self._tensors)

    @property
    def held(self) -> Room | None:
        """What holds that memory already."""
        return None if self._coming is None else self._coming.room

    def begin(self, start: Callable[[int, Callable[[], bytes]], Encoding | None]) -> None:
        """Begin to encode it in the background, by `WriteBehind.encode`, to be written later."""
        # Encoding that uses several cores would only delay what is waited for.
        if self._work.kind.parallel:
            return
        sample = self._sample_now()
        self._coming = start(self.nbytes, partial(self._encoded, self._fixed))
        if self._coming is not None:
            self._sample = sample

    def drop(self) -> None:
        """Do without what was begun, unless it is to be written."""
        if self._coming is not None:
            self._coming.drop()

    def sampled(self) -> Result:
        """The same result; its `write` raises `UnwritableImage` if the picture was changed."""
        return self if self._sample is not None else replace(self, _sample=self._sample_now())

    def write(
        self,
        target: str,
        if_exists: IfExists,
        at: int | None = None,
        check: Callable[[], object] = lambda: None,
    ) -> Sight | None:
        """Write the file at real path `target`: see `write_atomic`."""
        began, effort = time.monotonic(), None
        if self._data is None:
            coming = self._coming
            if coming is None:
                effort = self._by_time()
                self._data = self._encoded(self._fixed if effort is None else effort)
            else:
                self._data = coming.file.result()
        if self._sample is not None and not all(
            torch.equal(_sample_of(now).nan_to_num(), before.nan_to_num())
            for now, before in zip(self._tensors, self._sample, strict=True)
        ):
            raise UnwritableImage(_changed(target))
        sight = write_atomic(target, self._data, if_exists, at, check)
        if self.efforts is not None and effort is not None:
            self.efforts.took(self._work, effort, time.monotonic() - began)
        return sight

    def _by_time(self) -> Effort | None:
        """The effort that the model's time allows; None where nothing hides it, or if it is fixed.

        Asked for only when the result is certainly written later, as there is memory for it.
        """
        if self._sample is None or self.compression is not Compression.AS_TIME_ALLOWS:
            return None
        return None if self.efforts is None else self.efforts.chosen(self._work)

    def _encoded(self, effort: Effort) -> bytes:
        return encode(
            self.picture,
            format=self.format,
            quality=self.quality,
            metadata=self.metadata,
            source=self.source,
            mask=self.mask,
            effort=effort,
        )

    def _sample_now(self) -> list[torch.Tensor]:
        # Copying all of it would take as long as writing it.
        return [_sample_of(each).clone() for each in self._tensors]

    @property
    def _fixed(self) -> Effort:
        """The effort where nothing hides it."""
        return Effort.SMALL if self.compression is Compression.SMALL else Effort.FAST

    @property
    def _work(self) -> Work:
        height, width = self.picture.shape[:2]
        return Work(kind_of(self.format, self.quality), height * width)

    @property
    def _tensors(self) -> list[torch.Tensor]:
        return [self.picture] if self.mask is None else [self.picture, self.mask]


class Background:
    """Where the results of one prompt's node are written while the workflow goes on."""

    def __init__(
        self, write_behind: WriteBehind, iteration: Iteration, path: str, node: tuple[str, str]
    ) -> None:
        """`path` is the iteration's item, and `node` the id and type of the node that saves."""
        self._write_behind = write_behind
        self._turn = Turn(iteration.key.id, path, iteration.prompt)
        self._node = node
        self.targets: set[str] = set()
        """Real paths of the files that are being, or have been, written."""

    def write(  # noqa: PLR0913, PLR0917 - what `write_atomic` is given, and what follows
        self,
        content: Content,
        target: str,
        if_exists: IfExists,
        written: Callable[[Sight], object] = lambda _sight: None,
        at: int | None = None,
        check: Callable[[], object] = lambda: None,
    ) -> bool:
        """Have a file written; False, with nothing done, if there is no memory for it.

        `written` is called, in another thread, once it is. `at` and `check` are as in
        `write_atomic`.
        """
        sampled = content.sampled()

        def job() -> None:
            sight = sampled.write(target, if_exists, at, check)
            if sight is None:
                raise UnwritableImage(_taken(target))
            written(sight)

        is_coming = self._write_behind.write(
            self._turn, target, content.nbytes, job, self._node, content.held
        )
        if is_coming:
            self.targets.add(target)
        return is_coming


def _sample_of(picture: torch.Tensor) -> torch.Tensor:
    return picture[::_SAMPLED, ::_SAMPLED]


def _changed(target: str) -> str:
    return (
        f"The image for {quoted(target)} was changed by another node while it was being saved, so "
        "it was not written. Have that node come before Save Image (Batch), or set "
        f"{MEMORY_VARIABLE}=0, with which images are saved before anything else is done."
    )


def _taken(target: str) -> str:
    return (
        f"Cannot write {quoted(target)}: a file of this name appeared while it was being made. Run "
        "again, and the result gets another name."
    )
