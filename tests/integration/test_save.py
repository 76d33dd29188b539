"""Saving by Save Image (Batch), and reading files, on a real server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from batch_loop.tests.integration.conftest import Workspace
from batch_loop.tests.support.batches import refusal, run_until_stop, told
from batch_loop.tests.support.graphs import (
    COMPLETE,
    END,
    ITERATOR,
    ITERATOR_SETTINGS,
    SAVE,
    START,
    WORK,
    Graph,
    batch_graph,
    node,
)
from batch_loop.tests.support.images import colour_of, write_images
from batch_loop.tests.support.load_image import load_image, load_image_reads_with_pillow
from batch_loop.tests.support.waiting import wait_for
from batch_loop.tools.client import ComfyClient


def pixels(path: Path) -> Any:
    """RGB values of an image file, [H,W,3]."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def unchanged(workspace: Workspace, **settings: Any) -> Graph:
    """A batch that saves each image unchanged; `settings` are of either node."""
    ours = {name: value for name, value in settings.items() if name in ITERATOR_SETTINGS}
    graph = batch_graph(workspace.name, workspace.name, **ours)
    graph[SAVE]["inputs"].update(
        {name: value for name, value in settings.items() if name not in ITERATOR_SETTINGS},
        image=[ITERATOR, 1],
    )
    return graph


