"""Which images need no work, as their results exist already.

The files are asked, so it holds after an interruption, for a folder that has grown, and on another
machine. Whose they are, and whether they are all, the store says as far as it knows.
"""

from __future__ import annotations

import functools
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..common.errors import InvalidSetting, PathRefused
from ..common.pace import Pace, clear_in_steps, parts_of
from ..graph.links import Graph, is_link
from ..graph.savers import NAMING_INPUTS, rank_of, savers_of
from ..model.formats import Format
from ..model.records import KnownResult
from ..model.result_names import (
    PATTERN_EXAMPLE,
    ResultName,
    check_length,
    parts_of_pattern,
    saved_as,
)
from .allowed_paths import AllowedFolders, inside, resolve_target
from .caption import has_caption
from .numbering import is_numbered
from .real_paths import scanned
from .same_file import Identities, Spelled


def expected_results(
    graph: Graph, iterator: str, finished_as: str, allowed: AllowedFolders
) -> tuple[ResultName, ...]:
    """How the results of a Directory Iterator are named: an image is finished when all are there.

    By the pattern `finished_as` or, where that is empty, by every Save Image (Batch) in `graph`
    whose `loop` leads back to the node `iterator`: its image, and its text where it writes one.

    Raises `InvalidSetting` if neither tells, `PathRefused` for a folder that may not be used.
    """
    if finished_as.strip():
        return (_by_pattern(finished_as.strip(), allowed),)
    names = {
        name
        for saver, inputs in savers_of(graph, iterator)
        for name in _by_saver(saver, inputs, rank_of(graph, saver), allowed)
    }
    if not names:
        message = (
            "skip_finished is on, and nothing tells how results are named: no Save Image (Batch) "
            "has a loop that comes from this Directory Iterator, and finished_as is empty. Add "
            f"that node, or write in finished_as how results are named, such as {PATTERN_EXAMPLE}"
        )
        raise InvalidSetting(message)
    return tuple(sorted(names))


LOOK_EVERY = 256
"""Files after which others get a turn, and the caller may cancel."""

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
    identities: Identities | None = None,
    going_on: Callable[[], object] = lambda: None,
) -> set[str]:
    """Those of `paths`, relative to `directory`, that have a result for each of `names`.

    `identities` tell files from each other, however they are spelled. `going_on` is called again
    and again meanwhile, and what it raises ends it.

    Reads each folder of results once, and no file. Where it is known what an image's last run has
    written, that run has ended well, and all of it is still there. Elsewhere the file of the name
    itself is there, and nobody is known to have made it of another image.

    What tells nothing counts as not there, so that the image is done again: a name that two of the
    images lead to, a name that is one of the images itself, and what lies behind a link below the
    folder. So does a file without content, where the system tells sizes with the names (on
    Windows).

    It takes a millionth of a second or two for each: what is the same for all images of a
    subfolder is found out once for these, and the rest are look-ups of short names.
    """
    if not names:
        return set()
    batch = _Batch(directory, paths, identities or Identities(), going_on)
    left = _Results(names[0], batch, known).finished()
    for name in names[1:]:
        if left:
            left &= _Results(name, batch, known).finished()
    return left


class _Batch:
    """The images that a batch is made of, by their subfolders."""

    def __init__(
        self,
        directory: str,
        paths: Sequence[str],
        identities: Identities,
        going_on: Callable[[], object],
    ) -> None:
        self.directory = directory
        self.identities = identities
        self.going_on = going_on
        self.names: defaultdict[str, list[str]] = defaultdict(list)
        for part in parts_of(paths, LOOK_EVERY):
            for path in part:
                subfolder, _, name = path.rpartition("/")
                self.names[subfolder].append(name)
            going_on()

    @functools.cached_property
    def sources(self) -> Mapping[str, set[str]]:
        """Their identities, by folder."""
        sources: defaultdict[str, set[str]] = defaultdict(set)
        for subfolder, own in self.names.items():
            folder = os.path.join(self.directory, *subfolder.split("/")).rstrip(os.sep)
            spelled = self.identities.of_folder(folder, own[0])
            for some in parts_of(own):
                sources[spelled.folder].update(spelled.names(some))
                self.going_on()
        return sources


@dataclass(frozen=True)
class _Group:
    """Images of one subfolder whose results are in one folder."""

    subfolder: str
    sources: Sequence[str]
    spelled: Spelled
    results: Sequence[str]
    """The result of each source, by the source's identity in its folder."""


