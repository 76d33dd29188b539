"""What `compression` makes of the files of a batch, compared with what encoders give."""

from __future__ import annotations

import io
import math
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from batch_loop.core.background.read_ahead import SMALLEST
from batch_loop.core.media.effort import Effort
from batch_loop.core.media.formats.decode import decode
from batch_loop.core.media.formats.encode import encode
from batch_loop.core.model.formats import Format
from batch_loop.tests.integration.conftest import Workspace
from batch_loop.tests.support.batches import run_until_stop
from batch_loop.tests.support.graphs import ITERATOR, SAVE, Graph, node, two_node_graph
from batch_loop.tools.client import ComfyClient, Queue
from batch_loop.tools.server import ComfyServer

NAMES = ["a.png", "b.png", "c.png", "d.png", "e.png"]
SLOW_SECONDS = 1.2
NOT_KEPT = (570, 580)
"""Pixels of an image whose memory is not worth being kept, so that none is beside the images'."""


def picture(height: int, width: int) -> Image.Image:
    """A smooth gradient with some noise."""
    down, across = np.mgrid[0:height, 0:width] / max(height, width) * 8
    smooth = np.stack([np.sin(across), np.cos(across + down), np.sin(down)], 2) * 100 + 127
    noise = np.random.default_rng(0).normal(0, 3, smooth.shape)
    return Image.fromarray(np.clip(smooth + noise, 0, 255).astype(np.uint8))


def batch(workspace: Workspace, size: tuple[int, int], **saving: object) -> Graph:
    """A workflow of two nodes over five copies of a picture, saved without the workflow."""
    for name in NAMES:
        picture(*size).save(workspace.input / name, compress_level=1)
    graph = two_node_graph(workspace.name, workspace.name)
    graph[SAVE]["inputs"].update(image=[ITERATOR, 1], embed_workflow=False, **saving)
    return graph


def efforts(client: ComfyClient, workspace: Workspace, graph: Graph) -> list[Effort]:
    """The effort that each of the results was saved with."""
    run_until_stop(client, graph)
    source = io.BytesIO((workspace.input / NAMES[0]).read_bytes())
    image = decode(source).image[0]
    settings = graph[SAVE]["inputs"]
    format_, quality = Format(settings["format"]), settings["quality"]
    by_data = {
        encode(image, format=format_, quality=quality, metadata=None, effort=effort): effort
        for effort in (Effort.SMALL, Effort.FAST)
    }
    assert len(by_data) == 2
    files = sorted(workspace.output.iterdir())
    assert [file.stem for file in files] == [Path(name).stem for name in NAMES]
    return [by_data.get(file.read_bytes(), Effort.MIDDLE) for file in files]


def slow(graph: Graph) -> Graph:
    """The same with a model that takes its time, and leaves the processor free."""
    graph["model"] = node("TestSlow", value=[ITERATOR, 1], seconds=SLOW_SECONDS)
    graph[SAVE]["inputs"]["image"] = ["model", 0]
    return graph


def test_a_slow_model_s_time_makes_the_files_small(
    client: ComfyClient, workspace: Workspace
) -> None:
    """Of a workflow from before there was the setting, too."""
    # No other test's images are of about this size: what those took says nothing of these.
    graph = slow(batch(workspace, (600, 900)))
    assert "compression" not in graph[SAVE]["inputs"]
    first, *others, last = efforts(client, workspace, graph)
    assert Effort.SMALL in others
    # Nothing is known yet; nothing hides it.
    assert (first, last) == (Effort.FAST, Effort.FAST)


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "WebP", "AVIF"])
@pytest.mark.parametrize("compression", ["fast", "small"])
def test_with_a_choice_no_time_is_looked_at(
    client: ComfyClient, workspace: Workspace, format_: str, compression: str
) -> None:
    graph = batch(workspace, (200, 300), format=format_, compression=compression)
    expected = Effort.SMALL if compression == "small" else Effort.FAST
    assert set(efforts(client, workspace, graph)) == {expected}


def test_results_that_are_encoded_before_earlier_ones_are_written(
    client: ComfyClient, workspace: Workspace
) -> None:
    """Each takes longer than the workflow, so each has to wait."""
    graph = batch(workspace, (1500, 2000), format="WebP", quality=100)
    assert set(efforts(client, workspace, graph)) == {Effort.FAST}


@pytest.mark.parametrize(("format_", "at_once"), [("WebP", 2), ("PNG", 1)])
def test_the_next_result_is_encoded_while_the_one_before_is(
    start_server: Callable[..., ComfyServer], format_: str, at_once: int
) -> None:
    """The memory that results take shows it; files come, and images are done, in their order."""
    server = start_server()
    folder, results = server.input / "batch", server.output / "batch"
    folder.mkdir()
    names = [Path(name).with_suffix(".jpg").name for name in NAMES]
    for name in names:
        picture(*NOT_KEPT).save(folder / name, quality=10)
        assert (folder / name).stat().st_size < SMALLEST
    graph = two_node_graph("batch", "batch")
    saving = {"format": format_, "quality": 100, "compression": "small"}
    graph[SAVE]["inputs"].update(image=[ITERATOR, 1], **saving)
    expected = [Path(name).stem + f".{format_.lower()}" for name in NAMES]
    with server.client() as client:
        prompts = [client.submit(graph) for _ in NAMES]
        while client.queue() != Queue((), ()):
            loops = client.get_json("/batch_loop/loops")["loops"]
            done = sum(loop["done"] - loop["finishing"] for loop in loops)
            files = sorted(path.name for path in results.glob(f"*.{format_.lower()}"))
            assert files == expected[: len(files)]
            assert done <= len(files)
        assert [client.wait(each).status for each in prompts] == ["success"] * len(prompts)
        assert sorted(os.listdir(results)) == expected
        most = client.get_json("/batch_loop/memory")["most"]
    assert most == at_once * math.prod(NOT_KEPT) * 3 * 4
