"""Variants on a real server: every image, or row, with every value."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from batch_loop.tests.integration.conftest import Workspace
from batch_loop.tests.support.batches import recorded, records, refusal, run_until_stop
from batch_loop.tests.support.graphs import (
    COMPLETE,
    END,
    ITERATOR,
    SAVE,
    WORK,
    Graph,
    batch_graph,
    iterator,
    node,
    save,
    two_node_graph,
)
from batch_loop.tests.support.images import write_images
from batch_loop.tools.client import ComfyClient
from batch_loop.tools.server import ComfyServer

VARIANTS, VALUE, SHEET = "variants", "value", "sheet"
TEXT, INT, FLOAT, CHOICE = range(4)
"""The outputs of Variant Value."""


def variants(values: str, **settings: Any) -> dict[str, Any]:
    given = {"name": "value", "kind": "text or numbers", "run_order": "entry by entry", **settings}
    return node("BatchLoopVariants", values=values, **given)


def value(name: str = "", loop: str = ITERATOR) -> dict[str, Any]:
    return node("BatchLoopVariantValue", loop=[loop, 0], name=name)


def contact_sheet(**settings: Any) -> dict[str, Any]:
    """A sheet behind Batch Complete."""
    given = {
        "folder": "",
        "prefix": "",
        "size": 64,
        "labels": True,
        "columns": 0,
        "file_type": "PNG",
    }
    return node(
        "BatchLoopContactSheet", complete=[COMPLETE, 0], loop=[END, 0], **{**given, **settings}
    )


def scaled(build: Callable[..., Graph], directory: str, values: str, **settings: Any) -> Graph:
    """Each image of a folder, scaled by each of the values."""
    work = node(
        "ImageScaleBy", image=[ITERATOR, 1], upscale_method="lanczos", scale_by=[VALUE, FLOAT]
    )
    return {
        **build(directory, directory, work, variants=[VARIANTS, 0], **settings),
        VARIANTS: variants(values),
        VALUE: value(),
    }


def files_in(folder: Path) -> dict[str, tuple[int, int]]:
    """The images in a folder, with their sizes."""
    found = {}
    for path in folder.glob("*.png"):
        with Image.open(path) as image:
            found[path.name] = image.size
    return found


@pytest.mark.oldest_too
def test_lists_cross_value_by_value_and_a_choice_fits_a_list_of_choices(
    client: ComfyClient, workspace: Workspace
) -> None:
    write_images(workspace.input, ["a.png", "b.png"])
    record = workspace.scratch / "record"
    graph = scaled(two_node_graph, workspace.name, "1 to 2", limit=2)
    graph[VARIANTS] = variants("1 to 2", name="scale", variants=["methods", 0])
    graph["methods"] = variants("lanczos\nbilinear", name="method", run_order="value by value")
    graph[VALUE] = value("scale")
    graph["method"] = value("method")
    graph[WORK]["inputs"]["upscale_method"] = ["method", CHOICE]
    run_until_stop(client, recorded(graph, record))
    labels = ["lanczos, 1", "lanczos, 2", "bilinear, 1", "bilinear, 2"]
    assert records(record) == [f"{stem} · {label}.png" for label in labels for stem in "ab"]
    assert files_in(workspace.output) == {
        f"{stem} · {label}.png": (64 * int(label[-1]),) * 2 for label in labels for stem in "ab"
    }


def test_the_files_of_a_kind_are_taken_by_patterns_and_new_ones_join(
    client: ComfyClient, server: ComfyServer, workspace: Workspace
) -> None:
    loras = server.base / "models" / "loras" / workspace.name
    loras.mkdir(parents=True)
    for name in ("ink.safetensors", "oil10.safetensors", "oil9.safetensors"):
        (loras / name).write_bytes(b"x")
    write_images(workspace.input, ["a.png", "b.png"])
    record = workspace.scratch / "record"
    graph = two_node_graph(workspace.name, workspace.name, variants=[VARIANTS, 0])
    graph[VARIANTS] = variants(f"{workspace.name}/OIL*", kind="loras", run_order="value by value")
    graph[VALUE] = value()
    graph = recorded(graph, record, [VALUE, TEXT])
    run_until_stop(client, graph)
    oil9, oil10, oil11 = (f"{workspace.name}/oil{number}.safetensors" for number in (9, 10, 11))
    assert records(record) == [oil9, oil9, oil10, oil10]
    assert set(files_in(workspace.output)) == {
        *("a · oil9.png", "b · oil9.png", "a · oil10.png", "b · oil10.png"),
    }
    (loras / "oil11.safetensors").write_bytes(b"x")
    run_until_stop(client, graph)
    assert records(record)[4:] == [oil11, oil11]
    graph[VARIANTS]["inputs"]["values"] = f"{workspace.name}/water*"
    assert "lists no file of the kind loras" in refusal(client, graph)


@pytest.mark.oldest_too
def test_each_row_of_a_table_is_taken_with_each_value(
    client: ComfyClient, workspace: Workspace
) -> None:
    record = workspace.scratch / "record"
    inputs = client.get_json("/object_info/BatchLoopRowIterator")["BatchLoopRowIterator"]["input"]
    settings = {name: options[1]["default"] for name, options in inputs["required"].items()}
    rows = {**settings, "text": "a cat\na dog", "loop_name": workspace.name}
    graph: Graph = {
        ITERATOR: node("BatchLoopRowIterator", **rows, variants=[VARIANTS, 0]),
        VARIANTS: variants("16\n24"),
        VALUE: value(),
        WORK: node("EmptyImage", width=[VALUE, INT], height=8, batch_size=1, color=0),
        SAVE: save([WORK, 0], workspace.name, loop=[ITERATOR, 0]),
        END: node("BatchLoopLoopEnd", loop=[ITERATOR, 0], after=[SAVE, 0]),
        COMPLETE: node("BatchLoopBatchComplete", loop=[END, 0]),
        SHEET: contact_sheet(folder=f"{workspace.name}/sheet"),
        "stop": node("BatchLoopEndQueue", stop=[COMPLETE, 0]),
    }
    run_until_stop(client, recorded(graph, record, [VALUE, TEXT]))
    assert records(record) == ["16", "24", "16", "24"]
    found = sorted(files_in(workspace.output).items())
    assert [(name[:5], name.partition(" · ")[2], size) for name, size in found] == [
        *(("a cat", "16.png", (16, 8)), ("a cat", "24.png", (24, 8))),
        *(("a dog", "16.png", (16, 8)), ("a dog", "24.png", (24, 8))),
    ]
    assert [path.name for path in (workspace.output / "sheet").iterdir()] == [
        f"{workspace.name}.png"
    ]


@pytest.mark.oldest_too
def test_values_may_come_from_another_node(client: ComfyClient, workspace: Workspace) -> None:
    write_images(workspace.input, ["a.png"])
    graph = scaled(two_node_graph, workspace.name, "")
    graph["text"] = node("PrimitiveStringMultiline", value="0.5\n1")
    graph[VARIANTS]["inputs"]["values"] = ["text", 0]
    run_until_stop(client, graph)
    assert set(files_in(workspace.output)) == {"a · 0.5.png", "a · 1.png"}
    graph["text"]["inputs"]["value"] = "0.5\n2"
    run_until_stop(client, graph)
    assert files_in(workspace.output)["a · 2.png"] == (128, 128)


def test_wrong_variants_are_refused_with_what_to_do(
    client: ComfyClient, workspace: Workspace
) -> None:
    write_images(workspace.input, ["a.png"])
    graph = scaled(two_node_graph, workspace.name, "half\n1")
    assert 'Variant "value" has "half", which is no number' in refusal(client, graph)
    graph[VARIANTS]["inputs"]["values"] = " \n"
    assert '"value" have no value' in refusal(client, graph)
    graph[VARIANTS]["inputs"].update(values="1", kind="no such kind")
    assert "kind was 'no such kind'. Choose one of" in refusal(client, graph)
    graph[VARIANTS] = variants("1")
    graph[ITERATOR] = iterator(workspace.name)
    assert "Connect a Variants to its input variants" in refusal(client, graph)


def test_a_sheet_among_the_images_is_refused(client: ComfyClient, workspace: Workspace) -> None:
    write_images(workspace.input, ["a.png"])
    graph = batch_graph(workspace.name, workspace.name)
    graph[SHEET] = contact_sheet(folder=str(workspace.input.resolve()))
    assert "would be an image of the next batch" in refusal(client, graph)
