"""Masks and captions beside the images of a batch, on a real server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from batch_loop.core.graph.trial import CARD_INPUT, TRY_IMAGE
from batch_loop.tests.integration.conftest import Workspace
from batch_loop.tests.support.batches import loop_state, loops_of, refusal, run_until_stop, told
from batch_loop.tests.support.graphs import ITERATOR, SAVE_SETTINGS, Graph, iterator, node
from batch_loop.tests.support.images import write_images
from batch_loop.tools.client import ComfyClient, RunResult, UnexpectedAnswer

COMPANION, SHOWN, SAVE = "companion", "shown", "save"


def with_masks(workspace: Workspace, settings: dict[str, Any], **companion: Any) -> Graph:
    """A batch that saves each image's mask under its name; `settings` are the iterator's."""
    given = {"pattern": "{stem}_mask.png", "when_missing": "Fail", "mask_from": "auto"}
    return {
        ITERATOR: iterator(workspace.name, **settings),
        COMPANION: node("BatchLoopCompanionImage", loop=[ITERATOR, 0], **{**given, **companion}),
        SHOWN: node("MaskToImage", mask=[COMPANION, 1]),
        SAVE: node(
            "BatchLoopSaveImage",
            image=[SHOWN, 0],
            loop=[ITERATOR, 0],
            folder=workspace.name,
            **SAVE_SETTINGS,
        ),
    }


def with_captions(workspace: Workspace, settings: dict[str, Any], **companion: Any) -> Graph:
    """A batch that saves each image's caption, as a text in the folder of results."""
    given = {"pattern": "{stem}.txt", "when_missing": "Fail"}
    return {
        ITERATOR: iterator(workspace.name, **settings),
        COMPANION: node("BatchLoopCompanionText", loop=[ITERATOR, 0], **{**given, **companion}),
        SAVE: node(
            "BatchLoopSaveText",
            text=[COMPANION, 0],
            loop=[ITERATOR, 0],
            save_to="folder",
            folder=workspace.name,
            prefix="",
            suffix="",
            extension=".caption",
            if_exists="overwrite own",
            keep_subfolders=True,
        ),
    }


