"""Two Directory Iterators in one workflow advance together or not at all, on a real server."""

from __future__ import annotations

import os
from typing import Any

import pytest

from batch_loop.tests.integration.conftest import Workspace
from batch_loop.tests.support.batches import run_until_stop, says_stop, told, written
from batch_loop.tests.support.graphs import (
    COMPLETE,
    END,
    ITERATOR,
    START,
    STOP,
    WORK,
    batch_graph,
    node,
    save,
)
from batch_loop.tests.support.images import write_broken
from batch_loop.tests.support.pairs import (
    NAMES,
    OTHER,
    OTHER_COMPLETE,
    OTHER_END,
    met,
    pairs,
    write_both,
)
from batch_loop.tools.client import ComfyClient, PromptRejected


def states(client: ComfyClient, workspace: Workspace) -> list[dict[str, Any]]:
    loops = client.get_json("/batch_loop/loops")["loops"]
    own = [loop for loop in loops if loop["directory"].startswith(str(workspace.input))]
    own.sort(key=lambda loop: str(loop["directory"]))
    return [client.get_json(f"/batch_loop/loops/{loop['id']}") for loop in own]


def results_of(client: ComfyClient, workspace: Workspace) -> list[list[str]]:
    """The results that each loop has for each of its images, without the folder."""
    return [
        [
            " ".join(os.path.relpath(file, workspace.output) for file in item["outputs"])
            for item in client.get_json(f"/batch_loop/loops/{state['id']}/report.json")["items"]
        ]
        for state in states(client, workspace)
    ]


def start_over(client: ComfyClient, workspace: Workspace) -> None:
    for state in states(client, workspace):
        client.post_json("/batch_loop/loops/reset", {"loop": state["id"]})


@pytest.mark.oldest_too
@pytest.mark.parametrize("turned", [False, True])
def test_one_unreadable_image_shifts_no_pair(
    client: ComfyClient, workspace: Workspace, *, turned: bool
) -> None:
    write_both(workspace.input, NAMES, NAMES)
    write_broken(workspace.input / "right" / "2.png")
    graph = pairs(workspace.name, turned=turned, error_handling="Skip on error")
    results = run_until_stop(client, graph)
    assert [result.status for result in results] == ["success"] * 3
    assert met(workspace.output) == [(name, name) for name in ("1.png", "3.png", "4.png")]
    left, right = states(client, workspace)
    for state in (left, right):
        assert (written(state), state["failed"], state["complete"]) == (3, 1, True)
        assert state["failures"][0]["path"] == "2.png"
    assert "together with '2.png' of 'right'" in left["failures"][0]["reason"]


@pytest.mark.core
@pytest.mark.parametrize("turned", [False, True])
def test_settings_from_other_nodes_are_known_in_advance(
    client: ComfyClient, workspace: Workspace, *, turned: bool
) -> None:
    write_both(workspace.input, NAMES, NAMES[:2])
    graph = pairs(workspace.name, turned=turned)
    graph["20"] = node("PrimitiveString", value="a name of its own")
    graph["21"] = node(
        "StringConcatenate", string_a=workspace.name, string_b="right", delimiter="/"
    )
    for each in (ITERATOR, OTHER):
        graph[each]["inputs"]["loop_name"] = ["20", 0]
    graph[OTHER]["inputs"]["directory"] = ["21", 0]
    results = run_until_stop(client, graph, most=4)
    assert [result.status for result in results] == ["success"] * 2
    assert met(workspace.output) == [(name, name) for name in NAMES[:2]]
    assert [told(result, each)["filename"] for result in results for each in (ITERATOR, OTHER)] == [
        name for name in NAMES[:2] for _ in range(2)
    ]
    for state, rest in zip(states(client, workspace), (2, 0), strict=True):
        assert (written(state), state["pending"], state["complete"]) == (2, rest, True)
    assert told(results[0], OTHER)["loop_name"] == "a name of its own"


