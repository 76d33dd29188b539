"""The example workflows, run on a real server as by a script."""

from __future__ import annotations

import csv
import io
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image, ImageOps

from batch_loop.batch_loop_cli.workflow import Workflow
from batch_loop.core.comfy.templates import WITH_NATIVE_LOOPS
from batch_loop.core.files.allowed_paths import EXAMPLE_IMAGES
from batch_loop.core.files.listing import list_images
from batch_loop.core.films.sound import read_sound
from batch_loop.core.model.selection import Selection
from batch_loop.core.model.titles import taken_with
from batch_loop.tests.support.batches import says_stop, written
from batch_loop.tests.support.graphs import Graph, load_prompt
from batch_loop.tests.support.waiting import wait_for
from batch_loop.tools.client import ComfyClient
from batch_loop.tools.layout import EXAMPLE_FILM, EXAMPLES, NATIVE_LOOPS, releases_to_try
from batch_loop.tools.results import RunResult
from batch_loop.tools.server import ComfyServer

ALL = {path.stem for path in (EXAMPLES / "api").glob("*.json")}
WITH_ROWS = "Prompts from a table"
OF_A_FILM = "A film, frame by frame"
NAMES = sorted(ALL - WITH_NATIVE_LOOPS)
OF_IMAGES = sorted(ALL - WITH_NATIVE_LOOPS - {WITH_ROWS, OF_A_FILM})
BROKEN = "broken.png"
MOST_TURNS = 50


@pytest.fixture(scope="module", params=[release.version for release in releases_to_try()])
def released(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ComfyServer]:
    """A server of each release, on which no example has run yet."""
    base = tmp_path_factory.mktemp("comfyui")
    with ComfyServer(base, version=request.param, custom_nodes=[NATIVE_LOOPS]) as server:
        yield server


@pytest.fixture
def released_client(released: ComfyServer) -> Iterator[ComfyClient]:
    with released.client() as client:
        yield client


def told(results: list[RunResult], kind: str) -> list[dict[str, Any]]:
    """The reports of all nodes of one type, in order."""
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
        if image["type"] == "output"
    ]


def good_images(prompt: Graph) -> list[str]:
    """The images that an example reads, in its order, except for the broken one."""
    recursive = next(iter(prompt.values()))["inputs"]["recursive"]
    listed = list_images(EXAMPLE_IMAGES, Selection(recursive=recursive))
    assert BROKEN in listed
    return [path for path in listed if path != BROKEN]


def choices(declared: list[Any], value: object) -> list[object]:
    """The options of a combo, however the node declares it; anything for other inputs."""
    kind, *options = declared
    if isinstance(kind, list):
        return kind
    return options[0]["options"] if kind == "COMBO" else [value]


def run_until_stop(client: ComfyClient, prompt: Graph) -> list[RunResult]:
    results: list[RunResult] = []
    while not (results and says_stop(results[-1])):
        assert len(results) < MOST_TURNS
        results.append(client.run(prompt))
    assert {result.status for result in results} == {"success"}
    return results


def with_values(prompt: Graph, paths: list[str]) -> list[str]:
    """The items of images: with variants, one for each value."""
    for node in prompt.values():
        if node["class_type"] == "BatchLoopVariants":
            labels = node["inputs"]["values"].splitlines()
            return [taken_with(path, label) for path in paths for label in labels]
    return paths


def images_in(folder: Path) -> list[Path]:
    """The files below a folder except for texts; each is a whole image."""
    paths = [path for path in sorted(folder.rglob("*")) if path.suffix not in {"", ".txt"}]
    for path in paths:
        with Image.open(path) as image:
            image.load()
    return paths


@dataclass(frozen=True)
class Copy:
    """An example that works on a copy of its images, and saves to a folder of its own."""

    prompt: Graph
    images: Path
    results: Path


@pytest.fixture
def copy_of(released: ComfyServer) -> Callable[[str], Copy]:
    def copy(example: str) -> Copy:
        name = f"copy of {example}"
        shutil.copytree(EXAMPLES / "images", released.input / name)
        prompt = load_prompt(example)
        for node in prompt.values():
            if node["class_type"] == "BatchLoopDirectoryIterator":
                node["inputs"]["directory"] = name
            if node["class_type"] == "BatchLoopSaveImage":
                node["inputs"]["folder"] = name
        return Copy(prompt, released.input / name, released.output / name)

    return copy


def handed_out(results: list[RunResult]) -> list[str]:
    """The names of the images that were worked on."""
    return [said["filename"] for said in told(results, "iteration") if said["filename"]]


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    """The content and time of each file in a folder."""
    return {
        path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.glob("*.png")
    }


