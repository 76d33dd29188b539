"""A folder goes through a workflow on a real server: what can happen to a batch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from batch_loop.tests.integration.conftest import Workspace
from batch_loop.tests.support.batches import (
    RECORD,
    SEVEN,
    loop_state,
    recorded,
    records,
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
    node,
)
from batch_loop.tests.support.images import write_images
from batch_loop.tests.support.waiting import wait_for
from batch_loop.tools.client import ComfyClient
from batch_loop.tools.results import RunResult


class Seven:
    """Seven images, a graph that records what it saves of them, and a client."""

    def __init__(self, client: ComfyClient, workspace: Workspace) -> None:
        self.client = client
        self.workspace = workspace
        self.record = workspace.scratch / "record"
        self.fail_list = workspace.scratch / "fail"
        write_images(workspace.input, SEVEN)

    def graph(self, work: dict[str, Any] | None = None, **settings: Any) -> Graph:
        name = self.workspace.name
        return recorded(batch_graph(name, name, work, **settings), self.record)

    def failing(self, *names: str, **settings: Any) -> Graph:
        """A graph whose work fails on the images `names`, as long as they are listed."""
        self.fail_list.write_text("\n".join(names), encoding="utf-8")
        work = node(
            "TestRaise",
            image=[ITERATOR, 1],
            filename=[ITERATOR, 3],
            fail_list=str(self.fail_list),
        )
        return self.graph(work, **settings)

    def run(self, graph: Graph | None = None) -> list[RunResult]:
        return run_until_stop(self.client, graph or self.graph())

    @property
    def recorded(self) -> list[str]:
        return records(self.record)

    @property
    def saved(self) -> set[str]:
        return {path.name for path in self.workspace.output.iterdir()}


@pytest.fixture
def seven(client: ComfyClient, workspace: Workspace) -> Seven:
    return Seven(client, workspace)


@pytest.mark.core
def test_each_image_is_done_once_in_natural_order_and_then_it_stops(seven: Seven) -> None:
    results = seven.run()
    assert [told(result, ITERATOR)["filename"] for result in results] == SEVEN
    assert [says_stop(result) for result in results] == [False] * 6 + [True]
    assert seven.recorded == SEVEN
    assert seven.saved == set(SEVEN)
    assert written(loop_state(seven.client, results[-1])) == 7


@pytest.mark.each_cache
def test_prompts_beyond_the_images_run_nothing(seven: Seven) -> None:
    queued = 21
    prompts = [seven.client.submit(seven.graph()) for _ in range(queued)]
    results = [seven.client.wait(prompt) for prompt in prompts]
    assert [result.status for result in results] == ["success"] * queued
    assert [says_stop(result) for result in results] == [False] * 6 + [True] * (queued - 6)
    assert seven.recorded == SEVEN
    assert all(SAVE not in result.outputs for result in results[7:])


@pytest.mark.core
def test_skip_on_error_goes_on_and_reports(seven: Seven) -> None:
    results = seven.run(seven.failing("img3.png", error_handling="Skip on error"))
    assert [result.status for result in results].count("error") == 1
    assert seven.recorded == [name for name in SEVEN if name != "img3.png"]
    state = loop_state(seven.client, results[-1])
    assert (written(state), state["failed"]) == (6, 1)
    (failure,) = state["failures"]
    assert (failure["path"], failure["reason"]) == ("img3.png", "asked to fail")
    assert (failure["node_id"], failure["node_type"]) == (WORK, "TestRaise")
    assert told(results[-1], COMPLETE)["status"] == "Complete: 6 of 7 done, 1 failed"


def test_an_error_on_the_last_image_ends_the_batch_at_the_next_prompt(seven: Seven) -> None:
    results = seven.run(seven.failing("img11.png", error_handling="Skip on error"))
    assert [result.status for result in results] == ["success"] * 6 + ["error", "success"]
    assert loop_state(seven.client, results[-1])["failed"] == 1


@pytest.mark.each_cache
def test_an_image_is_tried_max_attempts_times(seven: Seven) -> None:
    graph = seven.failing("img3.png", error_handling="Skip on error", max_attempts=3)
    results = seven.run(graph)
    assert [result.status for result in results].count("error") == 3
    assert loop_state(seven.client, results[-1])["failures"][0]["attempts"] == 3


@pytest.mark.each_cache
def test_stop_on_error_resumes_at_the_image_once_the_cause_is_fixed(seven: Seven) -> None:
    graph = seven.failing("img3.png")
    statuses = [seven.client.run(graph).status for _ in range(4)]
    assert statuses == ["success", "success", "error", "error"]
    seven.fail_list.unlink()
    seven.run(graph)
    assert seven.recorded == SEVEN


def at_rest(client: ComfyClient, result: RunResult) -> dict[str, Any] | None:
    """The state of a prompt's loop, once no image is in progress."""
    state = loop_state(client, result)
    return None if state["current"] else state


