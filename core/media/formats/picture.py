"""What is to be seen in a file that is written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy.typing as npt
import torch

from ...common.source_metadata import SourceMetadata
from ..alpha import Convert, joined
from ..png.rows import ALL


@dataclass(frozen=True)
class Picture:
    """Colours, their transparency, and what their source said of them."""

    colours: torch.Tensor
    """[H,W,C]"""
    alpha: torch.Tensor | None
    """[H,W,1]"""
    source: SourceMetadata

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.colours.shape[1], self.colours.shape[0]

    @property
    def channels(self) -> int:
        """Of each pixel, alpha included."""
        return int(self.colours.shape[2]) + (self.alpha is not None)

    def pixels(self, convert: Convert, rows: slice = ALL, columns: slice = ALL) -> npt.NDArray[Any]:
        """The pixels of all rows and columns, or of some: [rows,columns,C]."""
        alpha = None if self.alpha is None else self.alpha[rows, columns]
        return joined(self.colours[rows, columns], alpha, convert)

    def here(self) -> Picture:
        """The same in this machine's own memory."""
        alpha = None if self.alpha is None else self.alpha.detach().cpu()
        return replace(self, colours=self.colours.detach().cpu(), alpha=alpha)
