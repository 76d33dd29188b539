"""What ComfyUI's history tells of a prompt: how it ended, and which files it saved."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

import folder_paths

from ..common.errors import NoRoom
from ..graph.links import Graph
from ..graph.savers import is_saver, iterators_behind
from ..model.prompt import Ending, Failure, Outcome, Saved

_NO_ROOM = f"{NoRoom.__module__}.{NoRoom.__qualname__}"
"""How ComfyUI writes down this error's type."""


def outcome_of(entry: Mapping[str, Any]) -> Outcome:
    """A prompt's outcome, from its entry in the history."""
    status = entry.get("status") or {}
    ended_at = None
    # Other messages may follow, but never a second one of these.
    for event, data in status.get("messages", ()):
        if event == "execution_interrupted":
            return Outcome(Ending.STOPPED, ended_at=_time_of(data))
        if event == "execution_error":
            return Outcome(Ending.ERROR, _failure(data), _time_of(data))
        if event == "execution_success":
            ended_at = _time_of(data)
    if status.get("status_str") == "success":
        return Outcome(Ending.SUCCESS, ended_at=ended_at)
    return Outcome(Ending.STOPPED)


def saved_in(entry: Mapping[str, Any]) -> Iterator[Saved]:
    """The files that the nodes of a prompt in the history have saved."""
    shown = entry.get("meta") or {}
    for node, result in (entry.get("outputs") or {}).items():
        files = list(_saved_files(result))
        if files:
            graph: Graph = entry["prompt"][2]
            # A node created by an expansion is not in the graph, but usually a copy of one that is.
            in_graph = node if node in graph else str(shown.get(node, {}).get("display_node"))
            iterators = tuple(iterators_behind(graph, in_graph))
            is_claimed = is_saver(graph, in_graph)
            for file in files:
                yield Saved(file, iterators, is_claimed)


def _time_of(message: Mapping[str, Any]) -> float | None:
    """When a message was sent, in seconds; ComfyUI notes milliseconds."""
    noted = message.get("timestamp")
    return noted / 1000 if isinstance(noted, (int, float)) else None


def _failure(data: Mapping[str, Any]) -> Failure:
    message = str(data.get("exception_message") or "").strip()
    return Failure(
        reason=message or str(data.get("exception_type") or "no reason given"),
        node_id=str(data.get("node_id")),
        node_type=str(data.get("node_type")),
        blames_image=data.get("exception_type") != _NO_ROOM,
    )


def _saved_files(result: Mapping[str, Any]) -> Iterator[str]:
    """The files in the `ui` result of a node, as it names them: they may be anywhere."""
    for files in result.values():
        if not isinstance(files, (list, tuple)):
            continue
        for file in files:
            # Newer ComfyUIs recognize a file by these two keys, too.
            if isinstance(file, dict) and {"filename", "type"} <= file.keys():
                folder = folder_paths.get_directory_by_type(file["type"])
                # What a node only shows, such as a preview, is not a result.
                if folder is not None and file["type"] != "temp":
                    subfolder = str(file.get("subfolder") or "")
                    yield os.path.join(os.path.realpath(folder), subfolder, str(file["filename"]))
