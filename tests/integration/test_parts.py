"""An image is done only if everything that depends on it has run, and nothing was left out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from batch_loop.tests.integration.conftest import Workspace
from batch_loop.tests.support.batches import (
    SEVEN,
    loop_state,
    loops_of,
    run_until_stop,
    says_stop,
    told,
    written,
)
from batch_loop.tests.support.graphs import (
    COMPLETE,
    END,
    ITERATOR,
    SAVE,
    STOP,
    WORK,
    Graph,
    batch_graph,
    node,
)
from batch_loop.tests.support.images import write_images
from batch_loop.tools.client import ComfyClient, PromptRejected
from batch_loop.tools.results import RunResult

# In the oldest release, entries of the queue look different.
pytestmark = pytest.mark.oldest_too

OWN = "12:5"
"""A node inside a subgraph."""


def graph_of(workspace: Workspace, **settings: Any) -> Graph:
    """A batch whose Loop End waits for no result, with one of ComfyUI's savers beside ours."""
    write_images(workspace.input, SEVEN)
    graph = batch_graph(workspace.name, workspace.name, **settings)
    del graph[END]["inputs"]["after"]
    graph[OWN] = node("SaveImage", images=[WORK, 0], filename_prefix=f"{workspace.name}/own")
    graph[OWN]["_meta"] = {"title": "Second result"}
    return graph


def with_something_else(graph: Graph) -> Graph:
    """The graph, and beside it an output that does not depend on an image."""
    empty = node("EmptyImage", width=8, height=8, batch_size=1, color=0)
    return {**graph, "empty": empty, "else": node("PreviewImage", images=["empty", 0])}


def run_what_is_left(client: ComfyClient, graph: Graph) -> RunResult:
    """Run the part of a graph that ComfyUI accepts."""
    return client.wait(client.submit(graph, lenient=True))


def files(workspace: Workspace) -> list[str]:
    return sorted(path.name for path in workspace.output.rglob("*.png"))


def test_a_refused_folder_refuses_the_whole_batch(
    client: ComfyClient, workspace: Workspace
) -> None:
    graph = graph_of(workspace, error_handling="Skip on error")
    graph[SAVE]["inputs"]["folder"] = "../../elsewhere"
    with pytest.raises(PromptRejected) as refused:
        client.run(graph)
    assert refused.value.error["type"] == "prompt_outputs_failed_validation"
    assert set(refused.value.node_errors) == {ITERATOR, SAVE}
    said = " ".join(refused.value.messages)
    assert (
        f"No image is handed out, as BatchLoopSaveImage #{SAVE} does not accept its folder" in said
    )
    # An output of another branch runs, but nothing of the batch.
    rest = run_what_is_left(client, with_something_else(graph))
    assert rest.status == "success"
    assert not rest.did_run(ITERATOR)
    assert loops_of(client, workspace.input) == []
    assert files(workspace) == []


def test_a_wrong_folder_that_is_not_needed_refuses_nothing(
    client: ComfyClient, workspace: Workspace
) -> None:
    graph = graph_of(workspace)
    graph[SAVE]["inputs"]["folder"] = "../../elsewhere"
    assert client.run(graph, targets=[OWN]).status == "success"
    assert files(workspace) == ["own_00001_.png"]


def test_an_output_that_comfyui_leaves_out_stops_the_batch(
    client: ComfyClient, workspace: Workspace
) -> None:
    graph = graph_of(workspace, error_handling="Skip on error")
    del graph[OWN]["inputs"]["filename_prefix"]
    for _ in range(2):
        result = run_what_is_left(client, graph)
        assert result.status == "error"
        assert result.error is not None
        assert result.error.node_id == ITERATOR
        assert result.error.message.startswith(
            f"ComfyUI has dropped outputs that need the image from this run: Second result #{OWN}. "
            f"Second result #{OWN}: Required input is missing: filename_prefix. "
        )
        assert not result.did_run(WORK)
    assert loops_of(client, workspace.input) == []
    graph[OWN]["inputs"]["filename_prefix"] = f"{workspace.name}/own"
    results = run_until_stop(client, graph)
    assert written(loop_state(client, results[-1])) == 7
    assert len(files(workspace)) == 14


def test_what_does_not_depend_on_the_image_may_be_left_out(
    client: ComfyClient, workspace: Workspace
) -> None:
    graph = graph_of(workspace, limit=1)
    graph["else"] = node("SaveImage", filename_prefix="nothing")
    result = run_what_is_left(client, graph)
    assert result.status == "success"
    assert says_stop(result)
    assert written(loop_state(client, result)) == 1