@pytest.mark.oldest_too
def test_wrong_settings_from_links_are_refused_before_an_image_is_handed_out(
    client: ComfyClient, workspace: Workspace
) -> None:
    write_both(workspace.input, NAMES, NAMES)
    folders = f"{workspace.name}/left {workspace.name}/right"
    for name, source, words in (
        ("skip_finished", node("PrimitiveBoolean", value=True), "skip_finished is on"),
        ("directory", node("TestList", text=folders), "is given a list of 2"),
    ):
        graph = pairs(workspace.name, finished_as="{stem}.png")
        graph["20"] = source
        graph[OTHER]["inputs"][name] = ["20", 0]
        result = client.run(graph)
        assert result.error is not None
        assert words in result.error.message
    assert states(client, workspace) == []


@pytest.mark.oldest_too
def test_a_blocked_setting_blocks_both(client: ComfyClient, workspace: Workspace) -> None:
    write_both(workspace.input, NAMES, NAMES)
    graph = pairs(workspace.name)
    graph["20"] = node("TestList", text="no")
    graph[OTHER]["inputs"]["directory"] = ["20", 0]
    assert client.run(graph).status == "success"
    assert states(client, workspace) == []
    assert met(workspace.output) == []


@pytest.mark.oldest_too
@pytest.mark.parametrize(("left", "right"), [(2, 4), (4, 2)])
def test_an_image_without_a_partner_is_not_done_and_ends_the_batch(
    client: ComfyClient, workspace: Workspace, left: int, right: int
) -> None:
    write_both(workspace.input, NAMES[:left], NAMES[:right])
    graph = pairs(workspace.name)
    results = run_until_stop(client, graph, most=5)
    assert met(workspace.output) == [("1.png", "1.png"), ("2.png", "2.png")]
    assert len(results) == 2
    for state in states(client, workspace):
        rest = state["total"] - 2
        assert (written(state), state["pending"], state["unpaired"]) == (2, rest, rest)
        assert state["complete"]
    again = client.run(graph)
    assert says_stop(again)
    longer = OTHER_COMPLETE if right > left else COMPLETE
    assert told(again, longer)["status"] == "Complete: 2 of 4 done, 2 images have no partner"
    assert len(met(workspace.output)) == 2


@pytest.mark.oldest_too
def test_a_partners_images_are_never_overwritten(client: ComfyClient, workspace: Workspace) -> None:
    write_both(workspace.input, NAMES, NAMES)
    images = {path: path.read_bytes() for path in (workspace.input / "right").iterdir()}
    graph = pairs(workspace.name)
    graph["4"] = save([WORK, 0], str(workspace.input / "right"), if_exists="overwrite")
    result = client.run(graph)
    assert result.error is not None
    assert "would overwrite an image that this batch reads" in result.error.message
    assert {path: path.read_bytes() for path in (workspace.input / "right").iterdir()} == images


@pytest.mark.oldest_too
@pytest.mark.parametrize(("main", "other"), [("left", "right"), ("right", "left")])
def test_a_pair_s_result_is_that_of_the_loop_that_the_saver_was_given(
    client: ComfyClient, workspace: Workspace, main: str, other: str
) -> None:
    """It has one name in every run, and a batch of the other folder alone leaves it alone."""
    names = NAMES[:2]
    write_both(workspace.input, names, names)
    graph = pairs(workspace.name)
    graph["4"] = save([WORK, 0], workspace.name)
    graph["4"]["inputs"]["loop"] = [START, 0] if main == "left" else [OTHER, 0]
    for _ in range(2):
        run_until_stop(client, graph)
        assert results_of(client, workspace) == [names, names]
        assert met(workspace.output) == [(name, name) for name in names]
        start_over(client, workspace)
    of_pairs = {path: path.read_bytes() for path in workspace.output.iterdir()}
    run_until_stop(client, batch_graph(f"{workspace.name}/{other}", workspace.name))
    numbered = ["1_1.png", "2_1.png"]
    assert sorted(path.name for path in workspace.output.iterdir()) == sorted(names + numbered)
    assert {path: path.read_bytes() for path in of_pairs} == of_pairs


