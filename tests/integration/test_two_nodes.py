"""Directory Iterator and Save Image (Batch) alone are a batch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from batch_loop.tests.integration.conftest import Workspace
from batch_loop.tests.support.batches import (
    SEVEN,
    busy,
    loop_state,
    recorded,
    records,
    refusal,
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
    START,
    STOP,
    WORK,
    Graph,
    batch_graph,
    iterator,
    node,
    save,
    two_node_graph,
)
from batch_loop.tests.support.images import write_broken, write_images
from batch_loop.tests.support.pairs import NAMES, OTHER, met, write_both
from batch_loop.tests.support.waiting import wait_for
from batch_loop.tools.client import ComfyClient
from batch_loop.tools.results import RunResult
from batch_loop.tools.server import ComfyServer

THREE = SEVEN[:3]


@pytest.fixture
def graph(workspace: Workspace) -> Callable[..., Graph]:
    """Two nodes over the workspace's folders, with a record of each image that was saved."""
    write_images(workspace.input, THREE)

    def graph(work: dict[str, Any] | None = None, **settings: Any) -> Graph:
        two = two_node_graph(workspace.name, workspace.name, work, **settings)
        return recorded(two, workspace.scratch / "record")

    return graph


def saved(workspace: Workspace) -> list[str]:
    return sorted(path.name for path in workspace.output.rglob("*.png"))


def reports(result: RunResult, node_id: str = SAVE) -> list[dict[str, Any]]:
    """What a saver said of its loops."""
    found: list[dict[str, Any]] = result.outputs.get(node_id, {}).get("batch_loop", [])
    return found


@pytest.mark.core
def test_each_image_is_done_once_and_the_last_one_says_complete(
    client: ComfyClient, workspace: Workspace, graph: Callable[..., Graph]
) -> None:
    results = run_until_stop(client, graph())
    assert [told(result, ITERATOR)["filename"] for result in results] == THREE
    assert [reports(result)[-1]["next"] for result in results] == ["go", "go", "stop"]
    assert [reports(result)[-1]["done"] for result in results] == [1, 2, 3]
    last = reports(results[-1])[-1]
    assert (last["complete"], last["status"]) == (True, "Complete: 3 of 3 done")
    assert saved(workspace) == THREE
    wait_for(lambda: written(loop_state(client, results[-1])) == 3, "the last outcome")
    # One more prompt does nothing, and says so.
    (again,) = run_until_stop(client, graph(), most=1)
    assert (told(again, ITERATOR)["complete"], told(again, ITERATOR)["next"]) == (True, "stop")
    assert reports(again) == []
    assert set(records(workspace.scratch / "record")) == set(THREE)


@pytest.mark.oldest_too
def test_an_error_in_the_work_is_held_and_retried(
    client: ComfyClient, workspace: Workspace, graph: Callable[..., Graph]
) -> None:
    fails = workspace.scratch / "fails"
    fails.write_text("img2.png", encoding="utf-8")
    work = node("TestRaise", image=[ITERATOR, 1], filename=[ITERATOR, 3], fail_list=str(fails))
    first, second, third = (client.run(graph(work)) for _ in range(3))
    assert [first.status, second.status, third.status] == ["success", "error", "error"]
    fails.unlink()
    run_until_stop(client, graph(work), most=2)
    assert saved(workspace) == THREE
    fails.write_text("img1.png", encoding="utf-8")
    skipping = graph(work, error_handling="Skip on error", when_complete="Start over")
    results = run_until_stop(client, skipping, most=4)
    assert [result.status for result in results] == ["error", "success", "success"]
    state = loop_state(client, results[-1])
    assert (state["failed"], state["complete"]) == (1, True)
    fails.unlink()
    retrying = graph(work, iteration_mode="Retry failed")
    (last,) = run_until_stop(client, retrying, most=1)
    assert told(last, ITERATOR)["filename"] == "img1.png"
    assert loop_state(client, last)["failed"] == 0


@pytest.mark.oldest_too
def test_an_error_after_the_saver_leaves_the_image_to_the_next_run(
    client: ComfyClient, workspace: Workspace, graph: Callable[..., Graph]
) -> None:
    fails = workspace.scratch / "fails"
    fails.write_text("img1.png", encoding="utf-8")
    late = graph()
    late["late"] = node("TestRaise", image=[SAVE, 0], filename=[ITERATOR, 3], fail_list=str(fails))
    late["shown"] = node("PreviewImage", images=["late", 0])
    failed = client.run(late)
    assert failed.status == "error"
    assert reports(failed)[-1]["done"] == 1
    assert written(loop_state(client, failed)) == 0
    fails.unlink()
    results = run_until_stop(client, late, most=3)
    assert [told(result, ITERATOR)["filename"] for result in results] == THREE


