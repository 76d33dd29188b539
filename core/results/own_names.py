"""Whose a result is by its name, and when a number makes it another image's.

`a_1.png` is the result of `a_1.jpg`, and is what a second result of `a.jpg` would be called. So a
saver leaves out such a number, and a file of such a name proves nothing, unless that saver is known
to have left it out.
"""

from __future__ import annotations

import functools
import os
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..common.file_kinds import FileKind
from ..common.pace import parts_of
from ..files.listing import files_named
from ..files.same_file import Spelled
from ..model.result_names import ResultName
from .numbering import named_before


def sources_named_alike(
    name: ResultName, source: str, kind: FileKind, result: str, stem: str
) -> list[str]:
    """The files of a kind beside a source whose own results would have a stem: it is theirs.

    `source` is the full path of one of them, and `result` the stem of its own result.
    """
    before, own = name.before_stem, os.path.splitext(os.path.basename(source))[0]
    after = result[len(before) + len(own) :]
    if not stem.endswith(after):
        return []
    theirs = stem[len(before) : len(stem) - len(after)]
    return files_named(os.path.dirname(source), theirs, kind)


@dataclass(frozen=True)
class Group:
    """Images of one subfolder whose results are in one folder."""

    subfolder: str
    sources: Sequence[str]
    spelled: Spelled
    results: Sequence[str]
    """The result of each source, by the source's identity in its folder."""

    def parts(self) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
        """The images' paths and their results, some at a time."""
        before = self.subfolder and f"{self.subfolder}/"
        some = zip(parts_of(self.sources), parts_of(self.results), strict=True)
        for sources, results in some:
            yield [before + source for source in sources] if before else sources, results


class OwnNames:
    """The images that results belong to by their names alone, for all names of a batch."""

    def __init__(
        self,
        names: Collection[ResultName],
        groups: Callable[[], Iterable[Group]],
        going_on: Callable[[], object],
    ) -> None:
        """`groups` are those of all images, under each of `names`; asked for only if needed."""
        self._groups = groups
        self._going_on = going_on
        extensions = [name.extension for name in names]
        self._clear = {
            name
            for name in names
            if name.leaves_own_names and extensions.count(name.extension) == 1
        }

    def is_only_of(self, name: ResultName, path: str, folder: str, result: str) -> bool:
        """Whether a result with a name can, by that, only belong to the image at `path`."""
        images = self._images[folder]
        return images[result] == path and (
            name in self._clear
            or all(images.get(before, path) == path for before in named_before(result))
        )

    @functools.cached_property
    def _images(self) -> Mapping[str, Mapping[str, str]]:
        """The image that each result belongs to, by the results' folders; "" for several images."""
        found: defaultdict[str, dict[str, str]] = defaultdict(dict)
        for group in self._groups():
            images = found[group.spelled.folder]
            for paths, results in group.parts():
                for path, result in zip(paths, results, strict=True):
                    if images.setdefault(result, path) != path:
                        images[result] = ""
                self._going_on()
        return found
