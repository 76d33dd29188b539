"""The workflows that the tools run, in API format, and how they get their defaults."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import Any

from .client import ComfyClient

Node = dict[str, Any]
Graph = dict[str, Node]

ITERATOR, START, WORK, SAVE, END, COMPLETE, STOP, LOAD = map(str, range(1, 9))
"""Node ids: numbers, as ComfyUI's page needs them."""
IMAGE, FILENAME = [ITERATOR, 1], [ITERATOR, 3]
"""The outputs that the nodes of a loop's work take as inputs."""
CHAIN = 5
"""Nodes between Load Image and the last node of `plain`, so that as many nodes run as in `loop`:
six, and the one that Loop End expands into."""


def node(class_type: str, **inputs: Any) -> Node:
    """A node, without the defaults of its widgets."""
    return {"class_type": class_type, "inputs": inputs}


def filled_in(client: ComfyClient, graph: Mapping[str, Mapping[str, Any]]) -> Graph:
    """`graph` with the server's defaults for all widgets that it does not set."""
    types = {part["class_type"] for part in graph.values()}
    widgets = {name: _defaults(client, name) for name in types}
    return {
        key: {**part, "inputs": {**widgets[part["class_type"]], **part["inputs"]}}
        for key, part in graph.items()
    }


def _defaults(client: ComfyClient, class_type: str) -> dict[str, Any]:
    described = client.get_json(f"/object_info/{class_type}")[class_type]["input"]
    inputs = {**described.get("required", {}), **described.get("optional", {})}
    return {
        name: details[0]["default"]
        for name, (_, *details) in inputs.items()
        if details and "default" in details[0]
    }


def loop(
    directory: str,
    work: Node | None = None,
    saving: dict[str, Any] | None = None,
    **settings: Any,
) -> Graph:
    """A loop over a folder; `work` takes the image from `IMAGE`.

    `saving` holds the settings of Save Image (Batch); without them nothing is saved.
    """
    graph = {
        ITERATOR: node("BatchLoopDirectoryIterator", directory=directory, **settings),
        START: node("BatchLoopLoopStart", loop=[ITERATOR, 0]),
        WORK: work or node("BenchPass", image=IMAGE),
        END: node("BatchLoopLoopEnd", loop=[START, 0], after=[WORK, 0]),
        COMPLETE: node("BatchLoopBatchComplete", loop=[END, 0]),
        STOP: node("BatchLoopEndQueue", stop=[COMPLETE, 0]),
    }
    if saving is not None:
        graph[SAVE] = node("BatchLoopSaveImage", image=[WORK, 0], loop=[START, 0], **saving)
        graph[END]["inputs"]["after"] = [SAVE, 0]
    return graph


def two_nodes(directory: str, work: Node, saving: dict[str, Any], **settings: Any) -> Graph:
    """A loop as in `loop`, of Directory Iterator, `work` and Save Image (Batch) alone."""
    graph = loop(directory, work, saving, **settings)
    graph[SAVE]["inputs"]["loop"] = [ITERATOR, 0]
    return {each: graph[each] for each in (ITERATOR, WORK, SAVE)}


def plain(image: str) -> Graph:
    """Load Image, and nodes that do nothing, as many as make the workflow as long as `loop`."""
    graph = {LOAD: node("LoadImage", image=image)}
    chain = [LOAD, WORK, *(str(10 + number) for number in range(1, CHAIN))]
    for before, after in itertools.pairwise(chain):
        graph[after] = node("BenchPass", image=[before, 0])
    return {**graph, END: node("BenchEnd", image=[chain[-1], 0])}


OWN_FOLDER = "own"
SAVE_IMAGE = node("SaveImage", images=[WORK, 0], filename_prefix=f"{OWN_FOLDER}/result")
"""ComfyUI's own saver, for `own`."""


def own(saver: Node, work: Node | None = None) -> Graph:
    """What a script would submit for one image: Load Image, `work`, and a saver of ComfyUI.

    `work` takes the image from [LOAD, 0], and `saver` from [WORK, 0].
    """
    work = work or node("BenchPass", image=[LOAD, 0])
    return {LOAD: node("LoadImage", image=""), WORK: work, SAVE: saver}


def with_images(prompt: Graph, folder: str, names: Iterable[str]) -> list[Graph]:
    """`plain` or `own`, once for each image."""
    return [{**prompt, LOAD: node("LoadImage", image=f"{folder}/{name}")} for name in names]


def work_alone(work: Node) -> Graph:
    """`work` on an empty image, which it takes from [LOAD, 0]; nothing is saved."""
    empty = node("EmptyImage", width=16, height=16)
    return {LOAD: empty, WORK: work, END: node("BenchEnd", image=[WORK, 0])}