@pytest.mark.core
def test_an_interrupted_image_comes_again(seven: Seven) -> None:
    done = [seven.client.run(seven.graph()) for _ in range(3)]
    go = seven.workspace.scratch / "go"
    waiting = seven.graph(node("TestWait", image=[ITERATOR, 1], until=str(go)))
    prompt = seven.client.submit(waiting)
    seven.client.wait_until_executing(prompt, WORK)
    seven.client.interrupt()
    assert seven.client.wait(prompt).status == "interrupted"
    state = wait_for(lambda: at_rest(seven.client, done[-1]), "the image to be given back")
    assert (state["stands"], state["interrupted"]) == ("paused", True)
    go.touch()
    results = seven.run(waiting)
    assert told(results[0], ITERATOR)["filename"] == "img4.png"
    assert loop_state(seven.client, results[0])["interrupted"] is False
    assert seven.recorded == SEVEN


@pytest.mark.core
def test_a_run_on_a_complete_batch_runs_nothing_and_says_why(seven: Seven) -> None:
    seven.run()
    before = {path: path.stat().st_mtime_ns for path in seven.workspace.output.iterdir()}
    (result,) = seven.run()
    assert told(result, ITERATOR)["complete"] is True
    assert told(result, ITERATOR)["status"] == "Complete: 7 of 7 done"
    assert SAVE not in result.outputs
    assert seven.recorded == SEVEN
    assert before == {path: path.stat().st_mtime_ns for path in seven.workspace.output.iterdir()}


@pytest.mark.each_cache
def test_the_reset_route_starts_the_batch_over(seven: Seven) -> None:
    results = seven.run()
    body = {"directory": seven.workspace.name, "loop_name": ""}
    state = seven.client.post_json("/batch_loop/loops/reset", body)
    assert state["id"] == told(results[0], ITERATOR)["loop"]
    assert (state["pending"], written(state)) == (7, 0)
    seven.run()
    (last,) = seven.run()
    assert told(last, ITERATOR)["complete"] is True
    assert seven.recorded == SEVEN * 2


@pytest.mark.parametrize(
    "settings", [{"iteration_mode": "Reset"}, {"when_complete": "Start over"}], ids=str
)
def test_a_new_run_starts_over_once(seven: Seven, settings: dict[str, str]) -> None:
    graph = seven.graph(**settings)
    seven.run(graph)
    assert seven.recorded == SEVEN
    seven.run(graph)
    assert seven.recorded == SEVEN * 2


@pytest.mark.each_cache
def test_choosing_reset_in_mid_batch_starts_over_at_once(seven: Seven) -> None:
    seven.client.run(seven.graph())
    seven.run(seven.graph(iteration_mode="Reset"))
    assert seven.recorded == [SEVEN[0], *SEVEN]


def test_prompts_that_waited_when_the_batch_ended_do_not_start_it_over(seven: Seven) -> None:
    go = seven.workspace.scratch / "go"
    work = node("TestWait", image=[ITERATOR, 1], until=str(go))
    graph = seven.graph(work, when_complete="Start over")
    prompts = [seven.client.submit(graph) for _ in range(10)]
    go.touch()
    results = [seven.client.wait(prompt) for prompt in prompts]
    assert all(told(result, ITERATOR)["complete"] for result in results[7:])
    assert seven.recorded == SEVEN


@pytest.mark.each_cache
def test_a_batch_resumes_after_another_folder(seven: Seven) -> None:
    other = seven.workspace.input / "other"
    write_images(other, ["b1.png", "b2.png"])
    name = seven.workspace.name
    elsewhere = recorded(batch_graph(f"{name}/other", f"{name}/other"), seven.record)
    for graph in (seven.graph(), elsewhere, seven.graph()):
        seven.client.run(graph)
    run_until_stop(seven.client, elsewhere)
    seven.run()
    assert seven.recorded == ["img1.png", "b1.png", "img2.png", "b2.png", *SEVEN[2:]]


def test_a_folder_has_one_position_however_its_path_is_written(seven: Seven) -> None:
    name = seven.workspace.name
    spellings = [name, f"{name}/", f"{name}/../{name}", str(seven.workspace.input), f" ./{name} "]
    for spelling in spellings:
        seven.client.run(recorded(batch_graph(spelling, name), seven.record))
    assert seven.recorded == SEVEN[:5]


