"""Skipping finished work, and watching a folder for new images, on real servers."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from PIL import Image

from batch_loop.tests.integration.conftest import Workspace
from batch_loop.tests.support.batches import SEVEN, recorded, records, run_until_stop, told
from batch_loop.tests.support.graphs import (
    COMPLETE,
    ITERATOR,
    SAVE,
    WORK,
    Graph,
    batch_graph,
    node,
)
from batch_loop.tests.support.images import write_images
from batch_loop.tests.support.waiting import wait_for
from batch_loop.tools.client import ComfyClient, PromptRejected, UnexpectedAnswer
from batch_loop.tools.server import ComfyServer

WATCH = "/batch_loop/loops/watch"


@pytest.fixture
def record(workspace: Workspace) -> Path:
    return workspace.scratch / "record"


@pytest.fixture
def graph(workspace: Workspace, record: Path) -> Callable[..., Graph]:
    """A graph over the workspace's folders that records what is worked on."""

    def graph(**settings: Any) -> Graph:
        return recorded(batch_graph(workspace.name, workspace.name, **settings), record)

    return graph


# Finished work.


def test_only_what_is_missing_is_done_even_by_servers_without_state(
    start_server: Callable[..., ComfyServer], tmp_path: Path
) -> None:
    base, record = tmp_path / "comfyui", tmp_path / "record"
    write_images(base / "input" / "in", [f"sub/{name}" for name in SEVEN])
    work = recorded(batch_graph("in", "out", recursive=True, skip_finished=True), record)

    def run(most: int | None = None) -> list[str]:
        """Run `most` images, or all, on a fresh server; returns what was worked on."""
        server = start_server(base, env={"BATCH_LOOP_STATE": "memory"})
        before = len(records(record))
        with server.client() as client:
            if most is None:
                last = run_until_stop(client, work)[-1]
                statuses.append(told(last, COMPLETE)["status"])
            for _ in range(most or 0):
                client.run(work)
        if most is not None:
            results = base / "output" / "out"
            wait_for(
                lambda: len(list(results.rglob("*.png"))) == most, "every result to be written"
            )
        server.kill()
        return records(record)[before:]

    statuses: list[str] = []
    assert run(most=3) == SEVEN[:3]
    write_images(base / "input" / "in", ["sub/img12.png"])
    assert run() == [*SEVEN[3:], "img12.png"]
    (base / "output" / "out" / "sub" / "img2.png").unlink()
    assert run() == ["img2.png"]
    assert run() == []
    assert statuses == [
        "Complete: 5 of 5 done, 3 were there already",
        "Complete: 1 of 1 done, 7 were there already",
        "Complete: all 8 results are there already",
    ]


def test_a_batch_whose_results_all_exist_runs_nothing(
    client: ComfyClient, workspace: Workspace, graph: Callable[..., Graph], record: Path
) -> None:
    for folder in (workspace.input, workspace.output):
        write_images(folder, SEVEN)
    (only,) = run_until_stop(client, graph(skip_finished=True))
    assert records(record) == []
    assert told(only, ITERATOR)["status"] == "Complete: all 7 results are there already"
    assert told(only, ITERATOR)["finished"] == 7


def test_another_prefix_means_other_results(
    client: ComfyClient, workspace: Workspace, graph: Callable[..., Graph], record: Path
) -> None:
    write_images(workspace.input, SEVEN[:2])
    work = graph(skip_finished=True)
    run_until_stop(client, work)
    work[SAVE]["inputs"]["prefix"] = "new_"
    run_until_stop(client, work)
    assert records(record) == SEVEN[:2]  # the batch has done them, whatever their names are
    run_until_stop(client, graph(skip_finished=True, iteration_mode="Reset"))
    assert records(record) == SEVEN[:2]
    work[ITERATOR]["inputs"]["iteration_mode"] = "Reset"
    run_until_stop(client, work)
    assert records(record) == SEVEN[:2] * 2
    assert {path.name for path in workspace.output.iterdir()} == {
        *SEVEN[:2],
        *(f"new_{name}" for name in SEVEN[:2]),
    }


def test_a_pattern_finds_results_of_comfyuis_own_saver(
    client: ComfyClient, workspace: Workspace, graph: Callable[..., Graph], record: Path
) -> None:
    write_images(workspace.input, SEVEN[:3])
    Image.new("RGB", (8, 8)).save(workspace.output / "img2_00001_.png")
    name = workspace.name
    work = graph(skip_finished=True, finished_as=f"{name}/{{stem}}_00001_.png")
    work["name"] = node(
        "StringConcatenate", string_a=f"{name}/", string_b=[ITERATOR, 4], delimiter=""
    )
    work["own"] = node("SaveImage", images=[WORK, 0], filename_prefix=["name", 0])
    run_until_stop(client, work)
    assert records(record) == ["img1.png", "img3.png"]
    work[ITERATOR]["inputs"]["iteration_mode"] = "Reset"
    run_until_stop(client, work)
    assert records(record) == ["img1.png", "img3.png"]


