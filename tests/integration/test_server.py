"""The harness itself: the real server, its client, and the helper nodes."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from batch_loop.tools import server as server_module
from batch_loop.tools.client import ComfyClient, PromptRejected
from batch_loop.tools.layout import releases_to_try
from batch_loop.tools.programs import HOST
from batch_loop.tools.results import ServerGone
from batch_loop.tools.server import ComfyServer, ServerDied


def waiting(until: Path, color: int = 0) -> dict[str, Any]:
    """A prompt that ends once the file `until` exists."""
    image = {"width": 8, "height": 8, "batch_size": 1, "color": color}
    return {
        "image": {"class_type": "EmptyImage", "inputs": image},
        "wait": {"class_type": "TestWait", "inputs": {"image": ["image", 0], "until": str(until)}},
        "save": {"class_type": "PreviewImage", "inputs": {"images": ["wait", 0]}},
    }


@pytest.mark.parametrize("version", [release.version for release in releases_to_try()])
def test_each_release_starts_with_its_own_nodes_and_ours(
    start_server: Callable[..., ComfyServer], version: str
) -> None:
    server = start_server(version=version)
    with server.client() as client:
        nodes = client.get_json("/object_info")
    assert "LoadImage" in nodes
    assert "TestWait" in nodes
    assert "IMPORT FAILED): " + str(server.base) not in server.log()


@pytest.mark.each_cache
def test_a_result_says_what_ran_and_what_was_cached(
    server: ComfyServer, client: ComfyClient, tmp_path: Path
) -> None:
    until = tmp_path / "go"
    until.touch()
    first = client.run(waiting(until))
    again = client.run(waiting(until))
    keeps_none = "--cache-none" in server.flags

    assert first.status == again.status == "success"
    assert [first.did_run(node) for node in ("image", "wait", "save")] == [True] * 3
    assert again.did_run("wait") is keeps_none
    assert again.was_cached("wait") is not keeps_none
    assert first.outputs["save"]["images"][0]["type"] == "temp"


def test_a_result_names_the_node_that_failed(client: ComfyClient, tmp_path: Path) -> None:
    fail_list = tmp_path / "fail"
    fail_list.write_text("img10.png\n")
    prompt = waiting(tmp_path)
    inputs = {"image": ["wait", 0], "filename": "img10.png", "fail_list": str(fail_list)}
    prompt["raise"] = {"class_type": "TestRaise", "inputs": inputs}
    prompt["save"]["inputs"]["images"] = ["raise", 0]

    result = client.run(prompt)

    assert result.status == "error"
    assert result.error is not None
    assert (result.error.node_id, result.error.message) == ("raise", "asked to fail")
    inputs["filename"] = "img1.png"
    assert client.run(prompt).status == "success"


def test_results_tell_interrupted_and_deleted_prompts_apart(
    client: ComfyClient, tmp_path: Path
) -> None:
    never = tmp_path / "never"
    running = client.submit(waiting(never, color=1))
    waiting_one = client.submit(waiting(never, color=2))
    client.wait_until_executing(running, "wait")
    assert client.queue().running == (running,)
    assert client.queue().pending == (waiting_one,)

    client.delete(waiting_one)
    assert client.wait(waiting_one).status == "deleted"
    client.interrupt()
    assert client.wait(running).status == "interrupted"


def test_a_record_is_written_when_it_is_run(client: ComfyClient, tmp_path: Path) -> None:
    record = tmp_path / "record"
    prompt = waiting(tmp_path)
    inputs = {"image": ["wait", 0], "text": "one", "path": str(record)}
    prompt["record"] = {"class_type": "TestRecord", "inputs": inputs}
    client.run(prompt)
    client.run(prompt)
    assert record.read_text() == "one\n"


def test_a_refused_prompt_raises_what_the_server_says(client: ComfyClient) -> None:
    with pytest.raises(PromptRejected, match=r"Required input is missing: images") as refused:
        client.submit({"save": {"class_type": "PreviewImage", "inputs": {}}})
    assert refused.value.node_errors["save"]["class_type"] == "PreviewImage"


def test_a_killed_server_ends_the_wait_and_starts_again(
    start_server: Callable[..., ComfyServer], tmp_path: Path
) -> None:
    server = start_server()
    with server.client() as client:
        running = client.submit(waiting(tmp_path / "never"))
        client.wait_until_executing(running, "wait")
        server.kill()
        with pytest.raises(ServerGone):
            client.wait(running)
    server.start()
    with server.client() as client:
        assert client.run(waiting(tmp_path)).status == "success"


def test_a_server_that_cannot_start_says_why_at_once(
    start_server: Callable[..., ComfyServer],
) -> None:
    with pytest.raises(ServerDied, match="unrecognized arguments: --no-such-flag"):
        start_server(flags=["--no-such-flag"])


def test_another_port_is_tried_if_one_was_taken_meanwhile(
    start_server: Callable[..., ComfyServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        taken = other.getsockname()[1]
        free_port = server_module.free_port
        ports = iter([taken])
        monkeypatch.setattr(server_module, "free_port", lambda: next(ports, free_port()))
        server = start_server()
        assert server.port != taken
        assert next(ports, None) is None