class _Results:
    """The results of one name, of the images of a batch."""

    def __init__(self, name: ResultName, batch: _Batch, known: Known) -> None:
        self._batch = batch
        self._files = _Files(batch.identities, batch.going_on)
        self._known: defaultdict[str, set[str]] = defaultdict(set)
        # Mostly one; a plain tuple, which the garbage collector skips.
        self._one: dict[str, tuple[Any, ...]] = {}
        self._several: dict[str, list[KnownResult]] = {}
        self._look_up(known(name.folder))
        self._groups = [
            group
            for subfolder, sources in batch.names.items()
            for group in _groups(name, subfolder, sources, batch)
        ]

    @functools.cached_property
    def _leading_to(self) -> Mapping[str, Counter[str]]:
        """How many images each result belongs to, by the results' folders."""
        leading_to: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for group in self._groups:
            for part in parts_of(group.results):
                leading_to[group.spelled.folder].update(part)
                self._batch.going_on()
        return leading_to

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
            is_told, files = self._teller(folder), self._files.of(folder)
            start = os.path.join(folder, "")
            before = group.subfolder and f"{group.subfolder}/"
            some = zip(parts_of(group.sources), parts_of(group.results), strict=True)
            for sources, results in some:
                for source, result in zip(sources, results, strict=True):
                    path = before + source
                    # Each is needed once, and freeing a million at once would block other threads.
                    one = pop(path, None)
                    if one is not None and one[0] == start + result:
                        is_whole = one[-1] and result in files
                    elif one is not None or path in several:
                        own = several[path] if one is None else [KnownResult(*one)]
                        runs = _last_runs(own, start + result)
                        is_whole = self._has_one_of(runs) if runs else is_told(result)
                    else:
                        is_whole = is_told(result)
                    if is_whole:
                        found.add(path)
                self._batch.going_on()
        for names in (*self._known.values(), *self._files.folders.values()):
            clear_in_steps(names)
        return found

    def _teller(self, folder: str) -> Callable[[str], bool]:
        """A test whether a result in a folder by itself proves its image finished."""
        files, known = self._files.of(folder), self._known.get(folder.rstrip(os.sep), ())
        # In this order: if all is known, the last two need not be looked up.
        return lambda result: (
            result in files
            and result not in known
            and self._leading_to[folder][result] == 1
            and result not in self._batch.sources.get(folder, ())
        )

    def _has_one_of(self, runs: Iterable[Iterable[KnownResult]]) -> bool:
        return any(
            all(result.whole and result.file in self._files for result in run) for run in runs
        )


def _groups(
    name: ResultName, subfolder: str, sources: Sequence[str], batch: _Batch
) -> Iterator[_Group]:
    """The images of one subfolder, by the folders of their results, without what leaves these."""
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
) -> Iterator[_Group]:
    folder, name_of = in_one
    results: list[str] = []
    for part in parts_of(sources, LOOK_EVERY):
        results += map(name_of, part)
        batch.going_on()
    full = inside(name.folder, f"{folder}/{results[0]}" if folder else results[0])
    if full is not None:
        spelled = batch.identities.of_folder(os.path.dirname(full), results[0])
        yield _Group(subfolder, sources, spelled, spelled.names(results))


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


class _Files:
    """The existing files, by identity; each folder is read once."""

    def __init__(self, identities: Identities, going_on: Callable[[], object]) -> None:
        self._identities = identities
        self._going_on = going_on
        self.folders: dict[str, set[str]] = {}
        """The folders read so far, with their content."""

    def of(self, folder: str) -> set[str]:
        """How the files of a folder are told apart."""
        if folder not in self.folders:
            found = self.folders[folder] = set()
            names = list(_files(folder, self._going_on))
            if names:
                spelled = self._identities.of_folder(folder, names[0])
                for part in parts_of(names):
                    found.update(spelled.names(part))
        return self.folders[folder]

    def __contains__(self, path: str) -> bool:
        folder, name = os.path.split(path)
        return name in self.of(folder)


def _files(folder: str, going_on: Callable[[], object]) -> Iterator[str]:
    """Names of the files in a folder; none if it is behind a link, or cannot be read."""
    pace = Pace()
    try:
        if os.path.normcase(os.path.realpath(folder)) != os.path.normcase(os.path.abspath(folder)):
            return
        with scanned(os.path.abspath(folder)) as entries:
            for seen, entry in enumerate(entries):
                if seen % LOOK_EVERY == 0:
                    going_on()
                    pace.rest()
                # Only Windows gives the size for free; elsewhere it costs a call for each file.
                if entry.is_file() and (os.name != "nt" or entry.stat().st_size):
                    yield entry.name
    except (OSError, ValueError):  # ValueError: a character that no name can have
        return


def _by_pattern(text: str, allowed: AllowedFolders) -> ResultName:
    check_length("finished_as", text)
    parts = parts_of_pattern(text.replace(os.sep, "/"))
    folder, slash, rest = parts[0].rpartition("/")
    if any(":" in part for part in (rest, *parts[1:])):
        message = (
            f"finished_as was {text!r}: a colon may only stand in the folder that it begins with, "
            "as Windows takes what follows one for another place. Write the name without it."
        )
        raise PathRefused(message)
    if any(step == ".." for part in parts[1:] for step in part.split("/")):
        message = (
            f"finished_as was {text!r}: .. may only stand before the first name in braces. "
            "Write the folder itself."
        )
        raise PathRefused(message)
    return ResultName(resolve_target(folder or slash, allowed), (rest, *parts[1:]))


def _by_saver(
    saver: str, inputs: Mapping[str, Any], rank: int, allowed: AllowedFolders
) -> Iterator[ResultName]:
    for name in NAMING_INPUTS:
        if name not in inputs or is_link(inputs[name]):
            message = (
                f"skip_finished is on, and {name} of Save Image (Batch) #{saver} is "
                f"{'linked to another node' if name in inputs else 'missing'}, so that the names "
                f"of results are not known before it runs. Enter {name} there, or write in "
                "finished_as how results are named, such as upscaled/{stem}.png"
            )
            raise InvalidSetting(message)
    try:
        format_ = Format(inputs["format"])
    except ValueError as error:
        raise InvalidSetting(f"format of Save Image (Batch) #{saver}: {error}") from None
    for caption in (False, True) if has_caption(inputs) else (False,):
        yield saved_as(
            resolve_target(str(inputs["folder"]), allowed),
            prefix=str(inputs["prefix"]),
            suffix=str(inputs["suffix"]),
            format=format_,
            keep_subfolders=bool(inputs["keep_subfolders"]),
            rank=rank,
            caption=caption,
        )