@pytest.mark.each_cache
def test_what_another_node_saves_of_a_pair_is_shown_with_both(
    client: ComfyClient, workspace: Workspace
) -> None:
    write_both(workspace.input, NAMES[:2], NAMES[:2])
    run_until_stop(client, pairs(workspace.name))
    names = ["pair_00001_.png", "pair_00002_.png"]
    assert results_of(client, workspace) == [names, names]


@pytest.mark.each_cache
def test_chains_of_one_workflow_have_their_own_results(
    client: ComfyClient, workspace: Workspace
) -> None:
    write_both(workspace.input, NAMES[:2], NAMES[:3])
    graph = pairs(workspace.name)
    del graph[WORK]
    graph["4"]["inputs"]["images"] = [ITERATOR, 1]
    graph["14"] = save([OTHER, 1], f"{workspace.name}/right")
    graph["14"]["inputs"]["loop"] = [OTHER, 0]
    graph[END]["inputs"]["after"] = [ITERATOR, 1]
    graph[OTHER_END]["inputs"]["after"] = ["14", 0]
    graph[STOP]["inputs"]["stop"] = [OTHER_COMPLETE, 0]
    for first in (1, 3):
        run_until_stop(client, graph)
        assert results_of(client, workspace) == [
            [f"pair_0000{first}_.png", f"pair_0000{first + 1}_.png"],
            ["right/1.png", "right/2.png", "right/3.png"],
        ]
        start_over(client, workspace)


def test_chains_that_do_not_meet_are_not_a_pair(client: ComfyClient, workspace: Workspace) -> None:
    write_both(workspace.input, NAMES[:1], NAMES[:3])
    graph = pairs(workspace.name)
    del graph[WORK]
    graph["4"]["inputs"]["images"] = [ITERATOR, 1]
    graph["14"] = node("PreviewImage", images=[OTHER, 1])
    graph[END]["inputs"]["after"] = [ITERATOR, 1]
    graph[OTHER_END]["inputs"]["after"] = [OTHER, 1]
    graph[STOP]["inputs"]["stop"] = [OTHER_COMPLETE, 0]
    results = run_until_stop(client, graph)
    assert len(results) == 3
    assert [told(result, STOP)["of_batch"] for result in results] == [True] * 3
    assert [written(state) for state in states(client, workspace)] == [1, 3]
    graph["flag"] = node("PrimitiveBoolean", value=True)
    graph[STOP]["inputs"]["stop"] = ["flag", 0]
    verdict = {"kind": "end_queue", "next": "stop", "of_batch": False}
    assert told(client.run(graph), STOP) == verdict


@pytest.mark.oldest_too
def test_settings_that_do_not_go_together_are_refused(
    client: ComfyClient, workspace: Workspace
) -> None:
    write_both(workspace.input, NAMES, NAMES)
    for settings, words in (
        ({"directory": f"{workspace.name}/left", "limit": 2}, "loop_name or another folder"),
        ({"iteration_mode": "Reset"}, "iteration_mode"),
        ({"skip_finished": True, "finished_as": "{stem}.png"}, "skip_finished"),
        ({"directory": ["20", 0]}, "directory of it comes from BatchLoopDirectoryIterator #1"),
    ):
        graph = pairs(workspace.name)
        graph["20"] = node(
            "StringConcatenate", string_a="right", string_b=[ITERATOR, 4], delimiter="/"
        )
        graph[OTHER]["inputs"].update(settings)
        with pytest.raises(PromptRejected, match=words):
            client.submit(graph)
    same = pairs(workspace.name)
    same[OTHER]["inputs"]["directory"] = f"{workspace.name}/left"
    results = run_until_stop(client, same)
    assert [told(result, OTHER)["filename"] for result in results] == NAMES