@pytest.mark.oldest_too
def test_an_unreadable_image_is_skipped_even_as_the_last(
    client: ComfyClient, workspace: Workspace, graph: Callable[..., Graph]
) -> None:
    write_broken(workspace.input / "img3.png")
    results = run_until_stop(client, graph(error_handling="Skip on error"), most=3)
    assert [told(result, ITERATOR)["filename"] for result in results] == [
        "img1.png",
        "img2.png",
        "",
    ]
    assert told(results[-1], ITERATOR)["unreadable"] == 1
    assert loop_state(client, results[-1])["failed"] == 1


@pytest.mark.core
def test_a_result_that_needs_no_image_ends_a_batch_like_any_other(
    client: ComfyClient, workspace: Workspace
) -> None:
    write_images(workspace.input, THREE)
    write_broken(workspace.input / "img3.png")
    same = node("EmptyImage", width=8, height=8, batch_size=1, color=0)
    graph = two_node_graph(workspace.name, workspace.name, same, error_handling="Skip on error")
    results = run_until_stop(client, graph, most=3)
    # One more prompt does nothing, and so does one that finds all results there.
    results += run_until_stop(client, graph, most=1)
    (workspace.input / "img3.png").unlink()
    wait_for(lambda: written(loop_state(client, results[0])) == 2, "the last outcome")
    graph[ITERATOR] = iterator(workspace.name, skip_finished=True, loop_name="another")
    results += run_until_stop(client, graph, most=1)
    assert [result.status for result in results] == ["success"] * 5
    assert [told(result, ITERATOR)["filename"] for result in results] == [*THREE[:2], "", "", ""]
    assert [len(reports(result)) for result in results] == [1, 1, 0, 0, 0]
    assert saved(workspace) == THREE[:2]


@pytest.mark.oldest_too
def test_cancel_gives_the_image_back(
    client: ComfyClient, workspace: Workspace, graph: Callable[..., Graph]
) -> None:
    until = workspace.scratch / "until"
    waiting = client.submit(graph(node("TestWait", image=[ITERATOR, 1], until=str(until))))
    wait_for(lambda: waiting in client.queue().running, "the prompt to run")
    client.interrupt()
    interrupted = client.wait(waiting)
    assert interrupted.status == "interrupted"
    assert not says_stop(interrupted)
    results = run_until_stop(client, graph(), most=3)
    assert [told(result, ITERATOR)["filename"] for result in results] == THREE


@pytest.mark.core
def test_each_element_of_a_list_is_saved_and_the_image_counts_once(
    client: ComfyClient, workspace: Workspace, graph: Callable[..., Graph]
) -> None:
    several = graph(node("RepeatImageBatch", image=[ITERATOR, 1], amount=3))
    several["list"] = node("RebatchImages", images=[WORK, 0], batch_size=1)
    several[SAVE]["inputs"]["image"] = ["list", 0]
    results = run_until_stop(client, several)
    assert [told(result, ITERATOR)["filename"] for result in results] == THREE
    assert len(saved(workspace)) == 9
    assert {report["next"] for report in reports(results[-1])} == {"stop"}
    assert loop_state(client, results[-1])["done"] == 3


@pytest.mark.oldest_too
def test_a_saver_that_never_runs_is_an_error_the_second_time(
    client: ComfyClient, workspace: Workspace, graph: Callable[..., Graph]
) -> None:
    blocks = node("TestBlock", image=[ITERATOR, 1], filename=[ITERATOR, 3], blocked="img1.png")
    assert [client.run(graph(blocks)).status for _ in range(2)] == ["success"] * 2
    said = refusal(client, graph(blocks))
    assert said.startswith("Nothing was saved: 2 prompts in a row ended without an error")
    assert "neither Save Image (Batch) nor Save Text (Batch) ran in them" in said
    # With a second saver, only one of which runs for each image, each is done.
    both = graph(blocks)
    both["second"] = save([ITERATOR, 1], f"{workspace.name}/other", loop=[ITERATOR, 0])
    results = run_until_stop(client, both, most=3)
    assert [told(result, ITERATOR)["filename"] for result in results] == THREE
    assert len(saved(workspace)) == 5


