"""What a complete batch was finished by, as a later run is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from batch_loop.tests.integration.conftest import Workspace
from batch_loop.tests.integration.test_command import batch_loop
from batch_loop.tests.support.graphs import ITERATOR, Graph, two_node_graph
from batch_loop.tests.support.images import write_images
from batch_loop.tools.client import ComfyClient
from batch_loop.tools.graphs import filled_in
from batch_loop.tools.server import ComfyServer

NAMES = ["a.png", "b.png"]
FROM_PAGE = {"extra_pnginfo": {"workflow": {"nodes": []}}}


@pytest.fixture
def graph(client: ComfyClient, workspace: Workspace) -> Graph:
    write_images(workspace.input, NAMES)
    return filled_in(client, two_node_graph(workspace.name, workspace.name))


def told(client: ComfyClient, graph: Graph) -> dict[str, Any]:
    """What a run on the complete batch is told."""
    (said,) = client.run(graph).outputs[ITERATOR]["batch_loop"]
    assert said["complete"]
    by: dict[str, Any] = said["finished_by"]
    assert by.pop("at") > 1_700_000_000
    return by


def test_a_script_and_a_page(server: ComfyServer, client: ComfyClient, graph: Graph) -> None:
    (said,) = client.run(graph).outputs[ITERATOR]["batch_loop"]
    assert said["finished_by"] is None
    prompt = client.submit(graph, extra=FROM_PAGE)
    assert client.wait(prompt).status == "success"
    # By the newest image: another one was handed to the page.
    assert told(client, graph) == {"sender": "page", "own": False, "here": True}
    with server.client() as page:
        prompt = page.submit(graph, extra=FROM_PAGE)
        (said,) = page.wait(prompt).outputs[ITERATOR]["batch_loop"]
        assert not said["finished_by"]["own"]
    prompt = client.submit(graph, extra=FROM_PAGE)
    (said,) = client.wait(prompt).outputs[ITERATOR]["batch_loop"]
    assert said["finished_by"]["own"]


def test_the_command(client: ComfyClient, workspace: Workspace, graph: Graph) -> None:
    file = workspace.scratch / "workflow.json"
    file.write_text(json.dumps(graph), encoding="utf-8")
    assert batch_loop(client.url, "run", file)[0] == 0
    assert told(client, graph) == {"sender": "command", "own": False, "here": True}


def test_it_is_known_after_a_restart(
    start_server: Callable[..., ComfyServer],
) -> None:
    server = start_server()
    write_images(server.input / "images", NAMES)
    with server.client() as client:
        graph = filled_in(client, two_node_graph("images", "results"))
        for _ in NAMES:
            assert client.run(graph).status == "success"
        # Its last prompt has ended, and here that is known.
        (loop,) = client.get_json("/batch_loop/loops")["loops"]
        assert (loop["done"], loop["finishing"]) == (2, 0)
    server.stop()
    server.start()
    with server.client() as client:
        assert told(client, graph) == {"sender": "script", "own": False, "here": False}