def saved(folder: Path) -> list[str]:
    """Relative paths of all files in `folder`."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path.relative_to(folder).as_posix() for path in files)


def test_results_have_the_names_and_subfolders_of_their_sources(
    client: ComfyClient, workspace: Workspace
) -> None:
    write_images(workspace.input, ["a.png", "holiday/a.png", "holiday/sea/b.png"])
    results = run_until_stop(client, unchanged(workspace, recursive=True, prefix="x_", suffix="_y"))
    names = ["holiday/sea/x_b_y.png", "holiday/x_a_y.png", "x_a_y.png"]
    assert saved(workspace.output) == names
    (shown,) = results[-1].outputs[SAVE]["images"]
    path = Path(shown["subfolder"]) / shown["filename"]
    assert (path.parts[0], shown["type"]) == (workspace.name, "output")


def test_without_subfolders_no_result_overwrites_another(
    client: ComfyClient, workspace: Workspace
) -> None:
    names = ["a.png", "one/a.png", "two/a.bmp"]
    write_images(workspace.input, names)
    graph = unchanged(workspace, recursive=True, keep_subfolders=False)
    for _ in range(2):
        # Nor one that existed before.
        run_until_stop(client, {**graph, ITERATOR: _reset(graph[ITERATOR])})
        assert saved(workspace.output) == ["a.png", "a_1.png", "a_2.png"]
        found = {tuple(pixels(workspace.output / name)[0, 0]) for name in saved(workspace.output)}
        assert found == {colour_of(name) for name in names}


@pytest.mark.parametrize(
    ("if_exists", "names", "old_kept"),
    [
        ("overwrite", ["a.png"], False),
        ("skip", ["a.png"], True),
        ("rename", ["a.png", "a_1.png"], True),
    ],
)
def test_if_exists_decides_on_files_that_existed_before(
    client: ComfyClient,
    workspace: Workspace,
    if_exists: str,
    names: list[str],
    old_kept: bool,  # noqa: FBT001
) -> None:
    write_images(workspace.input, ["a.png"])
    old = workspace.output / "a.png"
    Image.new("RGB", (8, 8)).save(old)
    before = old.read_bytes()
    run_until_stop(client, unchanged(workspace, if_exists=if_exists))
    assert saved(workspace.output) == names
    assert (old.read_bytes() == before) is old_kept


def test_a_source_is_never_overwritten(client: ComfyClient, workspace: Workspace) -> None:
    (source,) = write_images(workspace.input, ["a.png"])
    before = source.read_bytes()
    graph = unchanged(workspace, folder=str(workspace.input))
    result = client.run(graph)
    assert result.status == "error"
    assert result.error is not None
    assert "would overwrite an image that this batch reads" in result.error.message
    graph[SAVE]["inputs"]["if_exists"] = "rename"
    run_until_stop(client, graph)
    assert source.read_bytes() == before
    assert saved(workspace.input) == ["a.png", "a_1.png"]


@pytest.mark.parametrize(
    ("if_exists", "status", "after"),
    [
        ("overwrite own", "success", ["a.png", "a_1.png"]),
        ("overwrite", "error", ["a.png"]),
    ],
)
def test_a_source_behind_a_link_is_never_overwritten(
    client: ComfyClient, workspace: Workspace, if_exists: str, status: str, after: list[str]
) -> None:
    (source,) = write_images(workspace.output, ["a.png"])
    (workspace.input / "a.png").symlink_to(source)
    before = source.read_bytes()
    result = client.run(unchanged(workspace, if_exists=if_exists))
    assert result.status == status
    if result.error is not None:
        assert "would overwrite an image that this batch reads" in result.error.message
    wait_for(lambda: saved(workspace.output) == after, "the results")
    assert source.read_bytes() == before


@pytest.mark.parametrize(
    ("choice", "source", "result"),
    [
        ("PNG", "a.jpg", ("a.png", "PNG")),
        ("JPEG", "a.png", ("a.jpg", "JPEG")),
        ("WebP", "a.png", ("a.webp", "WEBP")),
        ("AVIF", "a.png", ("a.avif", "AVIF")),
        ("same as source", "a.avif", ("a.avif", "AVIF")),
        ("same as source", "a.webp", ("a.webp", "WEBP")),
        ("same as source", "a.jpeg", ("a.jpeg", "JPEG")),
        ("same as source", "a.PNG", ("a.PNG", "PNG")),
        ("same as source", "a.gif", ("a.png", "PNG")),
    ],
)
def test_each_format_can_be_saved(
    client: ComfyClient, workspace: Workspace, choice: str, source: str, result: tuple[str, str]
) -> None:
    write_images(workspace.input, [source])
    run_until_stop(client, unchanged(workspace, format=choice))
    name, kind = result
    assert saved(workspace.output) == [name]
    with Image.open(workspace.output / name) as image:
        assert image.format == kind
    off = abs(pixels(workspace.output / name) - pixels(workspace.input / source)).max()
    assert off <= 8


def test_several_images_at_once_are_numbered(client: ComfyClient, workspace: Workspace) -> None:
    write_images(workspace.input, ["a.png"])
    graph = unchanged(workspace)
    graph[WORK] = node("RepeatImageBatch", image=[ITERATOR, 1], amount=3)
    graph[SAVE]["inputs"]["image"] = [WORK, 0]
    (result,) = run_until_stop(client, graph)
    assert saved(workspace.output) == ["a_1.png", "a_2.png", "a_3.png"]
    assert len(result.outputs[SAVE]["images"]) == 3


@pytest.mark.both_settings
def test_a_caption_is_saved_beside_each_image(client: ComfyClient, workspace: Workspace) -> None:
    write_images(workspace.input, ["a.png", "sub/b.jpg", "c.png"])
    graph = unchanged(workspace, recursive=True, suffix="_s")
    graph["text"] = node(
        "StringConcatenate", string_a="Bild:", string_b=[ITERATOR, 3], delimiter=" "
    )
    graph[SAVE]["inputs"]["caption"] = ["text", 0]
    results = run_until_stop(client, graph)
    texts = {path.name: path.read_bytes() for path in workspace.output.rglob("*.txt")}
    assert texts == {
        "a_s.txt": b"Bild: a.png",
        "b_s.txt": b"Bild: b.jpg",
        "c_s.txt": b"Bild: c.png",
    }
    loop = told(results[-1], ITERATOR)["loop"]
    items = client.get_json(f"/batch_loop/loops/{loop}/report.json")["items"]
    assert {item["path"]: [Path(file).name for file in item["outputs"]] for item in items} == {
        "a.png": ["a_s.png", "a_s.txt"],
        "c.png": ["c_s.png", "c_s.txt"],
        "sub/b.jpg": ["b_s.png", "b_s.txt"],
    }


def test_skip_finished_makes_missing_captions(client: ComfyClient, workspace: Workspace) -> None:
    write_images(workspace.input, ["a.png", "b.png"])
    settings = {"skip_finished": True, "when_complete": "Start over"}
    graph = unchanged(workspace, caption="a photo", **settings)
    run_until_stop(client, graph)
    (workspace.output / "b.txt").unlink()
    (result, *_) = run_until_stop(client, graph)
    assert told(result, ITERATOR)["filename"] == "b.png"
    assert saved(workspace.output) == ["a.png", "a.txt", "b.png", "b.txt"]


@pytest.mark.parametrize("linked", [True, False])
def test_an_empty_caption_from_a_link_is_written(
    client: ComfyClient,
    workspace: Workspace,
    linked: bool,  # noqa: FBT001
) -> None:
    write_images(workspace.input, ["a.png"])
    graph = unchanged(workspace, caption="")
    graph["text"] = node("PrimitiveString", value="")
    if linked:
        graph[SAVE]["inputs"]["caption"] = ["text", 0]
    run_until_stop(client, graph)
    assert saved(workspace.output) == ["a.png", "a.txt"][: 1 + linked]


@pytest.mark.parametrize("if_exists", ["skip", "rename"])
def test_a_second_attempt_leaves_files_that_existed_before(
    client: ComfyClient, workspace: Workspace, if_exists: str
) -> None:
    write_images(workspace.input, ["a.png"])
    (workspace.output / "a.png").write_bytes(b"from before")
    graph = unchanged(workspace, if_exists=if_exists)
    failing = workspace.scratch / "failing"
    failing.write_text("a.png")
    graph["fail"] = node(
        "TestRaise", image=[SAVE, 0], filename=[ITERATOR, 3], fail_list=str(failing)
    )
    graph[END]["inputs"]["after"] = ["fail", 0]
    assert client.run(graph).status == "error"
    failing.unlink()
    run_until_stop(client, graph)
    assert (workspace.output / "a.png").read_bytes() == b"from before"


def test_what_another_saver_saves_through_a_link_is_known_as_a_result(
    client: ComfyClient, workspace: Workspace
) -> None:
    """A link in the output folder leads to the very folder that the batch reads."""
    write_images(workspace.input, ["a.png"])
    (workspace.output / "link").symlink_to(workspace.input)
    graph = unchanged(workspace)
    link = f"{workspace.name}/link"
    graph["own"] = node("TestSave", image=[ITERATOR, 1], subfolder=link, name="own.png")
    for _ in range(2):
        result = run_until_stop(client, graph)[-1]
        assert told(result, COMPLETE)["total"] == 1
    assert saved(workspace.input) == ["a.png", "own.png"]


@pytest.mark.parametrize("embed", [True, False])
def test_the_workflow_is_embedded_as_comfyui_embeds_it(
    client: ComfyClient,
    workspace: Workspace,
    embed: bool,  # noqa: FBT001
) -> None:
    write_images(workspace.input, ["a.png"])
    graph = unchanged(workspace, embed_workflow=embed)
    graph["own"] = node("SaveImage", images=[ITERATOR, 1], filename_prefix=f"{workspace.name}/own")
    workflow = {"nodes": [], "title": "ünïcode"}
    client.run(graph, extra={"extra_pnginfo": {"workflow": workflow}})
    with Image.open(workspace.output / "a.png") as ours:
        with Image.open(workspace.output / "own_00001_.png") as own:
            assert ours.info == (own.info if embed else {})
        if embed:
            prompt = json.loads(ours.info["prompt"])
            assert {key: part["class_type"] for key, part in prompt.items()} == {
                key: part["class_type"] for key, part in graph.items()
            }
            assert json.loads(ours.info["workflow"]) == workflow


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("prefix", "../../escape", "prefix was '../../escape'"),
        ("suffix", "a/b", "write it in folder"),
        ("format", "JPEG2000", "format was 'JPEG2000'"),
        ("if_exists", "delete", "if_exists was 'delete'"),
    ],
)
def test_settings_that_cannot_work_are_refused(
    client: ComfyClient, workspace: Workspace, setting: str, value: str, words: str
) -> None:
    write_images(workspace.input, ["a.png"])
    result = refusal(client, unchanged(workspace, **{setting: value}))
    # Newer releases refuse by themselves a value that is not one of the options.
    assert words in result or f"Value not in list: {setting}: '{value}' not in [" in result
    assert saved(workspace.output) == []


def test_a_link_in_the_output_folder_does_not_lead_outside(
    client: ComfyClient, workspace: Workspace
) -> None:
    outside = workspace.scratch / "outside"
    outside.mkdir()
    write_images(workspace.input, ["sub/a.png"])
    (workspace.output / "sub").symlink_to(outside)
    result = client.run(unchanged(workspace, recursive=True))
    assert result.status == "error"
    assert result.error is not None
    assert "link that leads out" in result.error.message
    assert list(outside.iterdir()) == []


def test_images_are_read_like_by_comfyuis_load_image(
    client: ComfyClient, workspace: Workspace
) -> None:
    source = workspace.input
    modes = ["RGB", "RGBA", "L", "LA", "P", "PA", "1", "CMYK", "YCbCr"]
    kinds = {"CMYK": "jpg", "YCbCr": "tif", "PA": "tif"}
    gradient = Image.radial_gradient("L").resize((60, 40))
    colours = Image.merge("RGB", (gradient, gradient.rotate(90), gradient.rotate(180)))
    for mode in modes:
        image = colours.convert("RGBA" if "A" in mode else "RGB")
        if "A" in mode:
            image.putalpha(gradient)
        image.convert(mode).save(source / f"{mode}.{kinds.get(mode, 'png')}")
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        colours.save(source / f"turned{orientation}.jpg", exif=exif, quality=90)
    palette = colours.quantize(16)
    palette.info["transparency"] = 3
    palette.save(source / "transparent.png", transparency=3)
    colours.save(
        source / "moving.webp",
        save_all=True,
        append_images=[gradient.convert("RGB")],
        lossless=True,
    )

    names = sorted(path.name for path in source.iterdir())
    graph = unchanged(workspace, sort_by="name", embed_workflow=False)
    graph["mask"] = node("MaskToImage", mask=[ITERATOR, 2])
    graph["our mask"] = node(
        "BatchLoopSaveImage",
        **{
            **graph[SAVE]["inputs"],
            "image": ["mask", 0],
            "loop": [START, 0],
            "suffix": "_mask",
        },
    )
    results = run_until_stop(client, graph, most=40)
    assert len(results) == len(names)
    for result in results:
        name = told(result, ITERATOR)["filename"]
        own = as_load_image_saves(client, workspace, name)
        stem = Path(name).stem
        image = pixels(workspace.output / f"{stem}.png")
        assert np.array_equal(image, own["image"]), name
        mask = pixels(workspace.output / f"{stem}_mask.png")
        assert mask.shape == image.shape
        # Without transparency, Load Image's mask is always black and 64x64.
        assert np.array_equal(mask, own["mask"]) or not (mask.any() or own["mask"].any()), name


def as_load_image_saves(client: ComfyClient, workspace: Workspace, name: str) -> dict[str, Any]:
    """The "image" and the "mask" that Load Image makes of a file, as saved: [H,W,3]."""
    loaded = load_image(workspace.input / name)
    mask = np.repeat(loaded.mask[:, :, None], 3, axis=2)
    # Cut off instead of rounded, as ComfyUI does when it saves.
    own = {"image": (loaded.image * 255).astype(int), "mask": (mask * 255).astype(int)}
    if load_image_reads_with_pillow():
        load: Graph = {
            "load": node("LoadImage", image=f"{workspace.name}/{name}"),
            # Load Image outputs every frame of an animated image.
            "first": node("ImageFromBatch", image=["load", 0], batch_index=0, length=1),
            "masks": node("MaskToImage", mask=["load", 1]),
        }
        for kind, images in (("image", "first"), ("mask", "masks")):
            prefix = f"{workspace.name}/{kind}_{name}"
            load[kind] = node("SaveImage", images=[images, 0], filename_prefix=prefix)
        assert client.run(load).status == "success"
        for kind, expected in own.items():
            saved_by_it = pixels(workspace.output / f"{kind}_{name}_00001_.png")
            assert np.array_equal(saved_by_it, expected), name
    return own


def _reset(iterator: dict[str, Any]) -> dict[str, Any]:
    inputs = {**iterator["inputs"], "iteration_mode": "Reset"}
    return {**iterator, "inputs": inputs}