def write_mask(folder: Path, name: str, grey: int) -> None:
    """A mask of one grey."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (8, 8), grey).save(path)


def pixels_of(path: Path) -> npt.NDArray[np.uint8]:
    """[H,W,3]."""
    with Image.open(path) as image:
        return np.asarray(image)


def greys(folder: Path) -> dict[str, int]:
    """The grey of each result."""
    return {
        path.relative_to(folder).as_posix(): int(pixels_of(path)[0, 0, 0])
        for path in folder.rglob("*.png")
    }


def captions(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text("utf-8")
        for path in folder.rglob("*.caption")
    }


def statuses(results: list[RunResult]) -> list[str]:
    return [result.status for result in results]


@pytest.mark.each_cache
def test_each_image_has_its_mask(client: ComfyClient, workspace: Workspace) -> None:
    write_images(workspace.input, ["a.png", "b.jpg", "more/c.png"])
    for name, grey in [("a_mask.png", 10), ("b_mask.png", 20), ("more/c_mask.png", 30)]:
        write_mask(workspace.input / ".." / f"{workspace.name}-masks", name, grey)
    pattern = f"../{workspace.name}-masks/{{subfolder}}/{{stem}}_mask.png"
    graph = with_masks(workspace, {}, pattern=pattern)
    results = run_until_stop(client, graph)
    assert statuses(results) == ["success"] * 2
    assert greys(workspace.output) == {"a.png": 10, "b.png": 20}


@pytest.mark.each_cache
def test_each_image_has_its_caption(client: ComfyClient, workspace: Workspace) -> None:
    write_images(workspace.input, ["a.png", "b.jpg"])
    (workspace.input / "a.txt").write_text("a cat\n")
    (workspace.input / "b.txt").write_bytes("schön".encode("utf-16"))
    results = run_until_stop(client, with_captions(workspace, {}))
    assert statuses(results) == ["success"] * 2
    assert captions(workspace.output) == {"a.caption": "a cat", "b.caption": "schön"}


def test_an_empty_companion_has_the_size_of_the_image(
    client: ComfyClient, workspace: Workspace
) -> None:
    workspace.input.mkdir(exist_ok=True)
    Image.new("RGB", (7, 5), "red").save(workspace.input / "a.png")
    graph = with_masks(workspace, {}, when_missing="Empty")
    graph["also"] = node(
        "BatchLoopSaveImage",
        image=[COMPANION, 0],
        loop=[ITERATOR, 0],
        folder=workspace.name,
        **{**SAVE_SETTINGS, "suffix": "_image"},
    )
    graph["path"] = node("PreviewAny", source=[COMPANION, 2])
    results = run_until_stop(client, graph)
    assert greys(workspace.output) == {"a.png": 0, "a_image.png": 0}
    assert {pixels_of(path).shape for path in workspace.output.iterdir()} == {(5, 7, 3)}
    assert results[0].outputs["path"]["text"] == [""]


def test_empty_text(client: ComfyClient, workspace: Workspace) -> None:
    write_images(workspace.input, ["a.png"])
    run_until_stop(client, with_captions(workspace, {}, when_missing="Empty"))
    assert captions(workspace.output) == {"a.caption": ""}


@pytest.mark.parametrize(
    ("mask_from", "expected"),
    [
        ("auto", {"grey": 100, "holes": 255, "opaque": 50}),
        ("transparency", {"grey": 0, "holes": 255, "opaque": 0}),
        ("brightness", {"grey": 100, "holes": 30, "opaque": 50}),
    ],
)
def test_a_mask_is_made_of_transparency_or_brightness(
    client: ComfyClient, workspace: Workspace, mask_from: str, expected: dict[str, int]
) -> None:
    names = ["grey", "holes", "opaque"]
    write_images(workspace.input, [f"{name}.png" for name in names])
    masks = workspace.input / "masks"
    write_mask(masks, "grey.png", 100)
    holes = Image.new("LA", (8, 8), (30, 255))
    holes.putpixel((0, 0), (30, 0))
    holes.save(masks / "holes.png")
    Image.new("RGBA", (8, 8), (50, 20, 10, 255)).save(masks / "opaque.png")
    graph = with_masks(workspace, {}, pattern="masks/{stem}.*", mask_from=mask_from)
    run_until_stop(client, graph)
    assert greys(workspace.output) == {f"{name}.png": grey for name, grey in expected.items()}


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("mask.png", "neither {stem} nor {filename}"),
        ("{name}.png", "{name}"),
        ("", "empty"),
        ("../../../../../../../../{stem}.png", "outside"),
        ("/etc/{stem}.png", "outside"),
        ("masks/{stem}.png", "does not exist"),
    ],
)
def test_a_pattern_that_cannot_work_is_refused_before_anything_runs(
    client: ComfyClient, workspace: Workspace, pattern: str, says: str
) -> None:
    write_images(workspace.input, ["a.png"])
    assert says in refusal(client, with_masks(workspace, {}, pattern=pattern))
    assert loops_of(client, workspace.input) == []


@pytest.mark.each_cache
def test_a_missing_mask_stops_the_batch_on_its_image(
    client: ComfyClient, workspace: Workspace
) -> None:
    write_images(workspace.input, ["a.png", "b.png", "c.png"])
    write_mask(workspace.input, "a_mask.png", 10)
    write_mask(workspace.input, "c_mask.png", 30)
    graph = with_masks(workspace, {})
    first = client.run(graph)
    assert first.status == "success"
    failed = client.run(graph)
    assert failed.status == "error"
    assert failed.error is not None
    assert 'The companion of the image "b.png" is missing' in failed.error.message
    state = loop_state(client, first)
    assert state["stopped_on"]["path"] == "b.png"
    stopped = state["stopped_on"]
    assert stopped["reason"] == '"b_mask.png", its companion, is missing'
    assert (stopped["node_type"], stopped["unreadable"]) == ("BatchLoopCompanionImage", False)
    assert (state["total"], state["done"], state["failed"]) == (3, 1, 0)
    write_mask(workspace.input, "b_mask.png", 20)
    run_until_stop(client, graph)
    assert greys(workspace.output) == {"a.png": 10, "b.png": 20, "c.png": 30}


@pytest.mark.each_cache
def test_a_missing_mask_is_skipped_without_a_prompt_of_its_own(
    client: ComfyClient, workspace: Workspace
) -> None:
    write_images(workspace.input, ["a.png", "b.png", "c.png", "d.png"])
    write_mask(workspace.input, "a_mask.png", 10)
    (workspace.input / "b_mask.png").write_bytes(b"no image")
    write_mask(workspace.input, "d_mask.png", 40)
    graph = with_masks(workspace, {"error_handling": "Skip on error", "max_attempts": 3})
    results = run_until_stop(client, graph)
    assert statuses(results) == ["success"] * 2
    assert greys(workspace.output) == {"a.png": 10, "d.png": 40}
    state = loop_state(client, results[-1])
    reasons = {each["path"]: each["reason"] for each in state["failures"]}
    assert reasons["c.png"] == '"c_mask.png", its companion, is missing'
    assert reasons["b.png"].startswith('"b_mask.png", its companion, cannot be read: ')
    assert len(reasons) == 2


def test_a_missing_caption_fails_its_image(client: ComfyClient, workspace: Workspace) -> None:
    write_images(workspace.input, ["a.png", "b.png"])
    (workspace.input / "b.txt").write_text("b")
    assert '"a.txt"' in refusal(client, with_captions(workspace, {}))
    graph = with_captions(workspace, {"error_handling": "Skip on error"})
    run_until_stop(client, graph)
    assert captions(workspace.output) == {"b.caption": "b"}


@pytest.mark.parametrize("error_handling", ["Stop on error", "Skip on error"])
def test_images_without_a_mask_are_left_out_and_counted(
    client: ComfyClient, workspace: Workspace, error_handling: str
) -> None:
    write_images(workspace.input, ["a.png", "b.png", "c.png", "d.png"])
    write_mask(workspace.input, "b_mask.png", 20)
    write_mask(workspace.input, "d_mask.png", 40)
    settings = {"error_handling": error_handling}
    graph = with_masks(workspace, settings, when_missing="Leave the image out")
    results = run_until_stop(client, graph)
    assert statuses(results) == ["success"] * 2
    assert greys(workspace.output) == {"b.png": 20, "d.png": 40}
    said = results[-1].outputs[SAVE]["batch_loop"][0]
    assert (said["total"], said["done"], said["failed"], said["lacking"]) == (2, 2, 0, 2)
    assert said["status"] == "Complete: 2 of 2 done, 2 left out without a companion"
    # One that has got its mask joins.
    write_mask(workspace.input, "a_mask.png", 10)
    run_until_stop(client, graph)
    assert greys(workspace.output) == {"a.png": 10, "b.png": 20, "d.png": 40}
    assert loop_state(client, results[-1])["lacking"] == 1


@pytest.mark.parametrize("error_handling", ["Stop on error", "Skip on error"])
def test_an_image_that_loses_its_mask_in_mid_batch_is_left_out_until_that_is_back(
    client: ComfyClient, workspace: Workspace, error_handling: str
) -> None:
    names = ["a.png", "b.png", "c.png", "d.png"]
    write_images(workspace.input, names)
    for grey, name in enumerate(names, start=1):
        write_mask(workspace.input, name.replace(".", "_mask."), 10 * grey)
    settings = {"error_handling": error_handling}
    graph = with_masks(workspace, settings, when_missing="Leave the image out")
    first = client.run(graph)
    for lost in ("b_mask.png", "d_mask.png"):
        (workspace.input / lost).unlink()
    results = run_until_stop(client, graph)
    # The last one that is left has its prompt, and no prompt is lost to the others.
    assert statuses(results) == ["success"]
    assert greys(workspace.output) == {"a.png": 10, "c.png": 30}
    state = loop_state(client, first)
    stands = [state[name] for name in ("complete", "total", "done", "failed", "lacking")]
    assert stands == [True, 2, 2, 0, 2]
    # It is not told as one that could not be read.
    assert told(results[-1], ITERATOR)["unreadable"] == 0
    write_mask(workspace.input, "b_mask.png", 50)
    run_until_stop(client, graph)
    assert greys(workspace.output) == {"a.png": 10, "b.png": 50, "c.png": 30}
    state = loop_state(client, first)
    assert (state["total"], state["done"], state["lacking"]) == (3, 3, 1)


def test_a_folder_in_which_no_image_has_a_mask_is_refused_with_the_reason(
    client: ComfyClient, workspace: Workspace
) -> None:
    write_images(workspace.input, ["a.png", "b.png"])
    graph = with_masks(workspace, {}, when_missing="Leave the image out")
    assert "left out (2 here)" in refusal(client, graph)


def test_masks_among_the_images_are_no_images(client: ComfyClient, workspace: Workspace) -> None:
    write_images(workspace.input, ["a.png", "b.png", "x/c.png"])
    for name in ("a_mask.png", "b_mask.png", "x/c_mask.png"):
        write_mask(workspace.input, name, 10)
    graph = with_masks(workspace, {"recursive": True, "limit": 2})
    results = run_until_stop(client, graph)
    assert greys(workspace.output) == {"a.png": 10, "b.png": 10}
    assert loop_state(client, results[-1])["total"] == 2


def test_a_node_that_nothing_uses_asks_for_no_companion(
    client: ComfyClient, workspace: Workspace
) -> None:
    write_images(workspace.input, ["a.png", "a.txt_mask.png"])
    graph = with_masks(workspace, {}, when_missing="Empty")
    graph["unused"] = node(
        "BatchLoopCompanionText", loop=[ITERATOR, 0], pattern="{nothing}", when_missing="Fail"
    )
    assert statuses(run_until_stop(client, graph)) == ["success"] * 2


def test_a_pattern_from_another_node_works_without_the_listing(
    client: ComfyClient, workspace: Workspace
) -> None:
    write_images(workspace.input, ["a.png"])
    write_mask(workspace.input, "a_mask.png", 10)
    graph = with_masks(workspace, {"limit": 1, "error_handling": "Skip on error"})
    graph["pattern"] = node("PrimitiveString", value="{stem}_mask.png")
    graph[COMPANION]["inputs"]["pattern"] = ["pattern", 0]
    run_until_stop(client, graph)
    assert greys(workspace.output) == {"a.png": 10}
    graph[COMPANION]["inputs"]["when_missing"] = "Leave the image out"
    assert "Type the pattern into the node" in refusal(client, graph)


def test_companions_of_a_pair_are_those_of_each_folder(
    client: ComfyClient, workspace: Workspace
) -> None:
    left, right = workspace.input / "left", workspace.input / "right"
    write_images(left, ["a.png", "b.png"])
    write_images(right, ["c.png", "d.png"])
    for name, grey in [("left/a_mask.png", 1), ("left/b_mask.png", 2), ("right/d_mask.png", 4)]:
        write_mask(workspace.input, name, grey)
    settings = {"error_handling": "Skip on error"}
    graph = with_masks(workspace, settings)
    graph[ITERATOR] = iterator(f"{workspace.name}/left", **settings)
    graph["right"] = iterator(f"{workspace.name}/right", **settings)
    graph["right mask"] = node(
        "BatchLoopCompanionImage",
        loop=["right", 0],
        pattern="{stem}_mask.png",
        when_missing="Fail",
        mask_from="auto",
    )
    graph["both"] = node(
        "MaskComposite",
        destination=[COMPANION, 1],
        source=["right mask", 1],
        x=0,
        y=0,
        operation="add",
    )
    graph[SHOWN]["inputs"]["mask"] = ["both", 0]
    results = run_until_stop(client, graph)
    assert greys(workspace.output) == {"b.png": 6}
    assert loop_state(client, results[-1])["failures"][0]["path"] == "a.png"
    graph["right mask"]["inputs"]["when_missing"] = "Leave the image out"
    assert "Choose Fail or Empty" in refusal(client, graph)


def test_a_mask_is_read_anew_for_an_image_that_is_tried(
    client: ComfyClient, workspace: Workspace
) -> None:
    write_images(workspace.input, ["a.png"])
    write_mask(workspace.input, "a_mask.png", 10)
    graph = with_masks(workspace, {})
    run_until_stop(client, graph)
    write_mask(workspace.input, "a_mask.png", 20)
    graph[ITERATOR]["inputs"][CARD_INPUT] = {TRY_IMAGE: "a.png"}
    graph["path"] = node("PreviewAny", source=[COMPANION, 2])
    shown = client.run(graph).outputs[SAVE]["images"]
    assert [image["type"] for image in shown] == ["temp"]
    temp = workspace.output.parent.parent / "temp" / shown[0]["subfolder"] / shown[0]["filename"]
    assert pixels_of(temp)[0, 0, 0] == 20
    assert greys(workspace.output) == {"a.png": 10}


def test_a_page_is_told_of_the_images_without_their_companions(
    client: ComfyClient, workspace: Workspace
) -> None:
    write_images(workspace.input, ["a.png", "b.png"])
    write_mask(workspace.input, "b_mask.png", 20)
    companion = {"pattern": "{stem}_mask.png", "when_missing": "Fail", "kind": "image"}
    asked: dict[str, Any] = {"directory": workspace.name}

    def told(**changes: str) -> tuple[int, list[str], str | None]:
        body = {**asked, "companions": [{**companion, **changes}]}
        found = client.post_json("/batch_loop/folder", body)
        items = client.post_json("/batch_loop/items", body)["items"]
        images = [item["path"] for item in items]
        return found["total"], images, found["nothing"] and found["nothing"]["why"]

    assert client.post_json("/batch_loop/folder", asked)["total"] == 3
    assert told() == (2, ["a.png", "b.png"], None)
    assert told(when_missing="Leave the image out") == (1, ["b.png"], None)
    missing = {"pattern": "{stem}.webp", "when_missing": "Leave the image out"}
    assert told(**missing) == (0, [], "lacking")
    # One that is still being typed is none yet.
    assert told(pattern="{ste")[0] == 3
    for wrong in ({"kind": "sound"}, {"when_missing": "Never"}):
        body = {**asked, "companions": [{**companion, **wrong}]}
        with pytest.raises(UnexpectedAnswer, match="A companion was") as answer:
            client.post("/batch_loop/folder", body)
        assert answer.value.status == 400
    run_until_stop(client, with_masks(workspace, {}, when_missing="Empty"))
    write_images(workspace.input, ["c.png"])
    body = {**asked, "companions": [{**companion, "when_missing": "Empty"}]}
    assert client.post_json("/batch_loop/folder", body)["new"] == 1


def test_companions_follow_loop_start_and_loop_end(
    client: ComfyClient, workspace: Workspace
) -> None:
    write_images(workspace.input, ["a.png", "b.png"])
    write_mask(workspace.input, "b_mask.png", 20)
    graph = with_masks(workspace, {}, when_missing="Leave the image out")
    graph["start"] = node("BatchLoopLoopStart", loop=[ITERATOR, 0])
    graph[COMPANION]["inputs"]["loop"] = ["start", 0]
    graph[SAVE]["inputs"]["loop"] = ["start", 0]
    graph["end"] = node("BatchLoopLoopEnd", loop=["start", 0], after=[SAVE, 0])
    graph["complete"] = node("BatchLoopBatchComplete", loop=["end", 0])
    graph["stop"] = node("BatchLoopEndQueue", stop=["complete", 0])
    assert len(run_until_stop(client, graph)) == 1
    assert greys(workspace.output) == {"b.png": 20}