@pytest.mark.parametrize(
    ("settings", "saver", "words"),
    [
        ({}, {"prefix": [ITERATOR, 3]}, f"prefix of Save Image (Batch) #{SAVE} is linked"),
        ({}, None, "finished_as is empty"),
        ({"finished_as": "up.png"}, {}, "neither {stem} nor {filename}"),
        ({"finished_as": "/etc/{stem}"}, {}, "may not use the folder"),
    ],
)
def test_skip_finished_is_refused_where_results_cannot_be_known(
    client: ComfyClient,
    graph: Callable[..., Graph],
    settings: dict[str, Any],
    saver: dict[str, Any] | None,
    words: str,
) -> None:
    work = graph(skip_finished=True, **settings)
    if saver is None:
        work[SAVE] = node("TestWait", image=[WORK, 0], until="/")
    else:
        work[SAVE]["inputs"].update(saver)
    with pytest.raises(PromptRejected) as refused:
        client.submit(work)
    assert words in str(refused.value)


# Watching.


def test_a_growing_image_is_taken_once_complete_and_others_can_run_meanwhile(
    client: ComfyClient, workspace: Workspace, graph: Callable[..., Graph], record: Path
) -> None:
    work = graph(when_complete="Watch")
    first = run_until_stop(client, work)[-1]  # the folder is empty
    assert told(first, ITERATOR)["status"] == "Complete: no images yet"
    assert told(first, ITERATOR)["next"] == told(first, COMPLETE)["next"] == "watch"
    loop = {"loop": told(first, ITERATOR)["loop"]}
    content = io.BytesIO()
    Image.effect_noise((64, 64), 64).save(content, "PNG")
    data = content.getvalue()
    growing = workspace.input / "a.png"
    for size in (100, 200, 300):
        growing.write_bytes(data[:size])

        def is_seen() -> bool:
            return bool(client.post_json(WATCH, loop)["growing"])

        wait_for(is_seen, "the new file to be seen")
        # Another prompt runs at once, and a run of the batch leaves the file alone.
        assert client.queue().running == client.queue().pending == ()
        assert client.run(OTHER_JOB).status == "success"
        growing.write_bytes(data[: size + 50])
        run_until_stop(client, work)
        assert records(record) == []
    growing.write_bytes(data)

    def arrived() -> dict[str, Any]:
        answer: dict[str, Any] = client.post_json(WATCH, loop)
        return answer if answer["ready"] else {}

    assert wait_for(arrived, "the file to be whole") == {
        **loop,
        "directory": str(workspace.input.resolve()),
        "ready": 1,
        "growing": 0,
        "next": "go",
    }
    run_until_stop(client, work)
    assert records(record) == ["a.png"]
    assert client.post_json(WATCH, loop)["ready"] == 0


OTHER_JOB: Graph = {
    "1": node("EmptyImage", width=8, height=8, batch_size=1, color=0),
    "2": node("PreviewImage", images=["1", 0]),
}


def test_results_in_the_watched_folder_are_not_new_images(
    client: ComfyClient, workspace: Workspace, record: Path
) -> None:
    write_images(workspace.input, SEVEN[:2])
    folder = str(workspace.input)
    work = recorded(batch_graph(workspace.name, folder, when_complete="Watch"), record)
    work[SAVE]["inputs"]["suffix"] = "_up"
    last = run_until_stop(client, work)[-1]
    loop = {"loop": told(last, ITERATOR)["loop"]}

    def all_done() -> bool:
        client.post_json(WATCH, loop)
        run_until_stop(client, work)
        return len(records(record)) == 2

    wait_for(all_done, "both to be whole and done")
    (workspace.input / "new.txt").touch()  # so that the folder is listed again
    looks = [client.post_json(WATCH, loop) for _ in range(5)]
    assert {(look["ready"], look["growing"]) for look in looks} == {(0, 0)}


def test_a_range_cannot_be_watched(
    client: ComfyClient, workspace: Workspace, graph: Callable[..., Graph]
) -> None:
    write_images(workspace.input, SEVEN[:2])
    with pytest.raises(PromptRejected, match="make a range, to which no new image is added"):
        client.submit(graph(when_complete="Watch", limit=1))


def test_the_route_accepts_only_json_and_known_loops(
    server: ComfyServer, client: ComfyClient, workspace: Workspace, graph: Callable[..., Graph]
) -> None:
    with pytest.raises(UnexpectedAnswer) as unknown:
        client.post_json(WATCH, {"loop": "none"})
    assert unknown.value.status == 404
    form = requests.post(f"{server.url}{WATCH}", data={"loop": "none"}, timeout=30)
    assert form.status_code == 415
    write_images(workspace.input, SEVEN[:1])
    last = run_until_stop(client, graph())[-1]
    loop = {"loop": told(last, ITERATOR)["loop"]}
    elsewhere = workspace.scratch / "elsewhere"
    workspace.input.rename(elsewhere)
    with pytest.raises(UnexpectedAnswer, match="cannot be read") as gone:
        client.post_json(WATCH, loop)
    assert gone.value.status == 400
    # A link to the outside takes its place.
    workspace.input.symlink_to(elsewhere)
    with pytest.raises(UnexpectedAnswer) as refused:
        client.post_json(WATCH, loop)
    assert refused.value.status == 403
