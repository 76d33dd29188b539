"""A ComfyUI list is carried over as a list, and a single value as a single value."""

from __future__ import annotations

import pytest

from batch_loop.tests.integration.conftest import Workspace
from batch_loop.tests.support.batches import (
    SEVEN,
    loop_state,
    records,
    run_until_stop,
    told,
    written,
)
from batch_loop.tests.support.graphs import END, ITERATOR, START, Graph, batch_graph, node
from batch_loop.tests.support.images import write_images
from batch_loop.tools.client import ComfyClient
from batch_loop.tools.server import ComfyServer

VALUE = 1
"""Loop Start's output."""


def graph_of(workspace: Workspace, initial: str, carried: str) -> Graph:
    """A batch of three that shows what Loop Start outputs; each word is an element of a list."""
    write_images(workspace.input, SEVEN[:3])
    graph = batch_graph(workspace.name, workspace.name)
    graph["initial"] = node("TestList", text=initial)
    graph[START]["inputs"]["initial_value"] = ["initial", 0]
    graph["show"] = node("TestShow", value=[START, VALUE], path=str(workspace.scratch / "shown"))
    graph["carried"] = node("TestList", text=carried)
    graph[END]["inputs"]["value"] = ["carried", 0]
    return graph


@pytest.mark.core
def test_a_list_is_carried_over_without_its_blocked_elements(
    client: ComfyClient, workspace: Workspace, server: ComfyServer
) -> None:
    graph = graph_of(workspace, "i j k", "a no c")
    results = []
    for expected in ("ijk", "ac", "ac"):
        before = len(records(workspace.scratch / "shown"))
        results.append(client.run(graph))
        shown = records(workspace.scratch / "shown")[before:]
        # Without a cache, ComfyUI may run a node several times in a prompt, each time completely.
        times = max(1, len(shown) // len(expected)) if "--cache-none" in server.flags else 1
        assert shown == [f'"{word}"' for word in expected * times]
    # Loop End decides once: `told` finds one report.
    assert [told(result, ITERATOR)["filename"] for result in results] == SEVEN[:3]
    assert written(loop_state(client, results[-1])) == 3


@pytest.mark.oldest_too
def test_a_single_value_stays_one_and_an_entirely_blocked_list_ends_nothing(
    client: ComfyClient, workspace: Workspace
) -> None:
    graph = graph_of(workspace, "i", "no no")
    assert client.run(graph).status == "success"
    graph["carried"]["inputs"]["text"] = "a"
    results = run_until_stop(client, graph)
    assert [told(result, ITERATOR)["filename"] for result in results] == SEVEN[:3]
    assert records(workspace.scratch / "shown") == [f'"{word}"' for word in "iiaa"]


@pytest.mark.oldest_too
def test_the_images_of_a_list_are_carried_over(client: ComfyClient, workspace: Workspace) -> None:
    write_images(workspace.input, SEVEN[:2])
    graph = batch_graph(workspace.name, workspace.name)
    graph["repeat"] = node("RepeatImageBatch", image=[ITERATOR, 1], amount=3)
    graph["list"] = node("RebatchImages", images=["repeat", 0], batch_size=1)
    graph[END]["inputs"]["value"] = ["list", 0]
    graph[START]["inputs"]["initial_value"] = [ITERATOR, 1]
    graph["batch"] = node("RebatchImages", images=[START, VALUE], batch_size=16)
    prefix = f"{workspace.name}/seen"
    graph["seen"] = node("SaveImage", images=["batch", 0], filename_prefix=prefix)
    results = run_until_stop(client, graph)
    seen = [len(result.outputs["seen"]["images"]) for result in results]
    assert seen == [1, 3]