@pytest.mark.parametrize("name", OF_IMAGES)
def test_each_good_image_is_saved_once_and_then_it_stops(
    released: ComfyServer, released_client: ComfyClient, name: str
) -> None:
    prompt = load_prompt(name)
    good = with_values(prompt, good_images(prompt))

    results = run_until_stop(released_client, prompt)

    iterations = told(results, "iteration")
    assert [entry["filename"] for entry in iterations] == [PurePosixPath(p).name for p in good]
    files = saved(results)
    assert len(files) == len(set(files)) == len(good)
    on_disk = images_in(released.output / name)
    assert set(files) == {path.relative_to(released.output).as_posix() for path in on_disk}
    state = released_client.get_json(f"/batch_loop/loops/{iterations[0]['loop']}")
    assert (state["complete"], written(state)) == (True, len(good))
    assert [failure["path"] for failure in state["failures"]] == with_values(prompt, [BROKEN])

    after = released_client.run(prompt)

    assert says_stop(after)
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


def offered(client: ComfyClient) -> set[str]:
    """The pack's templates, as ComfyUI's Templates window lists them."""
    addresses = ("/workflow_templates", "/api/workflow_templates")
    plain, of_the_page = (set(client.get_json(each)["batch-loop"]) for each in addresses)
    assert plain == of_the_page
    return plain


def test_a_template_is_offered_only_where_comfyui_has_its_nodes(
    client: ComfyClient, released_client: ComfyClient
) -> None:
    assert "StartLoop" not in client.get_json("/object_info")
    assert offered(client) == ALL - WITH_NATIVE_LOOPS
    assert offered(released_client) == ALL


@pytest.mark.parametrize("name", sorted(WITH_NATIVE_LOOPS))
def test_each_repetition_of_an_image_is_saved(
    released: ComfyServer, released_client: ComfyClient, name: str
) -> None:
    prompt = load_prompt(name)
    good = [PurePosixPath(path).stem for path in good_images(prompt)]
    results = run_until_stop(released_client, prompt)
    assert sorted(path.name for path in images_in(released.output / name)) == sorted(
        f"{stem}{number}.png" for stem in good for number in ("", "_1", "_2")
    )
    loop = told(results, "iteration")[0]["loop"]
    state = released_client.get_json(f"/batch_loop/loops/{loop}")
    assert (state["complete"], written(state)) == (True, len(good))


def test_each_row_makes_an_image_of_its_width_with_its_prompt_beside_it(
    released: ComfyServer, released_client: ComfyClient
) -> None:
    prompt = load_prompt(WITH_ROWS)
    table = csv.DictReader(io.StringIO(prompt["1"]["inputs"]["text"]))
    rows = {row["prompt"]: (int(row["width"]), int(row["color"])) for row in table}
    results = run_until_stop(released_client, prompt)
    assert handed_out(results) == list(rows)
    made = {}
    for path in images_in(released.output / WITH_ROWS):
        said = path.with_suffix(".txt").read_text(encoding="utf-8")
        assert re.fullmatch(rf"{said} [0-9a-f]{{12}}", path.stem)
        with Image.open(path) as image:
            red, green, blue = image.getpixel((0, 0))
            made[said] = (image.width, red << 16 | green << 8 | blue)
    assert made == rows
    assert saved([released_client.run(prompt)]) == []


def frames_of(film: Path) -> tuple[list[Any], list[float]]:
    """The pictures of a film [H,W,3], and when each is shown, in seconds."""
    with av.open(str(film)) as container:
        frames = list(container.decode(video=0))
    return [frame.to_ndarray(format="rgb24") for frame in frames], [frame.time for frame in frames]


def test_the_film_is_made_again_of_its_inverted_frames_with_its_times_and_its_sound(
    released: ComfyServer, released_client: ComfyClient
) -> None:
    pictures, times = frames_of(EXAMPLE_FILM)
    results = run_until_stop(released_client, load_prompt(OF_A_FILM))
    assert len(results) == len(pictures)
    folder = released.output / OF_A_FILM
    names = [f"{EXAMPLE_FILM.stem}_{number:06}.png" for number in range(len(pictures))]
    assert [path.name for path in images_in(folder / "frames")] == names
    made, when = frames_of(folder / EXAMPLE_FILM.name)
    assert when == pytest.approx(times)
    for picture, inverted in zip(pictures, made, strict=True):
        assert np.abs(255.0 - picture - inverted).mean() < 8
    before, after = (read_sound(str(path)) for path in (EXAMPLE_FILM, folder / EXAMPLE_FILM.name))
    assert after.sample_rate == before.sample_rate
    assert after.duration == pytest.approx(before.duration, abs=0.1)
    both = min(before.waveform.shape[-1], after.waveform.shape[-1])
    assert (after.waveform[..., :both] - before.waveform[..., :both]).abs().mean() < 0.02
    assert saved([released_client.run(load_prompt(OF_A_FILM))]) == [
        "A film, frame by frame/balloons.mp4"
    ]


