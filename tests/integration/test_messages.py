"""Bad input gets a clear message before anything runs, and bad files follow error_handling."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from batch_loop.tests.integration.conftest import Workspace
from batch_loop.tests.support.batches import loop_state, run_until_stop, told, written
from batch_loop.tests.support.graphs import (
    COMPLETE,
    END,
    ITERATOR,
    SAVE,
    START,
    STOP,
    batch_graph,
    node,
)
from batch_loop.tests.support.images import write_broken, write_images
from batch_loop.tests.support.waiting import wait_for
from batch_loop.tools.client import ComfyClient, PromptRejected, UnexpectedAnswer


def refusal(client: ComfyClient, graph: dict[str, Any]) -> str:
    """What the Batch Loop node says about the one faulty input."""
    (message,) = refusals(client, graph).values()
    return message


def refusals(client: ComfyClient, graph: dict[str, Any]) -> dict[str, str]:
    """What the Batch Loop nodes say about faulty inputs, by node id."""
    with pytest.raises(PromptRejected) as refused:
        client.submit(graph)
    assert client.queue().running == client.queue().pending == ()
    messages = {}
    for node_id, found in refused.value.node_errors.items():
        # Newer releases check by themselves, and first, whether a value is one of the options.
        ours = [error for error in found["errors"] if error["type"] != "value_not_in_list"]
        (error,) = ours
        messages[node_id] = error["details"]
    return messages


@pytest.mark.parametrize(
    ("directory", "settings", "words"),
    [
        ("", {}, "No folder is chosen"),
        ("no/such/folder", {}, "does not exist"),
        ("{name}/a.png", {}, "is a file, not a folder"),
        ("{name}/empty", {}, "No images to work on"),
        ("{name}", {"filter": "WebP"}, "WebP matches no file"),
        ("{name}", {"filter": "Custom", "custom_pattern": "*.tga"}, "'*.tga' matches no file"),
        ("{name}", {"filter": "Custom", "custom_pattern": " , "}, "pattern"),
        ("{name}", {"filter": "Everything"}, "filter was 'Everything'"),
        ("../..", {}, "may not use the folder"),
        ("/", {}, "may not use the folder"),
        ("/etc", {}, "allowed_dirs.txt"),
        ("\\\\server\\share", {}, "network or device paths"),
        ("//server/share", {}, "network or device paths"),
        ("\\\\?\\C:\\", {}, "network or device paths"),
        ("a\0b", {}, "is not a path"),
        ("a/" * 1000, {}, "more than 256 parts"),
    ],
)
def test_a_directory_that_cannot_work_is_refused(
    client: ComfyClient,
    workspace: Workspace,
    directory: str,
    settings: dict[str, Any],
    words: str,
) -> None:
    write_images(workspace.input, ["a.png"])
    (workspace.input / "empty").mkdir()
    graph = batch_graph(directory.format(name=workspace.name), workspace.name, **settings)
    assert words in refusal(client, graph)


def test_a_link_to_the_outside_is_refused(client: ComfyClient, workspace: Workspace) -> None:
    outside = workspace.scratch / "outside"
    write_images(outside, ["a.png"])
    (workspace.input / "link").symlink_to(outside)
    graph = batch_graph(f"{workspace.name}/link", workspace.name)
    message = refusal(client, graph)
    assert "may not use the folder" in message
    assert str(outside) not in message


def test_a_file_that_links_to_the_outside_is_not_read(
    client: ComfyClient, workspace: Workspace
) -> None:
    (secret,) = write_images(workspace.scratch / "outside", ["secret.png"])
    (workspace.input / "a.png").symlink_to(secret)
    write_images(workspace.input, ["b.png"])
    graph = batch_graph(workspace.name, workspace.name)
    result = client.run(graph)
    assert result.status == "error"
    assert result.error is not None
    assert "link that leads out" in result.error.message
    skip = batch_graph(workspace.name, workspace.name, error_handling="Skip on error")
    results = run_until_stop(client, skip)
    assert [path.name for path in workspace.output.iterdir()] == ["b.png"]
    assert loop_state(client, results[-1])["failed"] == 1


@pytest.mark.parametrize("folder", ["/etc", "../escape", "//server/share"])
def test_the_output_folder_is_checked_too(
    client: ComfyClient, workspace: Workspace, folder: str
) -> None:
    write_images(workspace.input, ["a.png"])
    messages = refusals(client, batch_graph(workspace.name, folder))
    assert messages.keys() == {ITERATOR, SAVE}
    assert messages[SAVE].startswith("folder - Batch Loop")
    # ComfyUI would leave out only the saver, and run the rest.
    assert messages[ITERATOR].startswith("directory - No image is handed out")


def test_an_allowed_folder_may_be_read_and_written(
    client: ComfyClient, workspace: Workspace, server: Any
) -> None:
    photos = workspace.scratch / "photos"
    write_images(photos, ["a.png"])
    graph = batch_graph(str(photos), str(workspace.scratch / "results"))
    with pytest.raises(PromptRejected, match=r"allowed_dirs\.txt"):
        client.submit(graph)
    allowed = server.base / "user" / "batch_loop" / "allowed_dirs.txt"
    allowed.parent.mkdir(parents=True, exist_ok=True)
    with allowed.open("a", encoding="utf-8") as lines:
        lines.write(f"{workspace.scratch}\n")
    run_until_stop(client, graph)
    assert [path.name for path in (workspace.scratch / "results").iterdir()] == ["a.png"]


@pytest.mark.parametrize("kept", [(), (START,), (START, END)])
def test_a_graph_without_a_loop_end_or_a_saver_is_refused(
    client: ComfyClient, workspace: Workspace, kept: tuple[str, ...]
) -> None:
    write_images(workspace.input, ["a.png"])
    graph = batch_graph(workspace.name, workspace.name)
    for key in {START, END, COMPLETE, STOP} - set(kept):
        del graph[key]
    graph["4"] = node("SaveImage", images=["3", 0], filename_prefix=workspace.name)
    if END in kept:
        # There is one, but it belongs to another loop.
        graph["other"] = {**graph[ITERATOR], "inputs": {**graph[ITERATOR]["inputs"]}}
        graph["other"]["inputs"]["loop_name"] = "other"
        graph[START]["inputs"]["loop"] = ["other", 0]
        graph[END]["inputs"].pop("after")
        with pytest.raises(PromptRejected) as refused:
            client.submit(graph)
        assert "Save Text (Batch) and Save Video (Batch) follows" in str(refused.value)
        return
    assert "Save Text (Batch) and Save Video (Batch) follows" in refusal(client, graph)


def test_stop_on_error_stops_at_an_unreadable_file(
    client: ComfyClient, workspace: Workspace
) -> None:
    write_images(workspace.input, ["a.png", "c.png"])
    broken = write_broken(workspace.input / "b.png")
    graph = batch_graph(workspace.name, workspace.name)
    assert client.run(graph).status == "success"
    for _ in range(2):
        result = client.run(graph)
        assert result.status == "error"
        assert result.error is not None
        assert result.error.node_id == ITERATOR
        for words in (str(broken), "Skip on error", "save it again"):
            assert words in result.error.message
    write_images(workspace.input, ["b.png"])
    results = run_until_stop(client, graph)
    assert [told(result, ITERATOR)["filename"] for result in results] == ["b.png", "c.png"]


def test_skip_on_error_passes_over_an_unreadable_file(
    client: ComfyClient, workspace: Workspace
) -> None:
    write_images(workspace.input, ["a.png", "c.png"])
    write_broken(workspace.input / "b.png")
    write_broken(workspace.input / "z.png")
    graph = batch_graph(workspace.name, workspace.name, error_handling="Skip on error")
    results = run_until_stop(client, graph)
    # The prompt that finds z.png broken has nothing left to do.
    filenames = [told(result, ITERATOR)["filename"] for result in results]
    assert filenames == ["a.png", "c.png", ""]
    assert [told(result, ITERATOR)["unreadable"] for result in results] == [0, 1, 1]
    state = loop_state(client, results[-1])
    assert (written(state), state["failed"]) == (2, 2)
    assert [failure["path"] for failure in state["failures"]] == ["b.png", "z.png"]
    assert all(failure["reason"] for failure in state["failures"])


def test_cancel_works_while_unreadable_files_are_passed_over(
    client: ComfyClient, workspace: Workspace
) -> None:
    names = [f"{number}.png" for number in range(1500)]
    for name in names:
        (workspace.input / name).write_bytes(b"broken")
    graph = batch_graph(workspace.name, workspace.name, error_handling="Skip on error")
    prompt_id = client.submit(graph)

    def state() -> dict[str, Any]:
        loops = client.get_json("/batch_loop/loops")["loops"]
        own = [loop for loop in loops if loop["directory"] == str(workspace.input)]
        return own[0] if own else {}

    wait_for(lambda: state().get("failed"), "the first file to be passed over")
    client.interrupt()
    assert client.wait(prompt_id).status == "interrupted"
    stands = state()
    assert 0 < stands["failed"] < len(names)
    assert stands["failed"] + stands["pending"] == len(names)


def test_a_missing_file_is_named(client: ComfyClient, workspace: Workspace) -> None:
    paths = write_images(workspace.input, ["a.png", "b.png", "c.png"])
    graph = batch_graph(workspace.name, workspace.name, error_handling="Skip on error")
    client.run(graph)
    paths[1].unlink()
    results = run_until_stop(client, graph)
    (failure,) = loop_state(client, results[-1])["failures"]
    assert (failure["path"], failure["reason"]) == ("b.png", "the file is gone")


def test_a_folder_of_broken_files_comes_to_an_end(
    client: ComfyClient, workspace: Workspace
) -> None:
    for number in range(5):
        write_broken(workspace.input / f"{number}.png")
    graph = batch_graph(workspace.name, workspace.name, error_handling="Skip on error")
    results = run_until_stop(client, graph)
    assert len(results) == 1
    assert told(results[0], COMPLETE)["status"] == "Complete: 0 of 5 done, 5 failed"


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"loop": "0123456789abcdef"}, 404, "run the workflow once"),
        ({"directory": "{name}"}, 404, "run the workflow once"),
        ({"directory": "/etc"}, 403, "may not use the folder"),
        ({"directory": "no such folder"}, 400, "does not exist"),
        ({}, 400, "Send"),
        ([], 400, "Send"),
    ],
)
def test_the_reset_route_refuses_wrong_requests(
    client: ComfyClient, workspace: Workspace, body: Any, status: int, words: str
) -> None:
    if isinstance(body, dict):
        body = {key: value.format(name=workspace.name) for key, value in body.items()}
    with pytest.raises(UnexpectedAnswer) as answer:
        client.post("/batch_loop/loops/reset", body)
    assert answer.value.status == status
    assert words in str(answer.value)


def test_the_reset_route_accepts_no_form(client: ComfyClient) -> None:
    url = f"{client.url}/batch_loop/loops/reset"
    form = {"Content-Type": "text/plain"}
    answer = requests.post(url, data='{"loop": "x"}', headers=form, timeout=20)
    assert answer.status_code == 415
    assert requests.get(url, timeout=20).status_code == 404


def test_every_loop_is_listed(client: ComfyClient, workspace: Workspace) -> None:
    write_images(workspace.input, ["a.png"])
    result = client.run(batch_graph(workspace.name, workspace.name))
    state = loop_state(client, result)
    # Without what only the request for a single loop returns.
    times = {"seconds", "remaining", "per_minute"}
    notes = {"lost_transparency", "renamed_texts", "made_of_all", "paired"}
    left_out = {"current", "stopped_on", "forgets", "failures", "workflow", "interrupted"}
    left_out |= notes | times | {"source", "variants", "lacking"}
    in_short = {name: state[name] for name in state.keys() - left_out}
    listed = {loop["id"]: loop for loop in client.get_json("/batch_loop/loops")["loops"]}
    assert listed[state["id"]] == in_short
    assert (state["total"], written(state), state["complete"]) == (1, 1, True)
