"""The example workflows, run on a real server as a script would run them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

import pytest

from batch_loop.nodes.io.listing import Selection, list_images
from batch_loop.nodes.io.paths import EXAMPLE_IMAGES
from batch_loop.tests.support.graphs import Graph
from batch_loop.tools.client import ComfyClient
from batch_loop.tools.examples import EXAMPLES, load_prompt
from batch_loop.tools.layout import RELEASES
from batch_loop.tools.results import RunResult
from batch_loop.tools.server import ComfyServer

NAMES = sorted(path.stem for path in (EXAMPLES / "api").glob("*.json"))
BROKEN = "broken.png"
MOST_TURNS = 30


@pytest.fixture(scope="module", params=[release.version for release in RELEASES])
def released(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ComfyServer]:
    """A server of each release, on which nobody has run an example yet."""
    with ComfyServer(tmp_path_factory.mktemp("comfyui"), version=request.param) as server:
        yield server


@pytest.fixture
def released_client(released: ComfyServer) -> Iterator[ComfyClient]:
    with released.client() as client:
        yield client


def told(results: list[RunResult], kind: str) -> list[dict[str, Any]]:
    """What nodes of one kind reported, in order."""
    outputs = (output for result in results for output in result.outputs.values())
    entries = (entry for output in outputs for entry in output.get("batch_loop", ()))
    return [entry for entry in entries if entry["kind"] == kind]


def saved(results: list[RunResult]) -> list[str]:
    """Paths of the saved files below the output folder, in order."""
    return [
        f"{image['subfolder']}/{image['filename']}"
        for result in results
        for output in result.outputs.values()
        for image in output.get("images", ())
    ]


def good_images(prompt: Graph) -> list[str]:
    """The example images that an example reads, in its order, less the broken one."""
    recursive = next(iter(prompt.values()))["inputs"]["recursive"]
    listed = list_images(EXAMPLE_IMAGES, Selection(recursive=recursive))
    assert BROKEN in listed
    return [path for path in listed if path != BROKEN]


def choices(declared: list[Any], value: object) -> list[object]:
    """What a combo offers, as either generation of nodes declares it; for others, anything."""
    kind, *options = declared
    if isinstance(kind, list):
        return kind
    return options[0]["options"] if kind == "COMBO" else [value]


def run_until_stop(client: ComfyClient, prompt: Graph) -> list[RunResult]:
    results: list[RunResult] = []
    while not any(verdict["stop"] for verdict in told(results, "end_queue")):
        assert len(results) < MOST_TURNS
        results.append(client.run(prompt))
    assert {result.status for result in results} == {"success"}
    return results


@pytest.mark.parametrize("name", NAMES)
def test_each_good_image_is_saved_once_then_stop(
    released: ComfyServer, released_client: ComfyClient, name: str
) -> None:
    prompt = load_prompt(name)
    good = good_images(prompt)

    results = run_until_stop(released_client, prompt)

    iterations = told(results, "iteration")
    assert [entry["filename"] for entry in iterations] == [PurePosixPath(p).name for p in good]
    files = saved(results)
    assert len(files) == len(set(files)) == len(good)
    on_disk = (released.output / name).rglob("*.png")
    assert set(files) == {path.relative_to(released.output).as_posix() for path in on_disk}
    state = released_client.get_json(f"/batch_loop/loops/{iterations[0]['loop']}")
    assert (state["complete"], state["done"]) == (True, len(good))
    assert [failure["path"] for failure in state["failures"]] == [BROKEN]

    after = released_client.run(prompt)

    assert [verdict["stop"] for verdict in told([after], "end_queue")] == [True]
    assert saved([after]) == []


@pytest.mark.parametrize("name", NAMES)
def test_its_nodes_and_their_inputs_exist(released_client: ComfyClient, name: str) -> None:
    known = released_client.get_json("/object_info")
    for node in load_prompt(name).values():
        schema = known[node["class_type"]]["input"]
        required, optional = schema.get("required", {}), schema.get("optional", {})
        assert required.keys() <= node["inputs"].keys() <= required.keys() | optional.keys()
        for input_name, value in node["inputs"].items():
            if not isinstance(value, list):
                assert value in choices({**required, **optional}[input_name], value)