@pytest.mark.oldest_too
def test_an_output_that_comfyui_drops_stops_the_batch(
    client: ComfyClient, workspace: Workspace, graph: Callable[..., Graph]
) -> None:
    dropped = graph()
    dropped["own"] = node("SaveImage", images=[WORK, 0])
    result = client.wait(client.submit(dropped, lenient=True))
    assert result.status == "error"
    assert result.error is not None
    assert "ComfyUI has dropped outputs that need the image" in result.error.message
    assert saved(workspace) == []


@pytest.mark.oldest_too
def test_a_part_of_the_workflow_finishes_no_image(
    client: ComfyClient, graph: Callable[..., Graph]
) -> None:
    more = graph()
    more["shown"] = node("PreviewImage", images=[WORK, 0])
    result = client.run(more, targets=[SAVE])
    assert told(result, ITERATOR)["without"] == ["TestRecord #record", "PreviewImage #shown"]
    assert reports(result)[-1]["next"] == "stop"
    # Its result may not be on the disk yet.
    wait_for(lambda: loop_state(client, result)["pending"] == 3, "the image to be given back")


def test_without_a_saver_or_a_loop_end_it_is_refused(
    client: ComfyClient, graph: Callable[..., Graph]
) -> None:
    lone = {
        ITERATOR: graph()[ITERATOR],
        "own": node("PreviewImage", images=[ITERATOR, 1]),
    }
    said = refusal(client, lone)
    assert "Add a Save Image (Batch), and connect its `loop` to this node's `loop`" in said


@pytest.mark.core
@pytest.mark.parametrize("turned", [False, True])
def test_images_that_meet_in_one_saver_advance_together(
    client: ComfyClient, workspace: Workspace, *, turned: bool
) -> None:
    write_both(workspace.input, NAMES, NAMES)
    images = {"image1": [ITERATOR, 1], "image2": [OTHER, 1]}
    if turned:
        images = dict(reversed(images.items()))
    graph = {
        ITERATOR: iterator(f"{workspace.name}/left"),
        OTHER: iterator(f"{workspace.name}/right"),
        WORK: node("ImageBlend", **images, blend_factor=0.5, blend_mode="normal"),
        SAVE: save([WORK, 0], workspace.name, loop=[ITERATOR, 0]),
    }
    results = run_until_stop(client, graph, most=4)
    assert met(workspace.output) == [(name, name) for name in NAMES]
    last = reports(results[-1])
    assert {report["loop"] for report in last} == {
        told(results[-1], each)["loop"] for each in (ITERATOR, OTHER)
    }
    assert [report["next"] for report in last] == ["stop", "stop"]
    (again,) = run_until_stop(client, graph, most=1)
    assert [told(again, each)["complete"] for each in (ITERATOR, OTHER)] == [True, True]


@pytest.mark.oldest_too
def test_of_a_pair_only_one_may_have_a_loop_end(client: ComfyClient, workspace: Workspace) -> None:
    write_both(workspace.input, NAMES[:2], NAMES[:2])
    images = {"image1": [ITERATOR, 1], "image2": [OTHER, 1]}
    graph = {
        ITERATOR: iterator(f"{workspace.name}/left"),
        OTHER: iterator(f"{workspace.name}/right"),
        WORK: node("ImageBlend", **images, blend_factor=0.5, blend_mode="normal"),
        SAVE: save([WORK, 0], workspace.name, loop=[ITERATOR, 0]),
        END: node("BatchLoopLoopEnd", loop=[ITERATOR, 0], after=[SAVE, 0]),
    }
    # The saver reports on the other alone, so one more prompt finds the end of both.
    results = run_until_stop(client, graph, most=3)
    assert len(results) == 3
    assert [report["loop"] for report in reports(results[1])] == [told(results[1], OTHER)["loop"]]
    assert met(workspace.output) == [(name, name) for name in NAMES[:2]]
    assert [told(results[2], each)["complete"] for each in (ITERATOR, OTHER)] == [True, True]


@pytest.mark.oldest_too
def test_beside_a_loop_with_six_nodes_both_are_done_before_the_queue_ends(
    client: ComfyClient, workspace: Workspace
) -> None:
    write_images(workspace.input / "six", THREE[:1])
    write_images(workspace.input / "two", THREE)
    name = workspace.name
    six = batch_graph(f"{name}/six", f"{name}/six")
    two = {
        "21": iterator(f"{name}/two"),
        "24": save(["21", 1], f"{name}/two", loop=["21", 0]),
    }
    results = run_until_stop(client, {**six, **two}, most=3)
    assert len(results) == 3
    assert told(results[0], STOP)["next"] == "stop"
    assert sorted(path.name for path in (workspace.output / "two").iterdir()) == THREE
    # The other way round, the loop with six nodes is the longer one.
    write_images(workspace.input / "six", THREE)
    write_images(workspace.input / "two", ["img9.png"])
    assert len(run_until_stop(client, {**six, **two}, most=3)) == 2