def test_two_clients_share_a_folder(seven: Seven) -> None:
    with ComfyClient(seven.client.url) as second:
        clients = [seven.client, second]
        running = [(client, client.submit(seven.graph())) for client in clients]
        stopped = 0
        while running:
            client, prompt = running.pop(0)
            if says_stop(client.wait(prompt)):
                stopped += 1
            else:
                running.append((client, client.submit(seven.graph())))
    assert stopped == 2
    assert sorted(seven.recorded) == sorted(SEVEN)


@pytest.mark.each_cache
def test_two_loop_names_go_through_a_folder_twice(seven: Seven) -> None:
    graphs = [seven.graph(loop_name=name) for name in ("one", "two")]
    for _ in range(7):
        results = [seven.client.run(graph) for graph in graphs]
    assert all(says_stop(result) for result in results)
    assert seven.recorded == [name for name in SEVEN for _ in range(2)]


@pytest.mark.each_cache
def test_the_directory_may_be_a_link_inside_a_subgraph(seven: Seven) -> None:
    graph = seven.graph()
    graph[ITERATOR]["inputs"]["directory"] = ["folder", 0]
    graph["folder"] = node("PrimitiveString", value=seven.workspace.name)
    # The page gives the nodes of a subgraph ids that begin with the subgraph node's id.
    inside = (ITERATOR, START, WORK, SAVE, END, COMPLETE, STOP, RECORD)
    nested = {f"10:{key}" if key in inside else key: value for key, value in graph.items()}
    for part in nested.values():
        for name, value in part["inputs"].items():
            if isinstance(value, list) and value[0] in inside:
                part["inputs"][name] = [f"10:{value[0]}", value[1]]
    for number in range(7):
        result = seven.client.run(nested)
        assert (told(result, f"10:{STOP}")["next"] == "stop") is (number == 6)
    assert seven.recorded == SEVEN


@pytest.mark.oldest_too
def test_a_wrong_directory_from_a_link_fails_with_the_same_message(seven: Seven) -> None:
    graph = seven.graph()
    graph[ITERATOR]["inputs"]["directory"] = ["folder", 0]
    graph["folder"] = node("PrimitiveString", value="no such folder")
    result = seven.client.run(graph)
    assert result.status == "error"
    assert result.error is not None
    assert "no such folder" in result.error.message
    assert "does not exist" in result.error.message


def test_files_can_come_and_go_in_mid_batch(seven: Seven) -> None:
    for _ in range(3):
        seven.client.run(seven.graph())
    write_images(seven.workspace.input, ["a-new-one.png"])
    (seven.workspace.input / "img1.png").unlink()
    seven.run()
    assert seven.recorded == [*SEVEN, "a-new-one.png"]


@pytest.mark.both_settings
def test_results_saved_beside_their_sources_are_not_processed(seven: Seven) -> None:
    graph = seven.graph()
    graph[SAVE]["inputs"].update(folder=str(seven.workspace.input), suffix="_out")
    seven.run(graph)
    assert seven.recorded == SEVEN
    assert len(list(seven.workspace.input.iterdir())) == 14


@pytest.mark.each_cache
def test_what_comfyuis_save_image_puts_beside_the_sources_is_not_processed(
    seven: Seven,
) -> None:
    write_images(seven.workspace.output, SEVEN)
    name = seven.workspace.name
    graph = batch_graph(str(seven.workspace.output), name)
    graph["own"] = node("SaveImage", images=[WORK, 0], filename_prefix=f"{name}/own")
    del graph[SAVE]
    # ComfyUI runs output nodes as soon as they are ready, so the image is saved before Loop End.
    graph["wait"] = node("TestWait", image=[WORK, 0], until=str(seven.workspace.output))
    graph[END]["inputs"]["after"] = ["wait", 0]
    results = seven.run(graph)
    assert len(results) == 7
    assert written(loop_state(seven.client, results[-1])) == 7
    assert len(list(seven.workspace.output.glob("own_*.png"))) == 7


