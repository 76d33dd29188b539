"""Results that a person has replaced or edited are theirs, on a real server."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from batch_loop.tests.integration.conftest import Workspace
from batch_loop.tests.support.batches import loop_state, run_until_stop
from batch_loop.tests.support.graphs import ITERATOR, SAVE, Graph, node, two_node_graph
from batch_loop.tests.support.images import write_images
from batch_loop.tests.support.waiting import wait_for
from batch_loop.tools.client import ComfyClient
from batch_loop.tools.layout import HELPERS
from batch_loop.tools.results import RunResult
from batch_loop.tools.server import ComfyServer

MINE = (9, 9)
"""The size of the pictures of a person's own: results have another."""
KEEPING = ["overwrite own", "skip", "rename"]
TEXT = "text"


def put(path: Path) -> None:
    """Put a picture of one's own in place of whatever is there."""
    path.unlink(missing_ok=True)
    Image.new("RGB", MINE).save(path)


def is_mine(path: Path) -> bool:
    with Image.open(path) as image:
        return image.size == MINE


def outputs(client: ComfyClient, result: RunResult) -> list[list[str]]:
    """The names of the files that the report has for each image."""
    page = client.get_json(f"/batch_loop/loops/{loop_state(client, result)['id']}/items")
    return [[Path(each).name for each in item["outputs"]] for item in page["items"]]


def texts(directory: str, **settings: Any) -> Graph:
    """A batch that saves the text `machine` beside each image."""
    graph = two_node_graph(directory, directory)
    del graph[SAVE]
    graph[TEXT] = node(
        "BatchLoopSaveText",
        text="machine",
        loop=[ITERATOR, 0],
        save_to="beside the source",
        folder="none",
        prefix="",
        suffix="",
        extension=".txt",
        keep_subfolders=True,
        **settings,
    )
    return graph


@pytest.mark.parametrize("if_exists", KEEPING)
def test_what_takes_a_name_after_a_kill_is_not_overwritten(
    start_server: Callable[..., ComfyServer], tmp_path: Path, if_exists: str
) -> None:
    base = tmp_path / "comfyui"
    write_images(base / "input" / "in", ["a.png", "b.png"])
    graph = two_node_graph("in", "out")
    graph[SAVE]["inputs"]["if_exists"] = if_exists
    # It dies when the result is whole, and about to get its name.
    first = start_server(base, custom_nodes=[HELPERS], env={"BATCH_LOOP_TESTS_DIE_AT": "a.png"})
    with first.client() as client:
        client.submit(graph)
        first.wait()
    out = base / "output" / "out"
    assert not (out / "a.png").exists()
    put(out / "a.png")
    with start_server(base, custom_nodes=[HELPERS]).client() as client:
        last = run_until_stop(client, graph, most=2)[-1]
        name = "a.png" if if_exists == "skip" else "a_1.png"
        wait_for(lambda: outputs(client, last) == [[name], ["b.png"]], "the results")
    assert is_mine(out / "a.png")


def failing_after_its_save(workspace: Workspace, if_exists: str) -> tuple[Graph, Path]:
    """Two images and a workflow for them, and the list of those that are to fail: the first."""
    write_images(workspace.input, ["a.png", "b.png"])
    fails = workspace.scratch / "fails"
    fails.write_text("a.png", encoding="utf-8")
    graph = two_node_graph(workspace.name, workspace.name, error_handling="Skip on error")
    graph[SAVE]["inputs"]["if_exists"] = if_exists
    return graph, fails


@pytest.mark.parametrize("if_exists", KEEPING)
@pytest.mark.both_settings
def test_a_retry_keeps_what_has_replaced_a_result(
    client: ComfyClient, workspace: Workspace, if_exists: str
) -> None:
    graph, fails = failing_after_its_save(workspace, if_exists)
    graph["late"] = node("TestRaise", image=[SAVE, 0], filename=[ITERATOR, 3], fail_list=str(fails))
    graph["shown"] = node("PreviewImage", images=["late", 0])
    results = [client.run(graph) for _ in range(2)]
    wait_for(lambda: loop_state(client, results[-1])["done"] == 1, "the second image")
    put(workspace.output / "a.png")
    fails.unlink()
    client.post_json("/batch_loop/loops/retry", {"loop": loop_state(client, results[-1])["id"]})
    last = run_until_stop(client, graph, most=1)[-1]
    name = "a.png" if if_exists == "skip" else "a_1.png"
    wait_for(lambda: outputs(client, last) == [[name], ["b.png"]], "the results")
    assert is_mine(workspace.output / "a.png")


