"""A batch belongs to a folder and to a workflow, as ComfyUI's page names it."""

from __future__ import annotations

from typing import Any

import pytest

from batch_loop.tests.integration.conftest import Workspace
from batch_loop.tests.support.batches import loop_state, told
from batch_loop.tests.support.graphs import ITERATOR, SAVE, Graph, batch_graph
from batch_loop.tests.support.images import write_images
from batch_loop.tests.support.waiting import wait_for
from batch_loop.tools.client import ComfyClient
from batch_loop.tools.results import RunResult

LOOPS = "/batch_loop/loops"
NAMES = ["img1.png", "img2.png", "img3.png"]
ONE, OTHER = "6b8f1c0e-1111-4c0e-9a3b-0d6f6a3c2b11", "6b8f1c0e-2222-4c0e-9a3b-0d6f6a3c2b11"


@pytest.fixture
def graph(workspace: Workspace) -> Graph:
    write_images(workspace.input, NAMES)
    return batch_graph(workspace.name, workspace.name)


def as_the_page(workflow: str) -> dict[str, Any]:
    """What the page sends beside a prompt."""
    return {"extra_pnginfo": {"workflow": {"id": workflow, "nodes": []}}}


def run(client: ComfyClient, graph: Graph, extra: dict[str, Any] | None = None) -> RunResult:
    return client.wait(client.submit(graph, extra=extra))


def filename(result: RunResult) -> str:
    return str(told(result, ITERATOR)["filename"])


def test_each_workflow_has_its_own_position_in_a_folder(client: ComfyClient, graph: Graph) -> None:
    first = run(client, graph, as_the_page(ONE))
    assert filename(first) == NAMES[0]
    other = run(client, graph, as_the_page(OTHER))
    assert filename(other) == NAMES[0]
    none = run(client, graph)
    assert filename(none) == NAMES[0]
    assert filename(run(client, graph, as_the_page(ONE))) == NAMES[1]
    assert len({told(each, ITERATOR)["loop"] for each in (first, other, none)}) == 3
    assert loop_state(client, first)["workflow"] == ONE
    assert loop_state(client, none)["workflow"] == ""


def test_a_script_that_names_the_workflow_goes_on_with_the_page_s_batch(
    client: ComfyClient, graph: Graph
) -> None:
    run(client, graph, as_the_page(ONE))
    named = {"batch_loop": {"workflow": ONE, "title": "upscale"}}
    result = run(client, graph, named)
    assert filename(result) == NAMES[1]
    assert loop_state(client, result)["title"] == "upscale"


@pytest.mark.parametrize(
    "odd", [None, 7, "", ["a"], "0" * 200, "00000000-0000-0000-0000-000000000000"], ids=repr
)
def test_what_is_no_id_counts_as_none(client: ComfyClient, graph: Graph, odd: Any) -> None:
    run(client, graph)
    assert filename(run(client, graph, as_the_page(odd))) == NAMES[1]


def test_routes_act_on_the_workflow_s_own_batch(
    client: ComfyClient, graph: Graph, workspace: Workspace
) -> None:
    first, other = (run(client, graph, as_the_page(each)) for each in (ONE, OTHER))
    body = {"directory": workspace.name, "workflow": ONE, "title": "first"}
    folder = client.post_json("/batch_loop/folder", body)
    assert (folder["loop"], folder["known"]) == (told(first, ITERATOR)["loop"], True)
    listed = {loop["id"]: loop for loop in client.get_json(LOOPS)["loops"]}
    assert listed[folder["loop"]]["title"] == "first"
    over = client.post_json(f"{LOOPS}/reset", body)
    assert (over["id"], over["batch"]) == (folder["loop"], 2)
    assert loop_state(client, other)["batch"] == 1
    client.post_json(f"{LOOPS}/undo_reset", body)
    client.post_json(f"{LOOPS}/forget", {"loop": folder["loop"]})
    assert filename(run(client, graph, as_the_page(OTHER))) == NAMES[1]


def test_results_of_another_workflow_on_the_folder_are_no_images(
    client: ComfyClient, workspace: Workspace
) -> None:
    write_images(workspace.input, NAMES)
    graph = batch_graph(workspace.name, str(workspace.input))
    graph[SAVE]["inputs"]["suffix"] = "_up"
    run(client, graph, as_the_page(ONE))
    wait_for((workspace.input / "img1_up.png").exists, "the first result")
    result = run(client, graph, as_the_page(OTHER))
    assert told(result, ITERATOR)["total"] == len(NAMES)
