"""`batch-loop run` on workflows of Directory Iterator and Save Image (Batch) alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from batch_loop.tests.integration.conftest import Workspace
from batch_loop.tests.integration.test_command import NAMES, batch_loop
from batch_loop.tests.support.graphs import ITERATOR, SAVE, Graph, node, two_node_graph
from batch_loop.tests.support.images import write_images
from batch_loop.tools.client import ComfyClient
from batch_loop.tools.graphs import filled_in
from batch_loop.tools.layout import EXAMPLES, SIX_NODES
from batch_loop.tools.server import ComfyServer

KEPT = {"BatchLoopDirectoryIterator", "ImageSharpen", "BatchLoopSaveImage"}


def as_saved_by_the_page(workspace: Workspace) -> dict[str, Any]:
    """An example as the page saves it, with its work and two of its six nodes."""
    workflow: dict[str, Any] = json.loads((EXAMPLES / f"{SIX_NODES}.json").read_text("utf-8"))
    nodes = [each for each in workflow["nodes"] if each["type"] in KEPT]
    kept = {each["id"] for each in nodes}
    links = [each for each in workflow["links"] if {each[1], each[3]} <= kept]
    by_type = {each["type"]: each for each in nodes}
    iterator, saver = by_type["BatchLoopDirectoryIterator"], by_type["BatchLoopSaveImage"]
    for each in (iterator, saver):
        each["widgets_values"][0] = workspace.name
    (place,) = [at for at, each in enumerate(saver["inputs"]) if each["name"] == "loop"]
    link = 1 + max(each[0] for each in workflow["links"])
    links.append([link, iterator["id"], 0, saver["id"], place, "BATCH_LOOP"])
    known = {each[0] for each in links}
    for each in nodes:
        for slot in each["inputs"]:
            slot["link"] = slot.get("link") if slot.get("link") in known else None
        for slot in each["outputs"]:
            slot["links"] = [one for one in slot.get("links") or () if one in known]
    saver["inputs"][place]["link"] = link
    iterator["outputs"][0]["links"] = [link]
    return {**workflow, "nodes": nodes, "links": links}


def written_to(path: Path, workflow: object) -> Path:
    path.write_text(json.dumps(workflow), encoding="utf-8")
    return path


def results(workspace: Workspace) -> list[str]:
    return sorted(path.name for path in workspace.output.iterdir())


@pytest.mark.oldest_too
@pytest.mark.parametrize("form", ["API", "page"])
def test_it_runs_to_the_end_and_once_more_does_nothing(
    server: ComfyServer, client: ComfyClient, workspace: Workspace, form: str
) -> None:
    write_images(workspace.input, NAMES)
    graph = filled_in(client, two_node_graph(workspace.name, workspace.name))
    workflow = graph if form == "API" else as_saved_by_the_page(workspace)
    file = written_to(workspace.scratch / "workflow.json", workflow)
    report = workspace.scratch / "report.json"
    code, out, _ = batch_loop(server.url, "run", file, "--report", report)
    assert code == 0
    assert out.startswith("5 of 5 done, complete")
    items = json.loads(report.read_text(encoding="utf-8"))["items"]
    assert [(item["path"], item["state"]) for item in items] == [(name, "done") for name in NAMES]
    assert len(results(workspace)) == len(NAMES)
    before = {path: path.stat().st_mtime_ns for path in workspace.output.iterdir()}
    code, out, _ = batch_loop(server.url, "run", file)
    assert (code, out.startswith("5 of 5 done, complete")) == (0, True)
    assert {path: path.stat().st_mtime_ns for path in workspace.output.iterdir()} == before
    (line,) = (
        line for line in batch_loop(server.url, "status")[1].splitlines() if workspace.name in line
    )
    assert "5 of 5 done, complete" in line


@pytest.fixture
def failing(client: ComfyClient, workspace: Workspace) -> Graph:
    """A workflow that fails on the second image."""
    write_images(workspace.input, NAMES)
    (workspace.scratch / "fails").write_text(NAMES[1], encoding="utf-8")
    work = node(
        "TestRaise",
        image=[ITERATOR, 1],
        filename=[ITERATOR, 3],
        fail_list=str(workspace.scratch / "fails"),
    )
    return filled_in(client, two_node_graph(workspace.name, workspace.name, work))


def test_an_error_has_its_exit_code_and_can_be_retried(
    server: ComfyServer, workspace: Workspace, failing: Graph
) -> None:
    file = written_to(workspace.scratch / "workflow.json", failing)
    code, _, err = batch_loop(server.url, "run", file)
    assert code == 3
    assert "asked to fail" in err
    code, out, _ = batch_loop(server.url, "run", file, "--on-error", "retry")
    assert code == 1
    assert out.startswith("4 of 5 done, 1 failed")
    assert results(workspace) == [name for name in NAMES if name != NAMES[1]]
    (workspace.scratch / "fails").unlink()
    assert batch_loop(server.url, "retry", workspace.name)[0] == 0
    assert batch_loop(server.url, "run", file)[0] == 0
    assert results(workspace) == NAMES


def test_a_saver_that_the_server_would_leave_out_is_not_run(
    server: ComfyServer, workspace: Workspace, failing: Graph
) -> None:
    del failing[SAVE]["inputs"]["image"]
    failing["shown"] = node("PreviewImage", images=[ITERATOR, 1])
    code, _, err = batch_loop(
        server.url, "run", written_to(workspace.scratch / "workflow.json", failing)
    )
    assert code == 5
    assert f"node {SAVE} (BatchLoopSaveImage): Required input is missing: image" in err


def test_a_workflow_without_a_saver_is_refused_with_what_is_missing(
    server: ComfyServer, workspace: Workspace, failing: Graph
) -> None:
    failing[SAVE] = node("PreviewImage", images=[ITERATOR, 1])
    code, _, err = batch_loop(
        server.url, "run", written_to(workspace.scratch / "workflow.json", failing)
    )
    assert code == 10
    assert "Add a Save Image (Batch)" in err