@pytest.mark.parametrize("if_exists", ["overwrite own", "skip"])
@pytest.mark.both_settings
def test_a_retry_replaces_what_another_node_had_worked_on(
    client: ComfyClient, workspace: Workspace, if_exists: str
) -> None:
    graph, fails = failing_after_its_save(workspace, if_exists)
    # It comes first, as ComfyUI prefers nodes that output something.
    graph["work"] = node("TestRecord", image=[SAVE, 0], text="worked on", path=[SAVE, 1])
    graph["late"] = node("TestRaise", image=[SAVE, 0], filename=[ITERATOR, 3], fail_list=str(fails))
    graph["shown"] = node("PreviewImage", images=["late", 0])
    results = [client.run(graph) for _ in range(2)]
    wait_for(lambda: loop_state(client, results[-1])["done"] == 1, "the second image")
    assert (workspace.output / "a.png").read_bytes().endswith(b"worked on\n")
    fails.unlink()
    client.post_json("/batch_loop/loops/retry", {"loop": loop_state(client, results[-1])["id"]})
    last = run_until_stop(client, graph, most=1)[-1]
    wait_for(lambda: outputs(client, last) == [["a.png"], ["b.png"]], "the results")
    for name in ("a.png", "b.png"):
        assert (workspace.output / name).read_bytes().count(b"worked on\n") == 1


@pytest.mark.parametrize("if_exists", KEEPING)
def test_after_cancel_a_corrected_text_is_kept(
    client: ComfyClient, workspace: Workspace, if_exists: str
) -> None:
    write_images(workspace.input, ["a.png", "b.png"])
    until = workspace.scratch / "until"
    graph = texts(workspace.name, if_exists=if_exists)
    graph["late"] = node(
        "TestHold", image=[ITERATOR, 1], filename=[TEXT, 0], held="machine", until=str(until)
    )
    graph["end"] = node("TestSlow", value=["late", 0], seconds=0.0)
    text = workspace.input / "a.txt"
    waiting = client.submit(graph)
    wait_for(lambda: text.exists() and Path(f"{until}.held").exists(), "the text")
    client.interrupt()
    assert client.wait(waiting).status == "interrupted"
    text.write_text("corrected", encoding="utf-8")
    until.touch()
    last = run_until_stop(client, graph, most=2)[-1]
    # Of texts, only those that were written are shown.
    names = [] if if_exists == "skip" else ["a_1.txt"]
    wait_for(lambda: outputs(client, last) == [names, ["b.txt"]], "the results")
    assert text.read_text(encoding="utf-8") == "corrected"


def test_starting_over_keeps_a_corrected_text(client: ComfyClient, workspace: Workspace) -> None:
    write_images(workspace.input, ["a.png", "b.png"])
    graph = texts(workspace.name, if_exists="overwrite own")
    last = run_until_stop(client, graph, most=2)[-1]
    wait_for(lambda: outputs(client, last) == [["a.txt"], ["b.txt"]], "the texts")
    (workspace.input / "a.txt").write_text("corrected", encoding="utf-8")
    for _ in range(2):
        client.post_json("/batch_loop/loops/reset", {"loop": loop_state(client, last)["id"]})
        last = run_until_stop(client, graph, most=2)[-1]
        again = partial(outputs, client, last)
        wait_for(lambda again=again: again() == [["a_1.txt"], ["b.txt"]], "the texts")
    assert (workspace.input / "a.txt").read_text(encoding="utf-8") == "corrected"


def test_overwrite_replaces_even_what_has_replaced_a_result(
    client: ComfyClient, workspace: Workspace
) -> None:
    write_images(workspace.input, ["a.png"])
    graph = two_node_graph(workspace.name, workspace.name)
    graph[SAVE]["inputs"]["if_exists"] = "overwrite"
    last = run_until_stop(client, graph, most=1)[-1]
    put(workspace.output / "a.png")
    client.post_json("/batch_loop/loops/reset", {"loop": loop_state(client, last)["id"]})
    last = run_until_stop(client, graph, most=1)[-1]
    wait_for(lambda: outputs(client, last) == [["a.png"]], "the result")
    assert not is_mine(workspace.output / "a.png")
