"""The companions that a graph asks for, and what is wrong with them before anything runs."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from typing import Any

from ..common.combo_choice import chosen
from ..common.errors import BatchLoopError, FolderNotFound, InvalidSetting, quoted
from ..common.names import ITERATORS_OF_FILES
from ..companions.patterns import pattern_of
from ..files.allowed_paths import AllowedFolders, resolve_beside, resolve_source
from ..graph.companions import (
    MISSING_INPUT,
    PATTERN_INPUT,
    companions_of,
    is_image,
    iterators_of,
)
from ..graph.links import Graph, is_link, name_of
from ..graph.required_nodes import Submission
from ..model.selection import Companion, CompanionKind, WhenMissing


def companions_asked_for(graph: Graph, iterator: str) -> tuple[Companion, ...]:
    """The companions of an iterator's images whose patterns are typed in, each once, sorted.

    Raises `InvalidSetting` and `PathRefused` like `pattern_of`.
    """
    found = {
        companion
        for node, inputs in companions_of(graph, iterator)
        if (companion := _typed(graph, node, inputs)) is not None
    }
    for companion in found:
        pattern_of(companion)
    return tuple(sorted(found))


def check_companions(submission: Submission, iterator: str, allowed: AllowedFolders) -> None:
    """Raise an error if a node that is to give a companion of an iterator's images cannot.

    ComfyUI would only leave that node out, and run the rest. One that is not asked for may be
    wrong.
    """
    graph = submission.graph
    for node, _ in companions_of(graph, iterator):
        if submission.asks_for(node):
            try:
                check_companion(graph, node, allowed)
            except BatchLoopError as error:
                why = f"No image is handed out, as of {name_of(graph, node)}: "
                raise type(error)(f"{why}{error}", elsewhere=why + error.elsewhere) from error


def check_companion(graph: Graph, node: str, allowed: AllowedFolders) -> None:
    """Raise what is known to be wrong with a node of the graph that gives companions.

    `InvalidSetting` for its pattern, `PathRefused` for a folder that may not be read, and
    `FolderNotFound` for one that does not exist, if every image would fail for that.
    """
    inputs = graph.get(node, {}).get("inputs", {})
    kinds = {graph[each].get("class_type") for each in iterators_of(graph, node)}
    if kinds and kinds.isdisjoint(ITERATORS_OF_FILES):
        raise InvalidSetting(NO_FILES)
    if is_link(inputs.get(PATTERN_INPUT)):
        if inputs.get(MISSING_INPUT) == WhenMissing.LEAVE_OUT.value:
            raise InvalidSetting(_NOT_KNOWN)
        return
    companion = _typed(graph, node, inputs)
    if companion is None:
        return
    pattern = pattern_of(companion)
    for directory in _folders(graph, node, allowed):
        if directory is None and not pattern.is_full_path:
            continue
        folder = resolve_beside(pattern.name.folder, directory or allowed.input, allowed)
        fails = companion.when_missing is WhenMissing.FAIL
        if fails and pattern.has_one_folder and not os.path.isdir(folder):
            what = (
                f"does not exist, so every image would fail: the pattern {companion.pattern!r} "
                "looks for its companion there. Check how it is written: it begins at the folder "
                "of the image."
            )
            named = quoted(pattern.name.folder)
            raise FolderNotFound(
                f"The folder {quoted(folder)} {what}", elsewhere=f"The folder {named} {what}"
            )


def _folders(graph: Graph, node: str, allowed: AllowedFolders) -> list[str | None]:
    """The real paths of the folders whose images it gives companions of.

    None for one that is not known yet. With subfolders each image has its own folder, and nothing
    is known of these.
    """
    return [
        _folder(graph.get(each, {}).get("inputs", {}), allowed)
        for each in sorted(iterators_of(graph, node))
    ] or [None]


def _folder(inputs: Mapping[str, Any], allowed: AllowedFolders) -> str | None:
    directory, recursive = inputs.get("directory"), inputs.get("recursive")
    if not isinstance(directory, str) or recursive is not False:
        return None
    with contextlib.suppress(BatchLoopError):  # its own node reports it
        return resolve_source(directory, allowed)
    return None


def _typed(graph: Graph, node: str, inputs: Mapping[str, Any]) -> Companion | None:
    """What a node asks for; None if that comes from another node."""
    pattern, when_missing = inputs.get(PATTERN_INPUT), inputs.get(MISSING_INPUT)
    if not isinstance(pattern, str) or not isinstance(when_missing, str):
        return None
    kind = CompanionKind.IMAGE if is_image(graph, node) else CompanionKind.TEXT
    return Companion(pattern.strip(), chosen(WhenMissing, when_missing, MISSING_INPUT), kind)


NO_FILES = (
    "What this loop hands out is no file of its own, so there is no file beside it. Connect the "
    "loop of a Directory Iterator, Video Iterator or Audio Iterator."
)
_NOT_KNOWN = (
    "pattern comes from another node, and when_missing is Leave the image out: which images have "
    "no such file has to be known before the first one is handed out. Type the pattern into the "
    "node itself, or choose Fail or Empty."
)
