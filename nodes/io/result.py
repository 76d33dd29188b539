"""One result on its way from a tensor to a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch

from ..loop.errors import UnwritableImage
from ..loop.state import Iteration
from ..loop.writes import Turn
from .budget import MEMORY_VARIABLE
from .encode import Format, encode
from .files import IfExists, write_whole
from .paths import quoted
from .write_behind import WriteBehind

_SAMPLED = 61
"""One row and one column in so many is looked at again; no power of two, as patterns are."""


@dataclass
class Result:
    """An image [H,W,C], float 0 to 1, and how it is to be encoded: see `encode`."""

    picture: torch.Tensor
    format: Format
    quality: int
    metadata: Mapping[str, object] | None
    _data: bytes | None = field(default=None, repr=False)

    def write(self, target: str, if_exists: IfExists) -> bool:
        """Write the file at real path `target`; False if there is one that is to be kept."""
        if self._data is None:
            self._data = encode(
                self.picture, format=self.format, quality=self.quality, metadata=self.metadata
            )
        return write_whole(target, self._data, if_exists) is not None


class Background:
    """Where the results of one prompt's node are written while the workflow goes on."""

    def __init__(
        self, write_behind: WriteBehind, iteration: Iteration, path: str, node: tuple[str, str]
    ) -> None:
        """`path` is the iteration's item, and `node` the id and type of the node that saves."""
        self._write_behind = write_behind
        self._turn = Turn(iteration.key.id, path, iteration.prompt)
        self._node = node

    def write(self, result: Result, target: str, if_exists: IfExists) -> bool:
        """Have a result written; False, and nothing is done, where there is no memory for it."""
        picture = result.picture
        # A copy of all of it would take as long as writing it.
        before = picture[::_SAMPLED, ::_SAMPLED].clone()

        def job() -> None:
            written = result.write(target, if_exists)
            if not torch.equal(picture[::_SAMPLED, ::_SAMPLED].nan_to_num(), before.nan_to_num()):
                raise UnwritableImage(_changed(target))
            if not written:
                raise UnwritableImage(_taken(target))

        return self._write_behind.write(self._turn, target, picture.nbytes, job, self._node)


def _changed(target: str) -> str:
    return (
        f"The image for {quoted(target)} was changed by another node while it was being saved, so "
        "the file may hold some of both. Have that node come before Save Image (Batch), or set "
        f"{MEMORY_VARIABLE}=0, with which images are saved before anything else is done."
    )


def _taken(target: str) -> str:
    return (
        f"Cannot write {quoted(target)}: a file of this name came while it was being made. Run "
        "again, and the result gets another name."
    )
