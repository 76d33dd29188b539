"""The identity of a loop: its name, its folder and its workflow."""

from __future__ import annotations

import functools
import hashlib
import os
from dataclasses import dataclass


@dataclass(frozen=True)
class LoopKey:
    """The identity of a loop."""

    name: str
    directory: str
    """Real path of the directory."""
    place: str = ""
    """The directory in the form that all servers share; empty if that is its path."""
    workflow: str = ""
    """The id that ComfyUI's page gave the workflow; empty for prompts without one."""

    @property
    def shared(self) -> str:
        """The directory in the form that all servers share."""
        return self.place or self.directory

    @functools.cached_property
    def id(self) -> str:
        """A short id for routes and events, which reveals neither name nor path."""
        # A path may hold undecodable bytes, which reach Python as lone surrogates.
        parts = (self.name, self.shared, *([self.workflow] if self.workflow else ()))
        text = "\0".join(parts).encode("utf-8", "surrogatepass")
        return hashlib.sha256(text).hexdigest()[:16]

    def __hash__(self) -> int:
        """That of the id, which Python remembers."""
        return hash(self.id)

    def has_images_of(self, other: LoopKey) -> bool:
        """Whether it has the same images as another loop: only their workflows may differ."""
        return (self.name, self.shared) == (other.name, other.shared)

    def seed(self, batch: int) -> int:
        """The seed of a shuffle, another one for each batch."""
        return int(self.id, 16) + batch

    def full(self, path: str) -> str:
        """Full path of the item at a relative path."""
        return os.path.join(self.directory, *path.split("/"))

    def inside(self, target: str) -> str | None:
        """Relative path of the file at a full path; None if it is not in the directory."""
        folder = os.path.join(self.directory, "")
        if not os.path.normcase(target).startswith(os.path.normcase(folder)):
            return None
        return target[len(folder) :].replace(os.sep, "/")


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
