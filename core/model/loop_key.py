"""The identity of a loop: its name, its workflow, and what it takes its items from."""

from __future__ import annotations

import functools
import hashlib
import os
from dataclasses import dataclass, replace

from ..common.file_kinds import FileKind
from .titles import entry_in

IMAGES, ROWS, FRAMES = FileKind.IMAGES.value, "rows", "frames"
VIDEOS, AUDIO = FileKind.VIDEOS.value, FileKind.AUDIO.value
"""Kinds of items: images of a folder, rows of a table, frames of a film, films and sounds of a
folder."""

_IN_ONE_FILE = {ROWS, FRAMES}

VARIANTS = " variants"
"""Ends the kind of items that are entries with a value each."""

TYPED_TEXT = "(typed text)"
"""In place of the path of a table that was typed into the node."""


@dataclass(frozen=True)
class LoopKey:
    """The identity of a loop."""

    name: str
    directory: str
    """Real path of the directory, or of the file, that its items are in; `TYPED_TEXT` for none."""
    place: str = ""
    """The directory in the form that all servers share; empty if that is its path."""
    workflow: str = ""
    """The id that ComfyUI's page gave the workflow; empty for prompts without one."""
    source: str = IMAGES
    """What kind of items it has."""

    @property
    def shared(self) -> str:
        """The directory in the form that all servers share."""
        return self.place or self.directory

    @property
    def kind(self) -> str:
        """What kind its entries are: its items, or what they are with a value each."""
        return self.source.removesuffix(VARIANTS)

    @property
    def has_variants(self) -> bool:
        """Whether its items are entries with a value each."""
        return self.source.endswith(VARIANTS)

    @functools.cached_property
    def of_entries(self) -> LoopKey:
        """The key of a loop whose items are the entries themselves."""
        return replace(self, source=self.kind)

    def entry(self, path: str) -> str:
        """The path of the entry that the item at a path is, or is with a value."""
        return entry_of(path, self.source)

    @property
    def folder(self) -> str:
        """The folder that its items, or the file that has them, lie in; empty for a typed text."""
        if self.directory == TYPED_TEXT:
            return ""
        return os.path.dirname(self.directory) if self.kind in _IN_ONE_FILE else self.directory

    @functools.cached_property
    def id(self) -> str:
        """A short id for routes and events, which reveals neither name nor path."""
        # A path may hold undecodable bytes, which reach Python as lone surrogates.
        parts = (self.name, self.shared, *([self.workflow] if self.workflow else ()))
        # None for images: loops of versions that knew no other kind keep their ids.
        parts += ("source", self.source) if self.source != IMAGES else ()
        text = "\0".join(parts).encode("utf-8", "surrogatepass")
        return hashlib.sha256(text).hexdigest()[:16]

    def __hash__(self) -> int:
        """That of the id, which Python remembers."""
        return hash(self.id)

    def has_images_of(self, other: LoopKey) -> bool:
        """Whether it has the same images as another loop.

        Only their workflows may differ, and the values that the images are taken with.
        """
        own, others = (
            (self.name, self.shared, self.kind),
            (other.name, other.shared, other.kind),
        )
        return own == others

    def seed(self, batch: int) -> int:
        """The seed of a shuffle, another one for each batch."""
        return int(self.id, 16) + batch


def entry_of(path: str, source: str) -> str:
    """See `LoopKey.entry`; `source` is what kind of items the loop has."""
    return entry_in(path) if source.endswith(VARIANTS) else path


_NO_WORKFLOW = "00000000-0000-0000-0000-000000000000"
"""The id of a workflow that was not given one yet."""
_LONGEST_ID = 100
_LONGEST_TITLE = 200


def workflow_named(given: object) -> str:
    """A workflow's id, from any JSON value; empty if it is none."""
    if not isinstance(given, str) or given == _NO_WORKFLOW or len(given) > _LONGEST_ID:
        return ""
    return given


def title_named(given: object) -> str:
    """A workflow's name, from any JSON value; empty if it is none."""
    return given[:_LONGEST_TITLE] if isinstance(given, str) else ""
