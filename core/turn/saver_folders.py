"""Checks of the folders that results go to, before any image is handed out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..common.errors import BatchLoopError, PathRefused
from ..common.names import node_id
from ..files.allowed_paths import AllowedFolders, resolve_target
from ..graph.links import fed, is_link, linked, name_of
from ..graph.required_nodes import Submission
from .linked_inputs import Known, Wanted

_FOLDER = "folder"


def check_saver_folders(submission: Submission, iterator: str, allowed: AllowedFolders) -> None:
    """Raise PathRefused if a Save Image (Batch) that `iterator` feeds refuses its folder.

    ComfyUI would only leave that node out, and run the rest. A saver that is not asked for may have
    any folder; for a folder that comes from another node see `wanted_folders`.
    """
    for saver, folder in _folders(submission, iterator):
        if not is_link(folder):
            try:
                resolve_target(str(folder), allowed)
            except BatchLoopError as error:
                raise PathRefused(_refused(name_of(submission.graph, saver))) from error


def wanted_folders(submission: Submission, iterator: str, known: Known) -> list[Wanted]:
    """Folders that are not known yet, as they come from other nodes, but depend on no image."""
    graph = submission.graph
    return [
        Wanted(saver, _FOLDER, folder)
        for saver, folder in _folders(submission, iterator)
        if is_link(folder)
        and _FOLDER not in known(saver)
        and all(
            graph[each].get("class_type") != node_id("DirectoryIterator")
            for each in linked(graph, folder[0])
        )
    ]


def check_known_folders(
    submission: Submission, iterator: str, known: Known, allowed: AllowedFolders
) -> None:
    """Like `check_saver_folders`, for known folders that come from other nodes."""
    for saver_id, _ in _folders(submission, iterator):
        for folder in known(saver_id).get(_FOLDER, ()):
            try:
                resolve_target(str(folder), allowed)
            except BatchLoopError as error:
                saver = name_of(submission.graph, saver_id)
                raise PathRefused(
                    _refused_link(saver, str(error)),
                    elsewhere=_refused_link(saver, error.elsewhere),
                ) from error


def _folders(submission: Submission, iterator: str) -> Iterator[tuple[str, Any]]:
    """The savers fed by `iterator` that are to run, with their folders."""
    graph = submission.graph
    for saver in sorted(fed(graph, iterator)):
        folder = graph[saver].get("inputs", {}).get(_FOLDER)
        is_saver = graph[saver].get("class_type") == node_id("SaveImage")
        if is_saver and folder is not None and submission.asks_for(saver):
            yield saver, folder


def _refused(saver: str) -> str:
    # The saver itself reports what is wrong with the folder.
    return (
        f"No image is handed out, as {saver} does not accept its folder, and every result would be "
        "lost. Its own message says what to do."
    )


def _refused_link(saver: str, reason: str) -> str:
    return (
        f"No image is handed out, as {saver} does not accept its folder, which comes from another "
        f"node, and every result would be lost: {reason}"
    )
