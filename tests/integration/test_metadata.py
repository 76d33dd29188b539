"""What a result keeps of its source's file, and transparency, on a real server."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from batch_loop.tests.integration.conftest import Workspace
from batch_loop.tests.support.batches import refusal, run_until_stop
from batch_loop.tests.support.graphs import ITERATOR, SAVE, Graph, batch_graph
from batch_loop.tests.support.photographs import (
    AUTHOR,
    MODEL,
    XMP,
    display_p3,
    photograph,
    saved,
    shown,
)
from batch_loop.tools.client import ComfyClient
from batch_loop.tools.server import ComfyServer


def unchanged(workspace: Workspace, **saving: object) -> Graph:
    """A batch that saves each image as it is."""
    graph = batch_graph(workspace.name, workspace.name)
    graph[SAVE]["inputs"].update(image=[ITERATOR, 1], **saving)
    return graph


def opened(path: Path) -> Image.Image:
    image: Image.Image = Image.open(io.BytesIO(path.read_bytes()))
    image.load()
    return image


def only_result(workspace: Workspace) -> Path:
    (path,) = workspace.output.iterdir()
    return path


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WebP"])
def test_a_photograph_keeps_colours_and_notes(
    client: ComfyClient, workspace: Workspace, format_: str
) -> None:
    before = photograph()
    (workspace.input / "photo.jpg").write_bytes(before)
    run_until_stop(client, unchanged(workspace, format=format_, quality=100))
    after = only_result(workspace).read_bytes()
    expected = np.rot90(shown(before), -1).astype(int)
    assert np.abs(shown(after) - expected).mean() < 1
    image = Image.open(io.BytesIO(after))
    assert image.info["icc_profile"][: len(display_p3())] == display_p3()
    exif = image.getexif()
    assert (exif[0x0110], exif[0x013B], exif[0x0112]) == (MODEL, AUTHOR, 1)
    assert b'xmp:Rating="4"' in after
    assert b"prompt" in after


def test_switched_off_only_the_colours_are_kept(client: ComfyClient, workspace: Workspace) -> None:
    (workspace.input / "photo.jpg").write_bytes(photograph())
    settings = {"keep_metadata": False, "embed_workflow": False, "format": "JPEG"}
    run_until_stop(client, unchanged(workspace, **settings))
    image = opened(only_result(workspace))
    assert "icc_profile" in image.info
    assert not image.getexif()
    assert "xmp" not in image.info


def test_without_comfyuis_own_metadata_the_photographers_stays(
    start_server: Callable[..., ComfyServer],
) -> None:
    server = start_server(flags=("--disable-metadata",))
    folder = server.input / "photos"
    folder.mkdir()
    (folder / "photo.jpg").write_bytes(photograph())
    graph = batch_graph("photos", "photos")
    graph[SAVE]["inputs"].update(image=[ITERATOR, 1], format="WebP")
    with server.client() as client:
        run_until_stop(client, graph)
    (path,) = (server.output / "photos").iterdir()
    assert opened(path).getexif()[0x0110] == MODEL
    assert b"prompt:" not in path.read_bytes()


def test_the_metadata_is_that_of_the_image_that_was_read(
    client: ComfyClient, workspace: Workspace
) -> None:
    """Also if images are read ahead, and of each image its own."""
    large = np.zeros((600, 600, 3), np.uint8)
    for number in range(3):
        exif = Image.Exif()
        exif[0x013B] = f"author {number}"
        data = saved(Image.fromarray(large), "JPEG", quality=100, exif=exif, comment=bytes(60_000))
        (workspace.input / f"{number}.jpg").write_bytes(data)
    run_until_stop(client, unchanged(workspace, format="same as source"))
    for number in range(3):
        found = opened(workspace.output / f"{number}.jpg").getexif()
        assert found[0x013B] == f"author {number}"


def test_the_mask_makes_results_transparent(client: ComfyClient, workspace: Workspace) -> None:
    pixels = np.full((8, 8, 4), 90, np.uint8)
    pixels[:, :4, 3], pixels[:, 4:, 3] = 255, 0
    Image.fromarray(pixels).save(workspace.input / "clear.png")
    Image.fromarray(pixels[:, :, :3]).save(workspace.input / "opaque.jpg")
    graph = unchanged(workspace, format="same as source", mask=[ITERATOR, 2])
    run_until_stop(client, graph)
    found = np.asarray(opened(workspace.output / "clear.png"))
    assert np.array_equal(found[:, :, 3], pixels[:, :, 3])
    assert opened(workspace.output / "opaque.jpg").mode == "RGB"


@pytest.mark.parametrize("format_", ["JPEG", "BMP"])
def test_a_mask_that_the_format_cannot_hold_is_refused_before_the_run(
    client: ComfyClient, workspace: Workspace, format_: str
) -> None:
    (workspace.input / "photo.jpg").write_bytes(photograph())
    refused = refusal(client, unchanged(workspace, format=format_, mask=[ITERATOR, 2]))
    assert f"a {format_} file cannot be" in refused
    assert not list(workspace.output.iterdir())


def test_skip_in_the_sources_own_folder_keeps_the_source(
    client: ComfyClient, workspace: Workspace
) -> None:
    """So that a caption run over the originals works."""
    source = workspace.input / "photo.jpg"
    source.write_bytes(photograph())
    graph = unchanged(
        workspace,
        folder=str(workspace.input),
        format="same as source",
        if_exists="skip",
        caption="a photograph",
    )
    results = run_until_stop(client, graph)
    assert source.read_bytes() == photograph()
    assert (workspace.input / "photo.txt").read_text() == "a photograph"
    assert all(result.status == "success" for result in results)


def test_the_texts_of_editors_are_whole(client: ComfyClient, workspace: Workspace) -> None:
    (workspace.input / "photo.png").write_bytes(photograph("PNG"))
    (workspace.input / "photo2.webp").write_bytes(photograph("WEBP", xmp=XMP))
    run_until_stop(client, unchanged(workspace, format="PNG"))
    found = opened(workspace.output / "photo2.png").info["XML:com.adobe.xmp"]
    assert "café" in found
