"""The workflows that are held against each other, each without the defaults of its widgets."""

from __future__ import annotations

from typing import Any

from ..defaults import node

Graph = dict[str, dict[str, Any]]

ITERATOR, START, WORK, SAVE, END = "iterator", "start", "work", "save", "end"
LOAD, COMPLETE, STOP = "load", "complete", "stop"
CHAIN = 5
"""Nodes that do nothing between Load Image and the last node. So as many nodes run as in `loop`
with a node that does nothing: six, and the one that Loop End expands into."""


def loop(
    directory: str,
    work: dict[str, Any] | None = None,
    saving: dict[str, Any] | None = None,
    **settings: Any,
) -> Graph:
    """A whole loop over a folder; `work` takes the image from [ITERATOR, 1].

    `saving` are the settings of Save Image (Batch); without it nothing is saved.
    """
    graph = {
        ITERATOR: node("BatchLoopDirectoryIterator", directory=directory, **settings),
        START: node("BatchLoopLoopStart", loop=[ITERATOR, 0]),
        WORK: work or node("BenchPass", image=[ITERATOR, 1]),
        END: node("BatchLoopLoopEnd", loop=[START, 0], after=[WORK, 0]),
        COMPLETE: node("BatchLoopBatchComplete", loop=[END, 0]),
        STOP: node("BatchLoopEndQueue", stop=[COMPLETE, 0]),
    }
    if saving is not None:
        graph[SAVE] = node("BatchLoopSaveImage", image=[WORK, 0], loop=[START, 0], **saving)
        graph[END]["inputs"]["after"] = [SAVE, 0]
    return graph


def plain(image: str) -> Graph:
    """Load Image, and as many nodes of no effect as make the workflow as long as `loop`'s."""
    graph = {LOAD: node("LoadImage", image=image)}
    before = LOAD
    for number in range(CHAIN):
        graph[f"pass{number}"] = node("BenchPass", image=[before, 0])
        before = f"pass{number}"
    return {**graph, END: node("BenchEnd", image=[before, 0])}


def own(image: str, saver: dict[str, Any], work: dict[str, Any] | None = None) -> Graph:
    """What a script would submit for one image: Load Image, `work`, and a saver of ComfyUI's.

    `work` takes the image from [LOAD, 0], and `saver` from [WORK, 0].
    """
    return {
        LOAD: node("LoadImage", image=image),
        WORK: work or node("BenchPass", image=[LOAD, 0]),
        SAVE: saver,
    }


def with_image(prompt: Graph, image: str) -> Graph:
    """`plain` or `own` for another image."""
    load = prompt[LOAD]
    return {**prompt, LOAD: {**load, "inputs": {**load["inputs"], "image": image}}}


def gate(until: str) -> Graph:
    """A prompt that ends once there is a file `until`: what is queued behind it waits."""
    return {
        LOAD: node("EmptyImage", width=16, height=16),
        WORK: node("TestWait", image=[LOAD, 0], until=until),
        END: node("BenchEnd", image=[WORK, 0]),
    }