def test_end_queue_alone_finishes_nothing(client: ComfyClient, workspace: Workspace) -> None:
    graph = graph_of(workspace, limit=1)
    for _ in range(4):  # as often as anybody likes
        result = client.run(graph, targets=[STOP])
        assert result.status == "success"
        assert result.did_run(END)
        assert not says_stop(result)
        iteration, progress = told(result, ITERATOR), told(result, COMPLETE)
        assert iteration["filename"] == "img1.png"
        assert iteration["without"] == [f"Second result #{OWN}", f"BatchLoopSaveImage #{SAVE}"]
        assert not progress["complete"]
        assert "only a part of the workflow runs" in progress["status"]
        assert loop_state(client, result)["pending"] == 1
    assert files(workspace) == []
    (result,) = run_until_stop(client, graph)
    assert told(result, ITERATOR)["without"] == []
    assert files(workspace) == ["img1.png", "own_00001_.png"]


def test_a_failing_part_gives_no_image_up(client: ComfyClient, workspace: Workspace) -> None:
    fails = workspace.scratch / "fails"
    fails.write_text("img1.png", encoding="utf-8")
    graph = graph_of(workspace, error_handling="Skip on error", limit=1)
    graph[WORK] = node(
        "TestRaise", image=[ITERATOR, 1], filename=[ITERATOR, 3], fail_list=str(fails)
    )
    result = client.run(graph, targets=[OWN])
    assert result.status == "error"
    state = loop_state(client, result)
    assert (state["pending"], state["failed"]) == (1, 0)


def test_a_target_that_needs_all_outputs_is_the_whole_workflow(
    client: ComfyClient, workspace: Workspace
) -> None:
    write_images(workspace.input, SEVEN[:1])
    graph = batch_graph(workspace.name, workspace.name)
    result = client.run(graph, targets=[STOP])
    assert says_stop(result)
    assert files(workspace) == ["img1.png"]


def test_a_folder_from_a_link_is_refused_before_an_image_is_handed_out(
    client: ComfyClient, workspace: Workspace
) -> None:
    graph = graph_of(workspace)
    # Only ComfyUI knows what two texts make when they are joined.
    graph["up"] = node("PrimitiveString", value="../..")
    graph["folder"] = node(
        "StringConcatenate", string_a=["up", 0], string_b="elsewhere", delimiter="/"
    )
    graph[SAVE]["inputs"]["folder"] = ["folder", 0]
    result = client.run(graph)
    assert result.status == "error"
    assert result.error is not None
    assert result.error.node_id == ITERATOR
    assert result.error.node_type == "BatchLoopDirectoryIterator"
    assert f"BatchLoopSaveImage #{SAVE} does not accept its folder, which comes from" in (
        result.error.message
    )
    assert not result.did_run(WORK)
    assert loops_of(client, workspace.input) == []
    graph["up"]["inputs"]["value"] = workspace.name
    results = run_until_stop(client, graph)
    assert written(loop_state(client, results[-1])) == 7
    assert len(list((workspace.output / "elsewhere").iterdir())) == 7


def test_a_folder_that_depends_on_the_image_is_refused_at_the_saver(
    client: ComfyClient, workspace: Workspace
) -> None:
    graph = graph_of(workspace)
    graph["folder"] = node(
        "StringConcatenate", string_a="../..", string_b=[ITERATOR, 4], delimiter="/"
    )
    graph[SAVE]["inputs"]["folder"] = ["folder", 0]
    result = client.run(graph)
    assert result.status == "error"
    assert result.error is not None
    assert result.error.node_id == SAVE
    assert loop_state(client, result)["pending"] == 7


def test_a_preview_is_not_a_result(client: ComfyClient, workspace: Workspace) -> None:
    graph = graph_of(workspace, limit=1)
    del graph[SAVE]
    graph[OWN] = node("PreviewImage", images=[WORK, 0])
    (result,) = run_until_stop(client, graph)
    loop = told(result, ITERATOR)["loop"]
    assert client.get_json(f"/batch_loop/loops/{loop}/items")["items"][0]["outputs"] == []


def test_what_follows_a_node_that_makes_an_iterator_counts(
    client: ComfyClient, workspace: Workspace
) -> None:
    graph = graph_of(workspace, limit=1)
    settings = json.dumps(graph[ITERATOR]["inputs"])
    graph[ITERATOR] = node("TestIterator", settings=settings)
    del graph[OWN]["inputs"]["filename_prefix"]
    result = run_what_is_left(client, graph)
    assert result.status == "error"
    assert result.error is not None
    assert f"need the image from this run: Second result #{OWN}. " in result.error.message
    graph[OWN]["inputs"]["filename_prefix"] = f"{workspace.name}/own"
    run_until_stop(client, graph)
    assert files(workspace) == ["img1.png", "own_00001_.png"]
