"""Several results of one image, and results of other batches: each has and keeps its own name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from batch_loop.tests.integration.conftest import Workspace
from batch_loop.tests.integration.test_save import pixels, saved, unchanged
from batch_loop.tests.support.batches import run_until_stop, told
from batch_loop.tests.support.graphs import ITERATOR, SAVE, WORK, Graph, iterator, node, save
from batch_loop.tests.support.images import colour_of, write_images
from batch_loop.tools.client import ComfyClient

EVERY = ["overwrite own", "overwrite", "skip", "rename"]


def several(workspace: Workspace, **settings: Any) -> Graph:
    """Three images of each, one call of the saver for each: the source, its inverse, the source."""
    graph = unchanged(workspace, **settings)
    graph["inverse"] = node("ImageInvert", image=[ITERATOR, 1])
    graph["two"] = node("ImageBatch", image1=[ITERATOR, 1], image2=["inverse", 0])
    graph["three"] = node("ImageBatch", image1=["two", 0], image2=[ITERATOR, 1])
    graph[WORK] = node("RebatchImages", images=["three", 0], batch_size=1)
    graph[SAVE]["inputs"]["image"] = [WORK, 0]
    return graph


def contents(folder: Path, *files: str) -> list[str]:
    """For each file, the test image that it shows, or the inverse of one."""
    colours = {name: colour_of(name) for name in ("a.png", "IMG_1.png", "IMG_2.png")}
    inverse = {f"inverse {name}": tuple(255 - c for c in each) for name, each in colours.items()}
    known = {**colours, **inverse}
    found = []
    for file in files:
        colour = pixels(folder / file)[0, 0]
        found += [name for name, each in known.items() if abs(colour - each).max() <= 1]
    return found


@pytest.mark.parametrize("if_exists", EVERY)
@pytest.mark.both_settings
def test_each_element_of_a_list_has_its_own_name(
    client: ComfyClient, workspace: Workspace, if_exists: str
) -> None:
    write_images(workspace.input, ["a.png"])
    graph = several(workspace, if_exists=if_exists, when_complete="Start over")
    first, again = ["a.png", "a_1.png", "a_2.png"], ["a_3.png", "a_4.png", "a_5.png"]
    (result,) = run_until_stop(client, graph)
    assert [entry["filename"] for entry in result.outputs[SAVE]["images"]] == first
    (result,) = run_until_stop(client, graph)
    latest = again if if_exists == "rename" else first
    assert [entry["filename"] for entry in result.outputs[SAVE]["images"]] == latest
    assert saved(workspace.output) == sorted({*first, *latest})
    three = ["a.png", "inverse a.png", "a.png"]
    assert contents(workspace.output, *first) == contents(workspace.output, *latest) == three
    loop = told(result, ITERATOR)["loop"]
    (item,) = client.get_json(f"/batch_loop/loops/{loop}/report.json")["items"]
    assert [Path(file).name for file in item["outputs"]] == latest


def test_savers_of_the_same_names_are_ordered_by_the_graph(
    client: ComfyClient, workspace: Workspace
) -> None:
    write_images(workspace.input, ["a.png"])
    graph = unchanged(workspace, when_complete="Start over", skip_finished=True)
    # Its id comes later, but it is first in the graph.
    second = save([WORK, 0], f"{workspace.name}/")
    graph[WORK] = node("ImageInvert", image=[ITERATOR, 1])
    graph = {"40": second, **graph}
    (_,) = run_until_stop(client, graph)
    assert saved(workspace.output) == ["a-2.png", "a.png"]
    assert contents(workspace.output, "a.png", "a-2.png") == ["a.png", "inverse a.png"]
    (nothing,) = run_until_stop(client, graph)
    assert told(nothing, ITERATOR)["finished"] == 1
    (workspace.output / "a-2.png").unlink()
    (result,) = run_until_stop(client, graph)
    assert told(result, ITERATOR)["filename"] == "a.png"
    assert saved(workspace.output) == ["a-2.png", "a.png"]


def test_two_identical_savers_both_save(client: ComfyClient, workspace: Workspace) -> None:
    write_images(workspace.input, ["a.png"])
    graph = unchanged(workspace, when_complete="Start over", skip_finished=True)
    graph["40"] = {**graph[SAVE], "inputs": dict(graph[SAVE]["inputs"])}
    (_,) = run_until_stop(client, graph)
    assert saved(workspace.output) == ["a-2.png", "a.png"]
    (nothing,) = run_until_stop(client, graph)
    assert told(nothing, ITERATOR)["finished"] == 1


@pytest.mark.parametrize("folder", ["", "/results"], ids=["beside", "below"])
def test_results_in_the_folder_of_images_are_no_images(
    client: ComfyClient, workspace: Workspace, folder: str
) -> None:
    names = ["IMG_1.png", "IMG_2.png", "a.png"]
    write_images(workspace.input, names)
    place = f"{workspace.input}{folder}"
    graph = unchanged(workspace, recursive=True, folder=place, suffix="_up")
    client.run(graph)
    # The folder is listed again, with a result in it.
    graph[ITERATOR]["inputs"]["sort_by"] = "name"
    last = run_until_stop(client, graph)[-1]
    results = [f"{folder}/{name.replace('.', '_up.')}".removeprefix("/") for name in names]
    expected = sorted([*names, *results])
    for settings in ({}, {"skip_finished": True}):
        assert told(last, ITERATOR)["total"] + told(last, ITERATOR)["finished"] == len(names)
        assert saved(workspace.input) == expected
        graph[ITERATOR]["inputs"].update(settings)
        client.post_json("/batch_loop/loops/reset", {"loop": told(last, ITERATOR)["loop"]})
        last = run_until_stop(client, graph)[-1]
    assert told(last, ITERATOR)["finished"] == len(names)
    assert saved(workspace.input) == expected


def test_a_result_of_another_folder_is_kept(client: ComfyClient, workspace: Workspace) -> None:
    names = ["IMG_1.png", "IMG_2.png"]
    folders = ["one", "two"]
    settings = {"when_complete": "Start over", "folder": workspace.name}
    graphs = []
    for folder in folders:
        # Different colours show which result is whose.
        write_images(workspace.input / folder, names)
        graph = unchanged(workspace, **settings)
        graph[ITERATOR] = iterator(f"{workspace.name}/{folder}", when_complete="Start over")
        graphs.append(graph)
    graphs[1][WORK] = node("ImageInvert", image=[ITERATOR, 1])
    graphs[1][SAVE]["inputs"]["image"] = [WORK, 0]
    (workspace.output / "IMG_2.png").write_bytes(b"of unknown origin")
    for _ in range(2):
        for graph in graphs:
            run_until_stop(client, graph)
        assert saved(workspace.output) == [
            "IMG_1.png",
            "IMG_1_1.png",
            "IMG_2.png",
            "IMG_2_1.png",
            "IMG_2_2.png",
        ]
    assert (workspace.output / "IMG_2.png").read_bytes() == b"of unknown origin"
    found = contents(workspace.output, "IMG_1.png", "IMG_1_1.png", "IMG_2_1.png", "IMG_2_2.png")
    assert found == ["IMG_1.png", "inverse IMG_1.png", "IMG_2.png", "inverse IMG_2.png"]
    # The other folder's result is not taken for this one's, which is found.
    for graph in graphs:
        graph[ITERATOR]["inputs"]["skip_finished"] = True
    (workspace.output / "IMG_1_1.png").unlink()
    (nothing,) = run_until_stop(client, graphs[0])
    assert told(nothing, ITERATOR)["finished"] == 2
    (result,) = run_until_stop(client, graphs[1])
    assert told(result, ITERATOR)["filename"] == "IMG_1.png"
    assert told(result, ITERATOR)["finished"] == 1
    assert (workspace.output / "IMG_1_1.png").exists()
    # It is replaced only by a batch that was told to.
    graphs[1][SAVE]["inputs"]["if_exists"] = "overwrite"
    graphs[1][ITERATOR]["inputs"]["skip_finished"] = False
    run_until_stop(client, graphs[1])
    assert contents(workspace.output, *names) == [f"inverse {name}" for name in names]


@pytest.mark.nothing_behind
def test_an_image_that_failed_in_mid_list_is_not_done_and_gets_the_same_names(
    client: ComfyClient, workspace: Workspace
) -> None:
    write_images(workspace.input, ["a.png"])
    graph = several(workspace, if_exists="overwrite", when_complete="Start over")
    # A folder is in the way of the second result.
    (workspace.output / "a_1.png").mkdir()
    assert client.run(graph).status == "error"
    assert saved(workspace.output) == ["a.png"]
    (workspace.output / "a_1.png").rmdir()
    graph[ITERATOR]["inputs"] |= {"iteration_mode": "Reset", "skip_finished": True}
    (result,) = run_until_stop(client, graph)
    assert told(result, ITERATOR)["filename"] == "a.png"
    assert saved(workspace.output) == ["a.png", "a_1.png", "a_2.png"]
    (nothing,) = run_until_stop(client, graph)
    assert told(nothing, ITERATOR)["finished"] == 1
    (workspace.output / "a_2.png").unlink()
    (result,) = run_until_stop(client, graph)
    assert told(result, ITERATOR)["filename"] == "a.png"
    assert saved(workspace.output) == ["a.png", "a_1.png", "a_2.png"]