@pytest.mark.core
def test_an_image_whose_save_fails_after_loop_end_is_not_done(seven: Seven) -> None:
    seven.fail_list.write_text("img2.png", encoding="utf-8")
    # ComfyUI's Save Image has no output for `after`, so Loop End does not wait for it. Here it even
    # waits for Loop End, so that the failure certainly comes later.
    graph = {key: part for key, part in seven.graph().items() if key not in (SAVE, RECORD)}
    del graph[END]["inputs"]["after"]
    graph["late"] = node(
        "TestRaise",
        image=[WORK, 0],
        filename=[ITERATOR, 3],
        fail_list=str(seven.fail_list),
        after=[COMPLETE, 0],
    )
    prefix = f"{seven.workspace.name}/own"
    graph["own"] = node("SaveImage", images=["late", 0], filename_prefix=prefix)
    assert seven.client.run(graph).status == "success"
    failed = seven.client.run(graph)
    assert failed.status == "error"
    assert failed.did_run(END)
    assert written(loop_state(seven.client, failed)) == 1
    seven.fail_list.unlink()
    results = seven.run(graph)
    assert told(results[0], ITERATOR)["filename"] == "img2.png"
    assert written(loop_state(seven.client, results[-1])) == 7
    assert len(list(seven.workspace.output.glob("own_*.png"))) == 7


@pytest.mark.each_cache
def test_a_blocked_loop_end_leaves_its_image_and_says_so_the_second_time(seven: Seven) -> None:
    graph = seven.graph()
    block = node("TestBlock", image=[WORK, 0], filename=[ITERATOR, 3], blocked="img1.png")
    graph[END]["inputs"]["value"] = ["block", 0]
    for _ in range(2):
        assert seven.client.run({**graph, "block": block}).status == "success"
    result = seven.client.run({**graph, "block": block})
    assert result.status == "error"
    assert result.error is not None
    assert result.error.message.startswith("Loop End was not reached: 2 prompts in a row")
    seven.record.unlink(missing_ok=True)
    del graph[END]["inputs"]["value"]
    seven.run(graph)
    assert seven.recorded == SEVEN


@pytest.mark.core
def test_an_image_that_the_workflow_leaves_out_on_purpose_is_done(seven: Seven) -> None:
    block = node("TestBlock", image=[ITERATOR, 1], filename=[ITERATOR, 3], blocked="img3.png")
    results = seven.run(seven.graph(block))
    assert len(results) == 7
    assert seven.recorded == [name for name in SEVEN if name != "img3.png"]
    assert written(loop_state(seven.client, results[-1])) == 7


@pytest.mark.core
def test_a_value_that_is_missing_once_complete_does_not_block_the_end(seven: Seven) -> None:
    graph = seven.graph()
    # Directly, and from the same node that also provides `loop`.
    graph[START]["inputs"]["initial_value"] = [ITERATOR, 1]
    graph[END]["inputs"] = {"loop": [START, 0], "value": [START, 1], "after": [ITERATOR, 3]}
    assert len(seven.run(graph)) == 7
    (last,) = seven.run(graph)
    assert told(last, ITERATOR)["complete"] is True


def test_the_pack_sends_no_events_and_queues_no_prompts(seven: Seven) -> None:
    results = seven.run()
    own = {
        "status",
        "execution_start",
        "execution_cached",
        "executing",
        "executed",
        "progress",
        "progress_state",
        "progress_text",
        "execution_success",
        "execution_error",
        "execution_interrupted",
        "feature_flags",
    }
    assert {event.type for event in seven.client.events} <= own
    submitted = [result.prompt_id for result in results]
    started = [
        event.data["prompt_id"] for event in seven.client.events if event.type == "execution_start"
    ]
    assert started == submitted
    queue = seven.client.queue()
    assert (queue.running, queue.pending) == ((), ())


@pytest.mark.core
def test_a_value_is_carried_to_the_next_image(client: ComfyClient, workspace: Workspace) -> None:
    names = ["a.png", "b.png", "c.png"]
    write_images(workspace.input, names)
    graph = batch_graph(
        workspace.name,
        workspace.name,
        node(
            "ImageBlend",
            image1=[ITERATOR, 1],
            image2=[START, 1],
            blend_factor=0.5,
            blend_mode="normal",
        ),
    )
    graph[START]["inputs"]["initial_value"] = [ITERATOR, 1]
    graph[END]["inputs"]["value"] = [WORK, 0]
    run_until_stop(client, graph)
    # Even when all links lead to nodes that are blocked on a complete batch.
    assert told(run_until_stop(client, graph, most=1)[0], ITERATOR)["complete"] is True
    expected = _pixels(workspace.input / "a.png")
    for name in names:
        expected = (_pixels(workspace.input / name) + expected) / 2
        assert abs(_pixels(workspace.output / name) - expected).max() <= 1.5


def _pixels(path: Path) -> Any:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")).astype(float)
