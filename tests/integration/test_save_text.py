"""Saving texts without images by Save Text (Batch), on a real server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from batch_loop.core.files.allowed_paths import EXAMPLE_FOLDER
from batch_loop.tests.integration.conftest import Workspace
from batch_loop.tests.support.batches import refusal
from batch_loop.tests.support.graphs import ITERATOR, Graph, iterator, node
from batch_loop.tests.support.images import write_images
from batch_loop.tools.client import ComfyClient, RunResult

TEXT = "text"
DEFAULTS = {
    "save_to": "beside the source",
    "folder": "none",
    "prefix": "",
    "suffix": "",
    "extension": ".txt",
    "if_exists": "overwrite own",
    "keep_subfolders": True,
}


def captions(workspace: Workspace, *, recursive: bool = False, **settings: Any) -> Graph:
    """A loop of two nodes that saves each image's name as its text; `settings` are the saver's."""
    return {
        ITERATOR: iterator(workspace.name, recursive=recursive),
        TEXT: node(
            "BatchLoopSaveText",
            text=[ITERATOR, 3],
            loop=[ITERATOR, 0],
            **{**DEFAULTS, **settings},
        ),
    }


def run_all(client: ComfyClient, graph: Graph, most: int = 10) -> list[RunResult]:
    """Run until the loop says to stop."""
    results = []
    for _ in range(most):
        results.append(client.run(graph))
        assert results[-1].status == "success"
        told = results[-1].outputs.get(TEXT, results[-1].outputs[ITERATOR])["batch_loop"]
        if told[0]["next"] == "stop":
            return results
    raise AssertionError("the loop did not end")


def texts(folder: Path) -> dict[str, str]:
    """The text files in a folder."""
    found = (path for path in folder.rglob("*") if path.suffix in {".txt", ".caption"})
    return {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in found}


@pytest.mark.each_cache
def test_texts_are_saved_beside_their_images(client: ComfyClient, workspace: Workspace) -> None:
    write_images(workspace.input, ["a.png", "b.jpg", "more/c.png"])
    graph = captions(workspace, recursive=True)
    results = run_all(client, graph)
    assert len(results) == 3
    expected = {"a.txt": "a.png", "b.txt": "b.jpg", "more/c.txt": "c.png"}
    assert texts(workspace.input) == expected
    assert not list(workspace.output.iterdir())
    loop = results[-1].outputs[TEXT]["batch_loop"][0]["loop"]
    page = client.get_json(f"/batch_loop/loops/{loop}/items")
    assert [Path(each) for item in page["items"] for each in item["outputs"]] == [
        workspace.input / name for name in expected
    ]


def test_texts_are_saved_into_a_folder(client: ComfyClient, workspace: Workspace) -> None:
    write_images(workspace.input, ["a.png", "more/c.png"])
    settings = {"save_to": "folder", "folder": workspace.name, "extension": ".caption"}
    run_all(client, captions(workspace, recursive=True, prefix="x_", suffix="_y", **settings))
    assert texts(workspace.output) == {"x_a_y.caption": "a.png", "more/x_c_y.caption": "c.png"}


@pytest.mark.parametrize(
    ("if_exists", "expected"),
    [
        ("skip", {"a.txt": "mine"}),
        ("overwrite", {"a.txt": "a.png"}),
        ("overwrite own", {"a.txt": "mine", "a_1.txt": "a.png"}),
        ("rename", {"a.txt": "mine", "a_1.txt": "a.png"}),
    ],
)
def test_if_exists_decides_on_texts_that_were_there(
    client: ComfyClient, workspace: Workspace, if_exists: str, expected: dict[str, str]
) -> None:
    write_images(workspace.input, ["a.png"])
    (workspace.input / "a.txt").write_text("mine")
    last = run_all(client, captions(workspace, if_exists=if_exists))[-1]
    assert texts(workspace.input) == expected
    # Told where somebody may look for the text under its own name.
    loop = last.outputs[TEXT]["batch_loop"][0]["loop"]
    told = client.get_json(f"/batch_loop/loops/{loop}")
    assert told["renamed_texts"] == (1 if if_exists == "overwrite own" else 0)


def test_only_texts_of_others_count_as_taken_names(
    client: ComfyClient, workspace: Workspace
) -> None:
    write_images(workspace.input, ["a.jpg", "a.png", "b.png"])
    graph = captions(workspace)
    last = run_all(client, graph)[-1]
    loop = last.outputs[TEXT]["batch_loop"][0]["loop"]
    assert client.get_json(f"/batch_loop/loops/{loop}")["renamed_texts"] == 0
    client.post_json("/batch_loop/loops/reset", {"loop": loop})
    run_all(client, graph)
    assert client.get_json(f"/batch_loop/loops/{loop}")["renamed_texts"] == 0
    own = {"a.txt": "a.jpg", "a_1.txt": "a.png", "b.txt": "b.png"}
    assert texts(workspace.input) == own
    (workspace.input / "b.txt").unlink()
    (workspace.input / "b.txt").write_text("mine")
    client.post_json("/batch_loop/loops/reset", {"loop": loop})
    run_all(client, graph)
    assert client.get_json(f"/batch_loop/loops/{loop}")["renamed_texts"] == 1
    assert texts(workspace.input) == {**own, "b.txt": "mine", "b_1.txt": "b.png"}


def test_one_text_for_all_images_is_saved_for_each_and_then_it_stops(
    client: ComfyClient, workspace: Workspace
) -> None:
    write_images(workspace.input, ["a.png", "b.png"])
    graph = captions(workspace)
    graph["word"] = node("PrimitiveString", value="a photo of sks")
    graph[TEXT]["inputs"]["text"] = ["word", 0]
    assert len(run_all(client, graph)) == 2
    assert len(run_all(client, graph)) == 1
    assert texts(workspace.input) == dict.fromkeys(["a.txt", "b.txt"], "a photo of sks")


def test_two_images_of_one_name_each_get_a_text(client: ComfyClient, workspace: Workspace) -> None:
    write_images(workspace.input, ["a.png", "a.jpg"])
    run_all(client, captions(workspace))
    assert sorted(texts(workspace.input).values()) == ["a.jpg", "a.png"]


@pytest.mark.parametrize(
    ("others", "mine", "expected"),
    [
        # The user's own is in the way, or the text of an image with the same stem.
        (["a_1.png"], ["a.txt"], {"a.txt": "mine", "a_2.txt": "a.png", "a_1.txt": "a_1.png"}),
        (["a.jpg", "a_1.PNG"], [], {"a.txt": "a.jpg", "a_2.txt": "a.png", "a_1.txt": "a_1.PNG"}),
        # Not even if that image is none of the batch.
        (["a_1.bmp"], ["a.txt"], {"a.txt": "mine", "a_2.txt": "a.png"}),
    ],
)
def test_no_text_gets_the_name_of_another_image_s(
    client: ComfyClient,
    workspace: Workspace,
    others: list[str],
    mine: list[str],
    expected: dict[str, str],
) -> None:
    write_images(workspace.input, ["a.png", *others])
    for name in mine:
        (workspace.input / name).write_text("mine")
    graph = captions(workspace)
    graph[ITERATOR]["inputs"] |= {"filter": "Custom", "custom_pattern": "*.png, *.jpg"}
    run_all(client, graph)
    assert texts(workspace.input) == expected
    # Start over leads to the same names.
    graph[ITERATOR]["inputs"]["when_complete"] = "Start over"
    run_all(client, graph)
    assert texts(workspace.input) == expected


def test_images_with_a_text_are_finished(client: ComfyClient, workspace: Workspace) -> None:
    write_images(workspace.input, ["a.png", "b.png"])
    (workspace.input / "a.txt").write_text("mine")
    graph = captions(workspace)
    graph[ITERATOR]["inputs"]["skip_finished"] = True
    (result,) = run_all(client, graph)
    assert result.outputs[ITERATOR]["batch_loop"][0]["finished"] == 1
    assert texts(workspace.input) == {"a.txt": "mine", "b.txt": "b.png"}


def test_texts_of_a_user_are_left_alone_even_with_a_number(
    client: ComfyClient, workspace: Workspace
) -> None:
    write_images(workspace.input, ["a.png", "a_1.png", "b.png"])
    for name in ("a.txt", "a_1.txt"):
        (workspace.input / name).write_text("mine")
    graph = captions(workspace, if_exists="rename")
    graph[ITERATOR]["inputs"]["skip_finished"] = True
    (result,) = run_all(client, graph)
    assert result.outputs[ITERATOR]["batch_loop"][0]["finished"] == 2
    assert texts(workspace.input) == {"a.txt": "mine", "a_1.txt": "mine", "b.txt": "b.png"}


def test_beside_images_that_may_only_be_read_nothing_runs(
    client: ComfyClient, workspace: Workspace
) -> None:
    graph = captions(workspace)
    graph[ITERATOR]["inputs"]["directory"] = EXAMPLE_FOLDER
    refused = refusal(client, graph)
    assert "is to save beside the images, and may not write there" in refused
    assert "Set save_to to folder" in refused


def test_a_folder_that_may_not_be_written_is_refused(
    client: ComfyClient, workspace: Workspace, tmp_path: Path
) -> None:
    write_images(workspace.input, ["a.png"])
    refused = refusal(client, captions(workspace, save_to="folder", folder=str(tmp_path)))
    assert "may not use the folder" in refused
    # Beside the source, the folder does not matter.
    run_all(client, captions(workspace, folder=str(tmp_path)))


def test_what_could_be_a_program_is_no_extension(client: ComfyClient, workspace: Workspace) -> None:
    write_images(workspace.input, ["a.png"])
    assert refusal(client, captions(workspace, extension=".py"))
    assert sorted(path.name for path in workspace.input.iterdir()) == ["a.png"]
