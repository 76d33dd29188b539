"""Which images need no work, as their results are there already.

The files are asked, so it holds after an interruption, for a folder that has grown, and on another
machine. Whose they are, and whether they are all, the store says as far as it knows.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..loop.errors import InvalidSetting, PathRefused
from ..loop.graph import Graph, is_link
from ..loop.state import KnownResult
from .caption import has_caption
from .encode import Format
from .naming import PATTERN_EXAMPLE, ResultName, check_length, parts_of_pattern, saved_as
from .numbering import is_numbered
from .paths import AllowedFolders, inside, resolve_target
from .real_paths import scanned
from .savers import NAMING_INPUTS, rank_of, savers_of
from .spelling import identities


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


Known = Callable[[str], Iterable[KnownResult]]
"""What is known of the files below a folder: the store's `written_below`."""


def nothing_known(folder: str) -> Iterable[KnownResult]:  # noqa: ARG001
    """Know nothing of the files below a folder."""
    return ()


def finished(
    names: Sequence[ResultName],
    directory: str,
    paths: Sequence[str],
    known: Known = nothing_known,
    identity: Callable[[str], str] | None = None,
) -> set[str]:
    """Those of `paths`, relative to `directory`, that have a result under each of `names`.

    `identity` tells files from each other, however they are spelled: see `nodes.io.spelling`.

    Reads each folder of results once, and no file. Where it is known what an image's last run has
    written, that run has ended well, and all of it is still there. Elsewhere the file of the name
    itself is there, and nobody is known to have made it of another image.

    What tells nothing counts as not there, so that the image is done again: a name that two of the
    images lead to, a name that is one of the images itself, and what lies behind a link below the
    folder. So does a file without content, where the system tells sizes with the names (on
    Windows).
    """
    if not names:
        return set()
    left = set(paths)
    identity = identity or identities()
    for name in names:
        results = _Results(name, directory, paths, known, identity)
        left = {path for path in left if results.has(path)}
    return left


class _Results:
    """The results of one name, of the images `paths` of a directory."""

    def __init__(
        self,
        name: ResultName,
        directory: str,
        paths: Sequence[str],
        known: Known,
        identity: Callable[[str], str],
    ) -> None:
        full = {path: inside(name.folder, name.of(path)) for path in paths}
        self._targets = {path: target and identity(target) for path, target in full.items()}
        self._leading_to = Counter(self._targets.values())
        self._sources = {identity(os.path.join(directory, *path.split("/"))) for path in paths}
        self._files = _Files(identity)
        self._known: set[str] = set()
        self._own: defaultdict[str, list[KnownResult]] = defaultdict(list)
        for result in known(name.folder):
            self._known.add(result.file)
            if os.path.normcase(result.directory) == os.path.normcase(directory):
                self._own[result.path].append(result)

    def has(self, path: str) -> bool:
        """Whether an image has all that is expected of it."""
        target = self._targets[path]
        if target is None:
            return False
        runs = _last_runs(self._own.get(path, ()), target)
        if runs:
            return any(
                all(result.whole and result.file in self._files for result in run) for run in runs
            )
        is_told = self._leading_to[target] == 1
        is_told = is_told and target not in self._sources and target not in self._known
        return is_told and target in self._files


def _last_runs(results: Iterable[KnownResult], target: str) -> list[list[KnownResult]]:
    """What the last run of each loop has written under the name `target`, or with a number."""
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
    """The files that there are, by their identities; each folder is read once."""

    def __init__(self, identity: Callable[[str], str]) -> None:
        self._identity = identity
        self._folders: dict[str, set[str]] = {}

    def __contains__(self, path: str) -> bool:
        folder = os.path.dirname(path)
        if folder not in self._folders:
            self._folders[folder] = {
                os.path.basename(self._identity(os.path.join(folder, each)))
                for each in _files(folder)
            }
        return os.path.basename(path) in self._folders[folder]


def _files(folder: str) -> Iterator[str]:
    """Names of the files in a folder; none if it is a link's doing, or cannot be read."""
    try:
        if os.path.normcase(os.path.realpath(folder)) != os.path.normcase(os.path.abspath(folder)):
            return
        with scanned(os.path.abspath(folder)) as entries:
            for entry in entries:
                # Only Windows has the size at hand: elsewhere it would take a question a file.
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
