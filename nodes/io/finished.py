"""Which images need no work, as their results are there already.

Nothing but the files is asked: so it holds after an interruption, for a folder that has grown, and
on another machine.
"""

from __future__ import annotations

import os
import posixpath
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..loop.errors import InvalidSetting, PathRefused
from ..loop.graph import Graph, is_link, linked
from ..names import node_id
from .caption import has_caption
from .encode import Format
from .naming import PATTERN_EXAMPLE, ResultName, check_length, parts_of_pattern, saved_as
from .paths import AllowedFolders, inside, resolve_target
from .real_paths import scanned

_NAMING_INPUTS = ("folder", "prefix", "suffix", "format", "keep_subfolders")
"""The inputs of Save Image (Batch) that decide on a result's name."""


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
        for saver, inputs in _savers_of(graph, iterator)
        for name in _by_saver(saver, inputs, allowed)
    }
    if not names:
        message = (
            "skip_finished is on, and nothing tells how results are named: no Save Image (Batch) "
            "has a loop that comes from this Directory Iterator, and finished_as is empty. Add "
            f"that node, or write in finished_as how results are named, such as {PATTERN_EXAMPLE}"
        )
        raise InvalidSetting(message)
    return tuple(sorted(names))


def finished(names: Sequence[ResultName], directory: str, paths: Sequence[str]) -> set[str]:
    """Those of `paths`, relative to `directory`, that have a result under each of `names`.

    Reads each folder of results once, and no file. What tells nothing counts as not there, so that
    the image is done again: a name that two of the images lead to, a name that is one of the
    images itself, and what lies behind a link below the folder. So does a file without content,
    where the system tells sizes with the names (on Windows).
    """
    if not names:
        return set()
    sources = {os.path.normcase(os.path.join(directory, *path.split("/"))) for path in paths}
    left = set(paths)
    for name in names:
        targets = {path: name.of(path) for path in paths}
        shared = Counter(os.path.normcase(target) for target in targets.values())
        folders: defaultdict[str, set[str]] = defaultdict(set)
        for path in left:
            target = os.path.normcase(targets[path])
            full = inside(name.folder, targets[path])
            if full is not None and shared[target] == 1 and os.path.normcase(full) not in sources:
                folders[posixpath.dirname(targets[path])].add(path)
        left = {
            path
            for folder, waiting in folders.items()
            for path in _there(os.path.join(name.folder, *folder.split("/")), waiting, targets)
        }
    return left


def _there(folder: str, paths: set[str], targets: Mapping[str, str]) -> Iterator[str]:
    files = {os.path.normcase(name) for name in _files(folder)}
    for path in paths:
        if os.path.normcase(posixpath.basename(targets[path])) in files:
            yield path


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


def _savers_of(graph: Graph, iterator: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for saver, node in graph.items():
        inputs = node.get("inputs", {})
        loop = inputs.get("loop")
        if (
            node.get("class_type") == node_id("SaveImage")
            and is_link(loop)
            and iterator in linked(graph, loop[0])
        ):
            yield saver, inputs


def _by_saver(
    saver: str, inputs: Mapping[str, Any], allowed: AllowedFolders
) -> Iterator[ResultName]:
    for name in _NAMING_INPUTS:
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
            caption=caption,
        )
