"""The folders that results go to, before anything runs."""

from __future__ import annotations

from ..loop.errors import BatchLoopError, PathRefused
from ..loop.graph import fed, is_link, name_of
from ..loop.unrun import Submission
from ..names import node_id
from .paths import AllowedFolders, resolve_target


def check_saver_folders(submission: Submission, iterator: str, allowed: AllowedFolders) -> None:
    """Raise PathRefused if a Save Image (Batch) that `iterator` feeds refuses its folder.

    ComfyUI would only leave that node out, and run the rest. One that nobody asks for may have any
    folder; a folder that is linked is known when it is there.
    """
    graph = submission.graph
    for saver in sorted(fed(graph, iterator)):
        folder = graph[saver].get("inputs", {}).get("folder")
        is_saver = graph[saver].get("class_type") == node_id("SaveImage")
        if is_saver and folder is not None and not is_link(folder) and submission.asks_for(saver):
            try:
                resolve_target(str(folder), allowed)
            except BatchLoopError as error:
                raise PathRefused(_refused(name_of(graph, saver))) from error


def _refused(saver: str) -> str:
    # What is wrong with the folder stands at the saver itself.
    return (
        f"No image is handed out, as {saver} does not take its folder, and every result would be "
        "lost. Its own message says what to do."
    )
