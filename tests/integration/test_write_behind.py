"""Results that are written while the workflow goes on, and images that are read ahead."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from PIL import Image

from batch_loop.tests.integration.conftest import Workspace
from batch_loop.tests.integration.test_file_systems import (
    COLOURS,
    NAMES,
    check_ended,
    check_goes_on,
    each_policy,
    files,
)
from batch_loop.tests.integration.test_names import colours, unchanged
from batch_loop.tests.support.batches import (
    busy,
    loop_state,
    loops_of,
    run_until_stop,
    told,
    written,
)
from batch_loop.tests.support.graphs import ITERATOR, SAVE, Graph, node
from batch_loop.tests.support.images import colour_of, write_images
from batch_loop.tests.support.mounts import Mount, mounted
from batch_loop.tests.support.waiting import wait_for
from batch_loop.tools.client import ComfyClient
from batch_loop.tools.server import ComfyServer

LARGE = (4000, 3000)


@pytest.fixture
def noise(workspace: Workspace) -> list[str]:
    """Two images that take a while to write."""
    names = ["a.jpg", "b.jpg"]
    for name in names:
        Image.effect_noise(LARGE, 64).convert("RGB").save(workspace.input / name)
    return names


def handed_out(client: ComfyClient, graph: Graph) -> str:
    result = client.run(graph)
    assert result.status == "success", result.error
    return str(told(result, ITERATOR)["filename"])


def test_a_server_s_first_result_is_there_when_its_prompt_ends(
    start_server: Callable[..., ComfyServer],
) -> None:
    """ComfyUI then collects garbage, and nothing else would run meanwhile."""
    server = start_server()
    write_images(server.input / "batch", NAMES)
    Image.effect_noise((1000, 1000), 64).convert("RGB").save(server.input / "batch" / NAMES[0])
    with server.client() as client:
        graph = unchanged("batch", "batch")
        result = client.run(graph)
        assert files(server.output / "batch") == NAMES[:1]
        # It is done as any other is, once it is known how its prompt has ended.
        wait_for(lambda: written(loop_state(client, result)) == 1, "the image to be done", 1.0)
        check_ended(client, run_until_stop(client, graph)[-1])


def test_the_workflow_does_not_wait_for_the_file(
    client: ComfyClient, workspace: Workspace, noise: list[str]
) -> None:
    """A request to ComfyUI for the file still gets all of it."""
    first = workspace.input.with_name(f"{workspace.name}-first")
    write_images(first, NAMES[:2])
    run_until_stop(client, unchanged(first.name, first.name))
    graph = unchanged(workspace.name, workspace.name)
    result = client.run(graph)
    assert files(workspace.output) != ["a.png"]
    (entry,) = result.outputs[SAVE]["images"]
    # Newer ComfyUI would read this from the file, which it cannot yet.
    assert entry.pop("metadata") == {"kind": "image", "width": LARGE[0], "height": LARGE[1]}
    assert loop_state(client, result)["finishing"] == 1
    answer = requests.get(f"{client.url}/view", params=entry, timeout=30)
    assert answer.content == (workspace.output / "a.png").read_bytes()
    wait_for(lambda: written(loop_state(client, result)) == 1, "the image to be done", 1.0)
    memory = client.get_json("/batch_loop/memory")
    picture, mask = LARGE[0] * LARGE[1] * 12, LARGE[0] * LARGE[1] * 4
    assert 2 * picture + mask <= memory["most"] <= memory["limit"]
    # The last result is written at once, as there is nothing else to do in the meantime.
    assert handed_out(client, graph) == noise[1]
    assert files(workspace.output) == ["a.png", "b.png"]


@pytest.mark.nothing_behind
def test_without_memory_the_file_exists_when_the_prompt_ends(
    client: ComfyClient, workspace: Workspace, noise: list[str]
) -> None:
    assert handed_out(client, unchanged(workspace.name, workspace.name)) == noise[0]
    assert files(workspace.output) == ["a.png"]


def test_a_node_that_uses_the_path_finds_the_file(
    client: ComfyClient, workspace: Workspace, noise: list[str]
) -> None:
    graph = unchanged(workspace.name, workspace.name)
    graph["size"] = node("TestFileSize", path=[SAVE, 1])
    result = client.run(graph)
    assert told(result, ITERATOR)["filename"] == noise[0]
    assert result.outputs["size"]["size"] == [(workspace.output / "a.png").stat().st_size]


def test_a_small_budget_is_not_an_error(
    start_server: Callable[..., ComfyServer], tmp_path: Path
) -> None:
    server = start_server(tmp_path / "server", env={"BATCH_LOOP_MEMORY_MB": "1"})
    write_images(server.input / "batch", NAMES)
    Image.effect_noise((1000, 1000), 64).convert("RGB").save(server.input / "batch" / "b.png")
    with server.client() as client:
        graph = unchanged("batch", "batch")
        assert [handed_out(client, graph) for _ in range(2)] == NAMES[:2]
        assert files(server.output / "batch") == NAMES[:2]
        memory = client.get_json("/batch_loop/memory")
        assert 0 < memory["most"] <= memory["limit"] == 1_000_000
        check_ended(client, run_until_stop(client, graph)[-1])


# The disk refuses after the prompt has ended.


@pytest.fixture
def output(workspace: Workspace) -> Any:
    with mounted(workspace.output / "disk") as mount:
        yield mount


def error_of(client: ComfyClient, graph: Graph) -> str:
    """The message of a prompt that fails."""
    result = client.run(graph)
    assert result.status == "error"
    assert result.error is not None
    return result.error.message


def fill(output: Mount) -> str:
    output.fill()
    return "the disk is full. Free some space"


def forbid(output: Mount) -> str:
    output.set_read_only(to=True)
    return "the folder is read-only"


def mend(output: Mount) -> None:
    output.set_read_only(to=False)
    if (output.path / "filler").exists():
        output.free()


each_fault = pytest.mark.parametrize("fault", [fill, forbid])


@each_fault
@each_policy
def test_the_next_run_says_what_was_not_written(
    client: ComfyClient,
    workspace: Workspace,
    output: Mount,
    fault: Callable[[Mount], str],
    error_handling: str,
) -> None:
    write_images(workspace.input, NAMES)
    graph = unchanged(workspace.name, f"{workspace.name}/disk", error_handling=error_handling)
    first = client.run(graph)
    wait_for(lambda: written(loop_state(client, first)) == 1, "the first image to be done")
    reason = fault(output)
    for _ in range(2):
        # Its prompt has ended when the disk refuses, so the next one says so and does nothing else.
        assert handed_out(client, graph) == "b.png"
        wait_for(lambda: loop_state(client, first)["finishing"] == 0, "the disk to refuse")
        assert f'"{output.path / "b.png"}": {reason}' in error_of(client, graph)
        assert written(loop_state(client, first)) == 1
    mend(output)
    check_goes_on(client, graph, output.path)
    assert files(output.path) == NAMES


# Reading ahead.


@each_policy
@pytest.mark.both_settings
def test_an_image_that_is_replaced_after_it_was_read_ahead_is_read_again(
    client: ComfyClient, workspace: Workspace, error_handling: str
) -> None:
    write_images(workspace.input, NAMES)
    graph = unchanged(workspace.name, workspace.name, error_handling=error_handling)
    assert handed_out(client, graph) == "a.png"
    other = write_images(workspace.scratch, ["other.png"])[0]
    os.replace(other, workspace.input / "b.png")
    results = run_until_stop(client, graph)
    check_ended(client, results[-1])
    assert colours(workspace.output) == {**COLOURS, "b.png": colour_of("other.png")}


def test_the_first_image_is_read_when_its_prompt_is_submitted(
    client: ComfyClient, workspace: Workspace
) -> None:
    """While another job still runs; nothing is handed out by that."""
    name = "a.jpg"
    Image.effect_noise((800, 600), 64).convert("RGB").save(workspace.input / name)
    graph = unchanged(workspace.name, workspace.name)

    def taken() -> int:
        return int(client.get_json("/batch_loop/memory")["taken"])

    with busy(client, workspace.scratch):
        client.submit(graph)
        size = 800 * 600 * 16
        wait_for(lambda: taken() >= size, "the image to be in memory")
        assert loops_of(client, workspace.input) == []
    results = run_until_stop(client, graph)
    assert written(loop_state(client, results[-1])) == 1
    assert files(workspace.output) == ["a.png"]
