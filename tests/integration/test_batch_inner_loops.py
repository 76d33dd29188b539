"""Loops within one prompt, as in newer ComfyUI: our saver is in them, and runs several times.

ComfyUI's own loops are newer than the releases that the tests run on, so a helper node expands into
iterations with ids like theirs.
"""

from __future__ import annotations

import json

import pytest
from PIL import Image

from batch_loop.tests.integration.conftest import Workspace
from batch_loop.tests.integration.test_file_systems import files
from batch_loop.tests.support.batches import loop_state, run_until_stop, written
from batch_loop.tests.support.graphs import (
    END,
    ITERATOR,
    SAVE,
    START,
    WORK,
    batch_graph,
    node,
    save,
)
from batch_loop.tests.support.images import write_images
from batch_loop.tools.client import ComfyClient

NAMES = ["a.png", "b.png"]
COUNT = 3


def colours(workspace: Workspace, *names: str) -> list[int]:
    """The number of its iteration that was painted on each result, as its blue."""
    found = []
    for name in names:
        with Image.open(workspace.output / name) as image:
            found.append(image.convert("RGB").getpixel((0, 0))[2])  # type: ignore[index]
    return found


@pytest.mark.core
@pytest.mark.parametrize("if_exists", ["overwrite", "rename"])
def test_each_inner_iteration_has_its_own_result(
    client: ComfyClient, workspace: Workspace, if_exists: str
) -> None:
    write_images(workspace.input, NAMES)
    # Each waits for the one before, as in ComfyUI's own loops.
    body = {
        "paint": node("EmptyImage", width=8, height=8, batch_size=1, color="$index"),
        "order": node(
            "TestRaise", image=["paint", 0], after=["before", 0], filename="", fail_list=""
        ),
        "save": save(["order", 0], workspace.name, if_exists=if_exists),
    }
    body["save"]["inputs"]["loop"] = ["outside", 1]
    graph = batch_graph(workspace.name, workspace.name, when_complete="Start over")
    del graph[SAVE]
    graph[WORK] = node(
        "TestIterations",
        body=json.dumps(body),
        count=COUNT,
        outside0=[ITERATOR, 1],
        outside1=[START, 0],
    )
    graph[END]["inputs"]["after"] = [WORK, 0]
    results = run_until_stop(client, graph)
    assert [result.status for result in results] == ["success"] * len(results)
    expected = ["a.png", "a_1.png", "a_2.png", "b.png", "b_1.png", "b_2.png"]
    assert files(workspace.output) == expected
    assert colours(workspace, *expected) == [0, 1, 2] * 2
    assert written(loop_state(client, results[-1])) == len(NAMES)


@pytest.mark.core
def test_loop_end_does_not_make_a_saver_run_again(
    client: ComfyClient, workspace: Workspace
) -> None:
    """Or if its outputs have left the cache, its results are the same files."""
    write_images(workspace.input, NAMES)
    graph = batch_graph(workspace.name, workspace.name)
    # None of this waits for Loop Start, so it may run first.
    graph[SAVE]["inputs"] |= {"loop": [ITERATOR, 0], "if_exists": "rename"}
    graph[START]["inputs"] = {"loop": ["late", 0]}
    graph["late"] = node("TestSlow", value=[ITERATOR, 0], seconds=0.0, after=[SAVE, 0])
    results = run_until_stop(client, graph)
    assert [result.status for result in results] == ["success"] * len(results)
    assert files(workspace.output) == NAMES
    assert written(loop_state(client, results[-1])) == len(NAMES)
