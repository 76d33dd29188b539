"""Which files the results of one call of a saver go to."""

from __future__ import annotations

import contextlib
import os
import posixpath
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from ..common.errors import UnwritableImage
from ..common.file_kinds import FileKind
from ..common.sight import Sight
from ..files.allowed_paths import AllowedFolders, check_target_file
from ..files.atomic import check_name
from ..model.if_exists import PASSED_OVER, IfExists, Owner
from ..model.records import Iteration
from ..model.result_names import ResultName
from ..model.titles import label_in
from ..results.numbering import Numbering
from ..results.own_names import sources_named_alike
from ..sources.interface import Source
from .saved_result import Background, Content

_WOULD_OVERWRITE: Mapping[Owner, str] = {
    Owner.SOURCE: "an image that this batch reads",
    Owner.LEFT_OUT: "an image of its folder that this batch leaves out",
}
"""What is never replaced, in words."""


class Claims(Protocol):
    """What the registry knows of who writes which files."""

    @property
    def source(self) -> Source:
        """What loops take their items from."""

    def claim_outputs(  # noqa: PLR0913 - what is claimed, and for what
        self,
        iteration: Iteration,
        targets: Collection[str],
        kept: Collection[str],
        *,
        result: str,
        replaces_own: bool,
        named_alike: Collection[str],
        at: int | None,
    ) -> Mapping[str, Owner]:
        """The owner of each of `targets`; if all are free, they are claimed."""

    def guard(self, iteration: Iteration) -> Callable[[], object]:
        """A check for when a file claimed from now on gets its name: is it still to have it?"""

    def note_written(self, iteration: Iteration, file: str, sight: Sight | None) -> None:
        """Note that a claimed file was written, and how it looks; from any thread."""

    def pass_over_outputs(self, iteration: Iteration, files: Collection[str]) -> None:
        """Note that the image's own files are left alone, as its result gets another name."""

    def give_back_outputs(self, iteration: Iteration, files: Collection[str]) -> None:
        """Give back claimed files that were not written, as others had appeared."""


@dataclass(frozen=True)
class Run:
    """One call of a node: which of a prompt's results it saves."""

    node: str
    """The node's id."""
    call: int = 0
    """Which of its calls in the prompt, from 0: one for each element of a list."""
    rank: int = 0
    """How many earlier nodes of the graph save under the same names."""
    hands_on: bool = False
    """Whether other nodes are given the path of the file, and may work on it."""


