"""Which files a prompt has saved, as ComfyUI's history tells it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

import folder_paths

from ..common.names import MAKERS_OF_A_WHOLE
from ..graph.links import Graph
from ..graph.savers import is_saver, iterators_behind
from ..model.prompt import Saved
from .outcomes import type_of


def saved_in(entry: Mapping[str, Any]) -> Iterator[Saved]:
    """The files that the nodes of a prompt in the history have saved."""
    shown = entry.get("meta") or {}
    for node, result in (entry.get("outputs") or {}).items():
        if type_of(entry, node) in MAKERS_OF_A_WHOLE:
            continue
        files = list(_saved_files(result))
        if files:
            graph: Graph = entry["prompt"][2]
            # A node created by an expansion is not in the graph, but usually a copy of one that is.
            in_graph = node if node in graph else str(shown.get(node, {}).get("display_node"))
            iterators = tuple(iterators_behind(graph, in_graph))
            is_claimed = is_saver(graph, in_graph)
            for file in files:
                yield Saved(file, iterators, is_claimed)


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
