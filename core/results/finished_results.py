"""Which images need no work, as their results exist already.

The files decide, so it works after an interruption, for a folder that has grown, and on another
machine. The store tells, as far as it knows, which images they belong to, and whether they are
complete.
"""

from __future__ import annotations

import functools
import os
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..common.pace import Pace, clear_in_steps, parts_of
from ..files.path_texts import inside
from ..files.same_file import Identities
from ..model.records import KnownResult
from ..model.result_names import ResultName
from .numbering import is_numbered
from .own_names import Group, OwnNames
from .whole_files import LOOK_EVERY, ResultFiles

Known = Callable[[str], Iterable[KnownResult]]
"""What is known of the files below a folder: the store's `written_below`."""


def nothing_known(folder: str) -> Iterable[KnownResult]:  # noqa: ARG001
    """Nothing is known of the files below a folder."""
    return ()


def finished(  # noqa: PLR0913 - what it looks for and where, and who waits for it
    names: Sequence[ResultName],
    directory: str,
    paths: Sequence[str],
    known: Known = nothing_known,
    *,
    all_paths: Sequence[str] | None = None,
    undone: Collection[str] = (),
    identities: Identities | None = None,
    entry: Callable[[str], str] = str,
    going_on: Callable[[], object] = lambda: None,
) -> set[str]:
    """Those of `paths`, relative to `directory`, that have a result for each of `names`.

    `all_paths` are all images of the folder, if `paths` are only some: results of the others may
    have the same names, and no image is a result. `undone` are images that prompts were given and
    that are not done: none of them is finished, as a prompt may have spoilt an earlier result.
    `identities` tell files apart, however they are spelled. `entry` gives the path of the image
    that an item is, or is with a value. `going_on` is called repeatedly meanwhile, and what it
    raises ends this.

    Reads each folder of results once. If it is known what an image's last run wrote, that run must
    have succeeded, and all of its files must still exist. Otherwise the file of the name itself
    must exist, and must not be known to belong to another image.

    What proves nothing is ignored, so that the image is done again: a name that another image's
    result may have, with a number or without, see `own_names`; a name that is one of the images
    itself; what lies behind a link below the folder. A file of which nothing is known is also
    ignored if it is empty, or is one of the `NEWEST` and not whole.

    It takes a few microseconds for each image: what all images of a subfolder share is found out
    once, and the rest are look-ups of short names.
    """
    if not names:
        return set()
    batch = _Batch(names, directory, paths, all_paths, identities or Identities(), entry, going_on)
    left = _Results(names[0], batch, known).finished()
    for name in names[1:]:
        if left:
            left &= _Results(name, batch, known).finished()
    return left.difference(undone)


class _Batch:
    """The images of a batch, by subfolder."""

    def __init__(  # noqa: PLR0913, PLR0917 - as `finished`
        self,
        names: Sequence[ResultName],
        directory: str,
        paths: Sequence[str],
        all_paths: Sequence[str] | None,
        identities: Identities,
        entry: Callable[[str], str],
        going_on: Callable[[], object],
    ) -> None:
        self.directory = directory
        self.identities = identities
        self._entry = entry
        self.going_on = going_on
        self.names = self._by_subfolder(paths)
        self._all_paths = all_paths
        self._groups = {name: list(self._groups_of(name, self.names)) for name in names}
        self.own_names = OwnNames(names, self._all_groups, going_on)

    def groups(self, name: ResultName) -> Sequence[Group]:
        """The images, grouped by the folders of their results with a name."""
        return self._groups[name]

    def _groups_of(self, name: ResultName, names: Mapping[str, Sequence[str]]) -> Iterator[Group]:
        for subfolder, sources in names.items():
            yield from _groups(name, subfolder, sources, self)

    def _by_subfolder(self, paths: Sequence[str]) -> Mapping[str, Sequence[str]]:
        names: defaultdict[str, list[str]] = defaultdict(list)
        for part in parts_of(paths, LOOK_EVERY):
            for path in part:
                subfolder, _, name = path.rpartition("/")
                names[subfolder].append(name)
            self.going_on()
        return names

    @functools.cached_property
    def _all_names(self) -> Mapping[str, Sequence[str]]:
        """All images of the folder, by subfolder, also those outside of the range."""
        return self.names if self._all_paths is None else self._by_subfolder(self._all_paths)

    def _all_groups(self) -> Iterator[Group]:
        """The images of the folder under all names, also those outside of the range."""
        everything = self._all_names
        for name, own in self._groups.items():
            yield from own if everything is self.names else self._groups_of(name, everything)

    @functools.cached_property
    def sources(self) -> Mapping[str, set[str]]:
        """The identities of all images, by folder."""
        sources: defaultdict[str, set[str]] = defaultdict(set)
        for subfolder, own in self._all_names.items():
            folder = os.path.join(self.directory, *subfolder.split("/")).rstrip(os.sep)
            spelled = self.identities.of_folder(folder, own[0])
            for some in parts_of(own):
                names = spelled.names(list(map(self._entry, some)))
                sources[spelled.folder].update(names)
                self.going_on()
        return sources


