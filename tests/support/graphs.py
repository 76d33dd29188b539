"""Workflows in API format, for tests that submit prompts."""

from __future__ import annotations

import json
from typing import Any

from batch_loop.tools.layout import EXAMPLES

Graph = dict[str, dict[str, Any]]

ITERATOR, START, WORK, SAVE, END, COMPLETE, STOP = "1", "2", "3", "4", "5", "6", "7"
"""Ids of the nodes of `batch_graph`."""

ITERATOR_SETTINGS: dict[str, Any] = {
    "filter": "All images",
    "custom_pattern": "",
    "recursive": False,
    "sort_by": "natural name",
    "error_handling": "Stop on error",
    "descending": False,
    "iteration_mode": "Continue",
    "start_index": 0,
    "limit": 0,
    "max_attempts": 1,
    "when_complete": "Stop",
    "loop_name": "",
    "skip_finished": False,
    "finished_as": "",
}

ROW_SETTINGS: dict[str, Any] = {
    "file": "",
    "text": "",
    "header": "auto",
    "order": "as in the table",
    "error_handling": "Stop on error",
    "delimiter": "",
    "encoding": "",
    "sheet": "",
    "iteration_mode": "Continue",
    "start_index": 0,
    "limit": 0,
    "max_attempts": 1,
    "when_complete": "Stop",
    "loop_name": "",
    "skip_finished": False,
    "finished_as": "",
}

SAVE_SETTINGS: dict[str, Any] = {
    "prefix": "",
    "suffix": "",
    "format": "PNG",
    "quality": 95,
    "if_exists": "overwrite own",
    "keep_subfolders": True,
    "embed_workflow": True,
    "keep_metadata": True,
}


def load_prompt(name: str) -> dict[str, Any]:
    """The example of that name in API format; it reads the example images where they are."""
    text = (EXAMPLES / "api" / f"{name}.json").read_text(encoding="utf-8")
    prompt: dict[str, Any] = json.loads(text)
    return prompt


def node(class_type: str, **inputs: Any) -> dict[str, Any]:
    """A node of a graph."""
    return {"class_type": class_type, "inputs": inputs}


def iterator(directory: str, **settings: Any) -> dict[str, Any]:
    """A Directory Iterator with default widget values, except for `settings`."""
    return node(
        "BatchLoopDirectoryIterator", directory=directory, **{**ITERATOR_SETTINGS, **settings}
    )


def row_iterator(**settings: Any) -> dict[str, Any]:
    """A Row Iterator with default widget values, except for `settings`."""
    return node("BatchLoopRowIterator", **{**ROW_SETTINGS, **settings})


def save(image: list[Any], folder: str, **settings: Any) -> dict[str, Any]:
    """A Save Image (Batch) after Loop Start with default widget values, except for `settings`."""
    values = {**SAVE_SETTINGS, "loop": [START, 0], **settings}
    return node("BatchLoopSaveImage", image=image, folder=folder, **values)


def two_node_graph(
    directory: str, folder: str, work: dict[str, Any] | None = None, **settings: Any
) -> Graph:
    """The smallest batch: iterator, `work` and save, as in `batch_graph`."""
    return {
        ITERATOR: iterator(directory, **settings),
        WORK: work or node("ImageInvert", image=[ITERATOR, 1]),
        SAVE: save([WORK, 0], folder, loop=[ITERATOR, 0]),
    }


def batch_graph(
    directory: str, folder: str, work: dict[str, Any] | None = None, **settings: Any
) -> Graph:
    """A small batch with every loop node: iterator, start, `work`, save, end, complete, stop.

    `work` takes the image from [ITERATOR, 1]; by default the image is inverted.
    """
    return {
        ITERATOR: iterator(directory, **settings),
        START: node("BatchLoopLoopStart", loop=[ITERATOR, 0]),
        WORK: work or node("ImageInvert", image=[ITERATOR, 1]),
        SAVE: save([WORK, 0], folder),
        END: node("BatchLoopLoopEnd", loop=[START, 0], after=[SAVE, 0]),
        COMPLETE: node("BatchLoopBatchComplete", loop=[END, 0]),
        STOP: node("BatchLoopEndQueue", stop=[COMPLETE, 0]),
    }
