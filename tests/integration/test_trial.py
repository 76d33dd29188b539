"""Trying the workflow on one image counts nothing, and saves nothing of the batch's."""

from __future__ import annotations

import pytest

from batch_loop.core.graph.trial import CARD_INPUT, TRY_IMAGE
from batch_loop.tests.integration.conftest import Workspace
from batch_loop.tests.support.batches import (
    SEVEN,
    loop_state,
    loops_of,
    run_until_stop,
    says_stop,
    told,
)
from batch_loop.tests.support.graphs import COMPLETE, ITERATOR, SAVE, Graph, batch_graph
from batch_loop.tests.support.images import write_images
from batch_loop.tests.support.pairs import NAMES, OTHER, met, pairs, write_both
from batch_loop.tools.client import ComfyClient
from batch_loop.tools.results import RunResult

pytestmark = pytest.mark.oldest_too


def trying(graph: Graph, path: str, of: str = ITERATOR, **more: str) -> Graph:
    """The graph as the page sends it to try an image of an iterator."""
    inputs = {**graph[of]["inputs"], CARD_INPUT: {TRY_IMAGE: path, **more}}
    return {**graph, of: {**graph[of], "inputs": inputs}}


def shown(result: RunResult) -> list[str]:
    """Where ComfyUI has what the saver shows."""
    return [entry["type"] for entry in result.outputs[SAVE]["images"]]


def names(workspace: Workspace) -> list[str]:
    return sorted(path.name for path in workspace.output.rglob("*.png"))


def test_an_image_is_tried_before_in_and_after_a_batch(
    client: ComfyClient, workspace: Workspace
) -> None:
    write_images(workspace.input, SEVEN)
    graph = batch_graph(workspace.name, workspace.name)
    for path, tried in (("", SEVEN[0]), (SEVEN[4], SEVEN[4])):
        result = client.run(trying(graph, path))
        assert result.status == "success"
        assert shown(result) == ["temp"]
        said = told(result, ITERATOR)
        assert (said["kind"], said["path"]) == ("trial", tried)
        assert told(result, COMPLETE) == {}
        assert not says_stop(result)
    assert loops_of(client, workspace.input) == []
    assert names(workspace) == []

    first = client.run(graph)
    assert client.run(trying(graph, SEVEN[0])).status == "success"
    assert told(client.run(trying(graph, "")), ITERATOR)["path"] == SEVEN[1]
    state = loop_state(client, first)
    assert (state["batch"], state["done"], state["pending"], state["running"]) == (1, 1, 6, 0)

    run_until_stop(client, graph)
    assert names(workspace) == sorted(SEVEN)
    assert shown(client.run(trying(graph, SEVEN[1]))) == ["temp"]
    assert names(workspace) == sorted(SEVEN)


@pytest.mark.parametrize("turned", [False, True])
def test_of_a_pair_both_are_tried(
    client: ComfyClient, workspace: Workspace, *, turned: bool
) -> None:
    write_both(workspace.input, NAMES, NAMES[:3])
    graph = pairs(workspace.name, turned=turned)
    for path in ("", NAMES[2], NAMES[3]):
        result = client.run(trying(trying(graph, path), "", OTHER, beside=path))
        assert (result.status == "success") is (path != NAMES[3])
    assert 'goes with "4.png": that is image 4 of its folder, and there are 3 here' in str(
        result.error
    )
    assert met(workspace.output) == [(NAMES[0], NAMES[0]), (NAMES[2], NAMES[2])]


def test_an_image_that_is_not_there_is_refused(client: ComfyClient, workspace: Workspace) -> None:
    write_images(workspace.input, SEVEN[:1])
    graph = batch_graph(workspace.name, workspace.name)
    result = client.run(trying(graph, "no such.png"))
    assert result.status == "error"
    assert 'There is no image "no such.png" in' in str(result.error)
    assert loops_of(client, workspace.input) == []