class _Results:
    """The results of a batch's images under one name."""

    def __init__(self, name: ResultName, batch: _Batch, known: Known) -> None:
        self._name = name
        self._batch = batch
        self._known: defaultdict[str, set[str]] = defaultdict(set)
        # Usually one; a plain tuple, which the garbage collector skips.
        self._one: dict[str, tuple[Any, ...]] = {}
        self._several: dict[str, list[KnownResult]] = {}
        self._look_up(known(name.folder))
        self._groups = batch.groups(name)
        self._files = ResultFiles(self._known, batch.identities, batch.going_on)

    def _look_up(self, known: Iterable[KnownResult]) -> None:
        """Index what is known by image and by file."""
        here = os.path.normcase(self._batch.directory)
        is_here = functools.cache(lambda directory: os.path.normcase(directory) == here)
        one, several, pace = self._one, self._several, Pace()
        for number, result in enumerate(known):
            if number % LOOK_EVERY == 0:
                self._batch.going_on()
                pace.rest()
            file, _, directory, path, _, _ = result
            folder, _, name = file.rpartition(os.sep)
            self._known[folder].add(name)
            if not is_here(directory):
                continue
            if path in several:
                several[path].append(result)
            elif path in one:
                several[path] = [KnownResult(*one.pop(path)), result]
            else:
                one[path] = tuple(result)

    def finished(self) -> set[str]:
        """The images that have everything expected of them; call once."""
        found: set[str] = set()
        pop, several = self._one.pop, self._several
        for group in self._groups:
            folder = group.spelled.folder
            is_proven, files = self._proof_by_name(folder), self._files.of(folder)
            start = os.path.join(folder, "")
            for paths, results in group.parts():
                for path, result in zip(paths, results, strict=True):
                    # Each is needed once, and freeing a million at once would block other threads.
                    one = pop(path, None)
                    if one is not None and one[0] == start + result:
                        is_whole = one[-1] and result in files
                    elif one is not None or path in several:
                        own = several[path] if one is None else [KnownResult(*one)]
                        runs = _last_runs(own, start + result)
                        is_whole = self._has_one_of(runs) if runs else is_proven(path, result)
                    else:
                        is_whole = is_proven(path, result)
                    if is_whole:
                        found.add(path)
                self._batch.going_on()
        for names in (*self._known.values(), *self._files.folders.values()):
            clear_in_steps(names)
        return found

    def _proof_by_name(self, folder: str) -> Callable[[str, str], bool]:
        """A test whether an image's result in a folder proves by itself that it is finished."""
        files, known = self._files.of(folder), self._known.get(folder.rstrip(os.sep), ())
        batch = self._batch
        # In this order: if all is known, the rest need not be looked up.
        return lambda path, result: (
            result in files
            and result not in known
            and batch.own_names.is_only_of(self._name, path, folder, result)
            and result not in batch.sources.get(folder, ())
            and self._files.may_be_whole(folder, result)
        )

    def _has_one_of(self, runs: Iterable[Iterable[KnownResult]]) -> bool:
        return any(
            all(result.whole and result.file in self._files for result in run) for run in runs
        )


def _groups(
    name: ResultName, subfolder: str, sources: Sequence[str], batch: _Batch
) -> Iterator[Group]:
    """The images of one subfolder, grouped by the folders of their results.

    Without images whose results would lie outside the folder of results.
    """
    in_one = name.in_one_folder(subfolder)
    if in_one is not None:
        yield from _group(name, subfolder, sources, in_one, batch)
        return
    for source in sources:
        folder, _, own = name.of(f"{subfolder}/{source}" if subfolder else source).rpartition("/")
        yield from _group(name, subfolder, [source], (folder, {source: own}.__getitem__), batch)


def _group(
    name: ResultName,
    subfolder: str,
    sources: Sequence[str],
    in_one: tuple[str, Callable[[str], str]],
    batch: _Batch,
) -> Iterator[Group]:
    folder, name_of = in_one
    results: list[str] = []
    for part in parts_of(sources, LOOK_EVERY):
        results += map(name_of, part)
        batch.going_on()
    full = inside(name.folder, f"{folder}/{results[0]}" if folder else results[0])
    if full is not None:
        spelled = batch.identities.of_folder(os.path.dirname(full), results[0])
        yield Group(subfolder, sources, spelled, spelled.names(results))


def _last_runs(results: Iterable[KnownResult], target: str) -> list[list[KnownResult]]:
    """What the last run of each loop wrote as `target`, or as `target` with a number."""
    runs: dict[str, list[KnownResult]] = {}
    for result in results:
        if is_numbered(result.file, target):
            run = runs.setdefault(result.loop, [])
            if run and run[0].batch < result.batch:
                run.clear()
            if not run or run[0].batch == result.batch:
                run.append(result)
    return list(runs.values())