@pytest.mark.oldest_too
@pytest.mark.parametrize("gone", [(STOP,), (STOP, COMPLETE), (STOP, COMPLETE, END), (START,)])
def test_fewer_than_six_nodes_end_as_well(
    client: ComfyClient, workspace: Workspace, gone: tuple[str, ...]
) -> None:
    write_images(workspace.input, THREE)
    graph = batch_graph(workspace.name, workspace.name)
    for each in gone:
        del graph[each]
    if START in gone:
        for each in (SAVE, END):
            graph[each]["inputs"]["loop"] = [ITERATOR, 0]
    # Without Batch Complete, Loop End says nothing: one more prompt finds out.
    most = 4 if gone == (STOP, COMPLETE) else 3
    results = run_until_stop(client, graph, most=most)
    assert len(results) == most
    assert saved(workspace) == THREE


@pytest.mark.oldest_too
def test_a_watched_folder_goes_on_with_what_arrives(
    client: ComfyClient, workspace: Workspace, graph: Callable[..., Graph]
) -> None:
    watched = graph(when_complete="Watch")
    results = run_until_stop(client, watched, most=3)
    assert reports(results[-1])[-1]["next"] == "watch"
    write_images(workspace.input, ["img9.png"])
    loop = told(results[-1], ITERATOR)["loop"]

    def has_arrived() -> bool:
        answer = client.post_json("/batch_loop/loops/watch", {"loop": loop})
        return bool(answer["ready"])

    wait_for(has_arrived, "the new image")
    (last,) = run_until_stop(client, watched, most=1)
    assert told(last, ITERATOR)["filename"] == "img9.png"


@pytest.mark.oldest_too
def test_killed_in_mid_write_the_image_is_done_again(
    start_server: Callable[..., ComfyServer], tmp_path: Path, server: ComfyServer
) -> None:
    base, until = tmp_path / "comfyui", tmp_path / "until"
    write_images(base / "input" / "in", THREE)
    graph = two_node_graph("in", "out")
    # The image is saved, and something else of the workflow is still to run.
    graph["late"] = node("TestWait", image=[SAVE, 0], until=str(until))
    graph["shown"] = node("PreviewImage", images=["late", 0])
    first = start_server(base, version=server.version)
    out = base / "output" / "out"
    with first.client() as client:
        client.submit(graph)
        wait_for((out / "img1.png").exists, "the first result")
        first.kill()
    until.touch()
    with start_server(base, version=server.version).client() as client:
        results = run_until_stop(client, graph, most=3)
        assert [told(result, ITERATOR)["filename"] for result in results] == THREE
    assert sorted(path.name for path in out.iterdir()) == THREE


def test_what_another_loop_s_prompt_has_just_finished_is_not_done_again(
    client: ComfyClient, workspace: Workspace
) -> None:
    write_images(workspace.input, THREE[:2])
    one, two = (
        two_node_graph(workspace.name, workspace.name, skip_finished=True, loop_name=name)
        for name in ("one", "two")
    )
    # All wait in the queue, so that the second loop's begin right after the first one's.
    with busy(client, workspace.scratch):
        prompts = [client.submit(graph) for graph in (one, one, two, two)]
    results = [client.wait(prompt) for prompt in prompts]
    assert [told(result, ITERATOR)["filename"] for result in results] == [*THREE[:2], "", ""]
    assert saved(workspace) == THREE[:2]


@pytest.mark.oldest_too
def test_reset_and_finished_results_hold(
    client: ComfyClient, workspace: Workspace, graph: Callable[..., Graph]
) -> None:
    run_until_stop(client, graph(), most=3)
    (workspace.output / "img2.png").unlink()
    (last,) = run_until_stop(client, graph(skip_finished=True, iteration_mode="Reset"), most=1)
    assert told(last, ITERATOR)["filename"] == "img2.png"
    results = run_until_stop(client, graph(when_complete="Start over"), most=3)
    assert [told(result, ITERATOR)["filename"] for result in results] == THREE