def test_upscale_folder_makes_each_image_twice_as_large(
    released_client: ComfyClient, copy_of: Callable[[str], Copy]
) -> None:
    copy = copy_of("Upscale folder")
    run_until_stop(released_client, copy.prompt)
    results = images_in(copy.results)
    assert len(results) == len(good_images(copy.prompt))
    for result in results:
        stem = result.stem.removesuffix("_2x")
        (source,) = (copy.images / result.parent.relative_to(copy.results)).glob(f"{stem}.*")
        with Image.open(source) as before, Image.open(result) as after:
            width, height = ImageOps.exif_transpose(before).size
            assert after.size == (2 * width, 2 * height)
            if before.format != "GIF":
                assert after.format == before.format


def test_captions_writes_a_text_beside_each_image(
    released_client: ComfyClient, copy_of: Callable[[str], Copy]
) -> None:
    copy = copy_of("Save a caption for each image")
    run_until_stop(released_client, copy.prompt)
    stems = [PurePosixPath(path).stem for path in good_images(copy.prompt)]
    assert {path.name: path.read_text() for path in copy.results.glob("*.txt")} == {
        f"{stem}.txt": f"A drawing of balloons, {stem}" for stem in stems
    }
    results = images_in(copy.results)
    assert sorted(path.stem for path in results) == sorted(stems)
    for path in results:
        with Image.open(path) as image:
            assert image.size == (512, 512)


def test_skip_finished_does_only_what_is_missing(
    released_client: ComfyClient, copy_of: Callable[[str], Copy]
) -> None:
    copy = copy_of("Make only what is missing")
    run_until_stop(released_client, copy.prompt)
    before = contents(copy.results)
    for name in ("img2.png", "palette.png"):
        (copy.results / name).unlink()
    again = run_until_stop(released_client, copy.prompt)
    assert handed_out(again) == ["img2.png", "palette.png"]
    after = contents(copy.results)
    changed = {name for name in after if after[name] != before[name]}
    assert (changed, after.keys()) == ({"img2.png", "palette.png"}, before.keys())


def test_watch_a_folder_takes_new_images(
    released_client: ComfyClient, copy_of: Callable[[str], Copy]
) -> None:
    copy = copy_of("Watch a folder for new images")
    first = run_until_stop(released_client, copy.prompt)
    assert told(first, "progress")[-1]["next"] == "watch"
    loop = {"loop": told(first, "iteration")[0]["loop"]}

    def all_ready() -> bool:
        arrived = released_client.post_json("/batch_loop/loops/watch", loop)
        return arrived["ready"] > 0 and arrived["growing"] == 0

    assert sorted(handed_out(first)) == sorted(good_images(copy.prompt))

    shutil.copy(copy.images / "img1.png", copy.images / "img99.png")
    wait_for(all_ready, "the new image")
    assert handed_out(run_until_stop(released_client, copy.prompt)) == ["img99.png"]
    assert (copy.results / "img99.png") in images_in(copy.results)


def test_retry_failed_takes_only_what_failed(
    released_client: ComfyClient, copy_of: Callable[[str], Copy]
) -> None:
    copy = copy_of("Retry images that failed")
    run_until_stop(released_client, copy.prompt)
    before = contents(copy.results)
    assert BROKEN not in before
    shutil.copy(copy.images / "img1.png", copy.images / BROKEN)
    assert handed_out(run_until_stop(released_client, copy.prompt)) == [BROKEN]
    after = contents(copy.results)
    assert after.pop(BROKEN)[0] != b""
    assert after == before


@pytest.fixture(scope="module")
def types(released: ComfyServer) -> dict[str, Any]:
    with released.client() as client:
        found: dict[str, Any] = client.get_json("/object_info")
    return found


@pytest.mark.parametrize("name", sorted(ALL))
def test_the_command_converts_saved_workflows_as_the_page_does(
    name: str, types: dict[str, Any]
) -> None:
    def inputs(path: Path) -> dict[str, Any]:
        return {key: node["inputs"] for key, node in Workflow(path).prompt(types).items()}

    assert inputs(EXAMPLES / f"{name}.json") == inputs(EXAMPLES / "api" / f"{name}.json")
