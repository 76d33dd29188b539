"""Captions: text files beside the results, with the same stem."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..common.errors import InvalidSetting
from ..common.sight import Sight
from ..files.atomic import write_atomic
from ..graph.links import is_link
from ..model.if_exists import IfExists

CAPTION_INPUT = "caption"
"""The input of Save Image (Batch) for the caption."""


def has_caption(inputs: Mapping[str, Any]) -> bool:
    """Whether a Save Image (Batch) with these inputs in a graph writes captions.

    It does if one is entered or linked; whether a linked one is empty is only known in the run.
    """
    value = inputs.get(CAPTION_INPUT)
    return is_link(value) or bool(value)


@dataclass(frozen=True)
class Caption:
    """A caption as the bytes of its file: UTF-8, with nothing added."""

    data: bytes

    @property
    def nbytes(self) -> int:
        """The memory it takes, in bytes."""
        return len(self.data)

    @property
    def held(self) -> None:
        """Nothing holds that memory yet."""
        return

    def sampled(self) -> Caption:
        """Itself: it cannot change."""
        return self

    def write(
        self,
        target: str,
        if_exists: IfExists,
        at: int | None = None,
        check: Callable[[], object] = lambda: None,
    ) -> Sight | None:
        """Write the file at real path `target`: see `write_atomic`."""
        return write_atomic(target, self.data, if_exists, at, check)


def caption_of(text: object, name: str = CAPTION_INPUT) -> Caption:
    """The caption for the text in the input `name`; raises InvalidSetting for anything else."""
    if not isinstance(text, str):
        message = (
            f"{name} was {text!r}: it becomes a text file, and has to be a text. Connect an "
            "output that gives text."
        )
        raise InvalidSetting(message)
    try:
        return Caption(text.encode())
    except UnicodeEncodeError as error:
        message = (
            f"{name} was {text!r}: it holds {text[error.start]!r}, which no text file can hold. "
            "Leave that out of it."
        )
        raise InvalidSetting(message) from None
