"""The folder of images, films or sounds: each of its files that the filter admits is an item."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

from ..common.file_kinds import FileKind
from ..common.forecast import Weight
from ..files.listing import is_listed, linked_files
from ..model.loop_key import LoopKey
from ..model.selection import Filter
from .interface import Part, Sight

if TYPE_CHECKING:
    from ..model.selection import Selection


class Lister(Protocol):
    """Lists a directory, see `Source.listed`."""

    def __call__(
        self,
        directory: str,
        selection: Selection,
        *,
        seed: int,
        going_on: Callable[[], object] = ...,
        without: Callable[[Sequence[str]], Collection[str]] = ...,
    ) -> Sequence[str]:
        """Return relative paths in order."""


class ImageFolder:
    """The source of loops whose `directory` is a folder; an item's path is that of its file in it.

    See `core.sources.interface.Source`.
    """

    def __init__(
        self,
        lister: Lister,
        sight: Callable[[str], Sight],
        weigh: Callable[[str], Weight | None] = lambda _path: None,
    ) -> None:
        """`sight` describes the file at a full path; `weigh` says how much work its image is."""
        self._lister = lister
        self._sight = sight
        self._weigh = weigh

    def listed(
        self,
        key: LoopKey,
        selection: Selection,
        *,
        seed: int,
        going_on: Callable[[], object] = lambda: None,
        without: Callable[[Sequence[str]], Collection[str]] = lambda _paths: (),
    ) -> Sequence[str]:
        return self._lister(key.directory, selection, seed=seed, going_on=going_on, without=without)

    def part(
        self,
        key: LoopKey,  # noqa: ARG002
        selection: Selection,  # noqa: ARG002
        first: int,  # noqa: ARG002
        most: int,  # noqa: ARG002
        *,
        going_on: Callable[[], object] = lambda: None,  # noqa: ARG002
    ) -> Part | None:
        # The order of a folder's files is not that in which the system names them.
        return None

    def in_range(
        self,
        key: LoopKey,  # noqa: ARG002
        selection: Selection,
        paths: Sequence[str],
    ) -> Sequence[str]:
        return selection.in_range(paths)

    def nothing(self, key: LoopKey, selection: Selection, own_results: int) -> str:
        return no_images(key.directory, selection, own_results)

    def file(self, key: LoopKey, path: str) -> str:
        return os.path.join(key.directory, *path.split("/"))

    def is_one_file_each(self, key: LoopKey) -> bool:  # noqa: ARG002
        return True

    def item(self, key: LoopKey, target: str) -> str | None:
        folder = os.path.join(key.directory, "")
        if not os.path.normcase(target).startswith(os.path.normcase(folder)):
            return None
        return target[len(folder) :].replace(os.sep, "/")

    def may_list(self, key: LoopKey, selection: Selection, path: str) -> bool:  # noqa: ARG002
        return is_listed(path, selection.kind, recursive=selection.recursive)

    def links(
        self, key: LoopKey, selection: Selection, going_on: Callable[[], object]
    ) -> Iterator[str]:
        return linked_files(key.directory, selection, going_on)

    def sight(self, key: LoopKey, path: str) -> Sight:
        return self._sight(self.file(key, path))

    def weigh(self, key: LoopKey, path: str) -> Weight | None:
        return self._weigh(self.file(key, path))


_WORDS = {FileKind.IMAGES: "images", FileKind.VIDEOS: "videos", FileKind.AUDIO: "sounds"}


def no_images(directory: str, selection: Selection, own_results: int = 0) -> str:
    """The message for a folder without files under `selection`, apart from `own_results`."""
    items, widened = _WORDS[selection.kind], "custom_pattern, recursive or range"
    looked_for = f"All {items}"
    if selection.kind is FileKind.IMAGES:
        looked_for, widened = selection.filter.value, f"filter, {widened}"
    if selection.custom_pattern and selection.filter is Filter.CUSTOM:
        looked_for = f"Custom {selection.custom_pattern!r}"
        if selection.kind is not FileKind.IMAGES:
            looked_for = f"custom_pattern {selection.custom_pattern!r}"
    where = "in it or in its subfolders" if selection.recursive else "in it (subfolders left out)"
    message = f"No {items} to work on in {directory!r}: {looked_for} matches no file {where}"
    if selection.has_range:
        message += f", from start_index {selection.start_index} with limit {selection.limit}"
    message += f". Choose another folder, or widen {widened}."
    if own_results:
        message += (
            f" Files that this loop has saved itself are left out ({own_results} here): with "
            f"another loop_name they are {items} like others."
        )
    return message