class ResultFiles:
    """The files of one call: their names, and who owns what is there already."""

    def __init__(  # noqa: PLR0913 - what it stands on, each given once
        self,
        loop: Iteration,
        name: ResultName,
        if_exists: IfExists,
        *,
        allowed: AllowedFolders,
        claims: Claims,
        behind: Background | None,
        run: Run,
        numbering: Numbering,
    ) -> None:
        """The loop has an image. `behind` writes in the background; None if nothing does."""
        assert loop.item is not None  # noqa: S101 for the type checker: the savers have looked
        self.source = loop.item.path
        self._source_file = claims.source.file(loop.key, loop.item.path)
        self._label = label_in(loop.item.path) if loop.key.has_variants else ""
        self._loop = loop
        self._if_exists = if_exists
        self._allowed = allowed
        self._claims = claims
        self._behind = behind
        self._run = run
        self._numbering = numbering
        subfolder, filename = posixpath.split(name.of(loop.item.path))
        self._folder = os.path.join(name.folder, *subfolder.split("/"))
        self.stem, self.extension = posixpath.splitext(filename)
        self._named_alike: Callable[[str], Sequence[str]] = _none
        if claims.source.is_one_file_each(loop.key):
            kind, source = FileKind(loop.key.source), self._source_file
            self._named_alike = partial(sources_named_alike, name, source, kind, self.stem)
        self._real_paths: dict[str, str] = {}
        self._at: int | None = None
        self._check: Callable[[], object] = lambda: None
        self.made_way = False
        """Whether a result has another name because of a file of unknown origin."""
        self._meets_others = False

    def is_coming(self, path: str) -> bool:
        """Whether the file at `path` is written in the background: it may not be there yet."""
        return self._behind is not None and path in self._behind.targets

    def save(self, contents: Mapping[str, Content], stem: str, place: int = 0) -> str:
        """Write files that belong together, by their extensions; the path of the first of them.

        All get the same stem. `place` tells the results of one call apart. The path is that of the
        file that will soon hold the content, or of the existing one that is kept instead.
        """
        # The claim notes it before anything is written: so it tells the file that is written from
        # any that somebody else puts there, even if the process is killed at any moment.
        # What another node has left half done when it was killed must not pass for somebody's own:
        # SKIP would keep it, and the image would be done.
        leaves_doubt = self._run.hands_on and self._if_exists is IfExists.SKIP
        self._at = None if leaves_doubt else time.time_ns()
        self._check = self._claims.guard(self._loop)
        self._real_paths.clear()
        result = f"{self._run.node}/{self._run.call}/{place}"
        name = self._checked(stem + next(iter(contents)))
        self._meets_others = False
        for number in self._numbering.candidates(self._loop, result, name):
            numbered = f"{stem}_{number}" if number else stem
            alike = self._named_alike(numbered) if number else ()
            target = self._save_as(contents, numbered, result, alike)
            if target is not None:
                self._numbering.take(self._loop, result, number)
                self.made_way |= self._meets_others
                return target
        message = "unreachable: there is always another candidate"
        raise AssertionError(message)

    def _save_as(
        self, of: Mapping[str, Content], stem: str, result: str, alike: Collection[str]
    ) -> str | None:
        """Write the files under a stem; None if one of the names belongs to another.

        It belongs to one of the images `alike`, unless they are results themselves.
        """
        if_exists = self._if_exists
        contents = {self._checked(stem + extension): each for extension, each in of.items()}
        target = next(iter(contents))
        owners = self._claimed(contents, result, alike)
        if PASSED_OVER[if_exists].intersection(owners.values()):
            self._meets_others |= Owner.BEFORE in owners.values()
            own = [file for file, owner in owners.items() if owner is Owner.SAME]
            if own:
                self._claims.pass_over_outputs(self._loop, own)
            return None
        if if_exists is IfExists.SKIP:
            owners = {file: self._kept_source(file, owner) for file, owner in owners.items()}
        for file, owner in owners.items():
            if owner in _WOULD_OVERWRITE:
                raise UnwritableImage(_would_overwrite(file, _WOULD_OVERWRITE[owner]))
        if Owner.BEFORE in owners.values():
            contents = _without_kept(contents, owners)
            owners = self._claimed(contents, result, alike)
        taken = [file for file in contents if not self._write(contents[file], file, owners[file])]
        if taken:
            self._claims.give_back_outputs(self._loop, taken)
        return None if taken and if_exists is not IfExists.SKIP else target

    def _kept_source(self, file: str, owner: Owner) -> Owner:
        """The owner of a file, with the image's own source as one that is kept."""
        if owner is not Owner.SOURCE:
            return owner
        with contextlib.suppress(OSError):
            if os.path.samefile(file, self._source_file):
                return Owner.BEFORE
        return owner

    def _checked(self, name: str) -> str:
        if name not in self._real_paths:
            path = os.path.join(self._folder, name)
            self._real_paths[name] = check_target_file(path, self._allowed)
        return self._real_paths[name]

    def _claimed(
        self, files: Collection[str], result: str, alike: Collection[str]
    ) -> Mapping[str, Owner]:
        if_exists = self._if_exists
        keeps = if_exists is not IfExists.OVERWRITE
        return self._claims.claim_outputs(
            self._loop,
            files,
            [file for file in files if keeps and os.path.lexists(file)],
            result=result,
            replaces_own=if_exists in {IfExists.OVERWRITE, IfExists.OVERWRITE_OWN},
            named_alike=alike,
            at=self._at,
        )

    def _write(self, content: Content, target: str, owner: Owner) -> bool:
        """Write a file now or soon; False if one of that name has appeared and is kept."""
        check_name(target, self._label)
        overwrites = owner is Owner.SAME or self._if_exists is IfExists.OVERWRITE
        if_exists = IfExists.OVERWRITE if overwrites else IfExists.SKIP
        written = partial(self._note_written, target)
        behind, at, check = self._behind, self._at, self._check
        if behind is not None and behind.write(content, target, if_exists, written, at, check):
            return True
        sight = content.write(target, if_exists, at, check)
        if sight is not None:
            written(sight)
        return sight is not None

    def _note_written(self, target: str, sight: Sight) -> None:
        looks = None if self._run.hands_on else sight
        self._claims.note_written(self._loop, target, looks)


def _without_kept(
    contents: Mapping[str, Content], owners: Mapping[str, Owner]
) -> dict[str, Content]:
    return {file: each for file, each in contents.items() if owners[file] is not Owner.BEFORE}


def _would_overwrite(target: str, what: str) -> str:
    return (
        f"Saving to {target!r} would overwrite {what}, so nothing was written. Choose another "
        "folder, a prefix or a suffix, or set if_exists to rename."
    )


def _none(_stem: str) -> Sequence[str]:
    """The images that a name may belong to, where no item is a file."""
    return ()
