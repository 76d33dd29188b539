"""A case-insensitive file system, as on Windows, macOS and memory cards."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from batch_loop.core.files import same_file as spelling
from batch_loop.core.model.shared_roots import Roots
from batch_loop.tests.integration.conftest import Workspace
from batch_loop.tests.integration.test_save import saved, unchanged
from batch_loop.tests.support.batches import run_until_stop, told
from batch_loop.tests.support.graphs import ITERATOR
from batch_loop.tests.support.images import write_images
from batch_loop.tests.support.mounts import folding
from batch_loop.tools.client import ComfyClient

pytestmark = pytest.mark.one_release


@pytest.fixture
def disk(workspace: Workspace) -> Iterator[Path]:
    """An exFAT file system in the output folder."""
    with folding(workspace.output / "disk") as path:
        yield path


def test_a_source_is_not_overwritten_under_another_spelling(
    client: ComfyClient, workspace: Workspace, disk: Path
) -> None:
    (source,) = write_images(disk, ["IMG_1.PNG"])
    before = source.read_bytes()
    folder = str(disk)
    graph = unchanged(workspace, folder=folder)
    graph[ITERATOR]["inputs"]["directory"] = folder
    for if_exists in ("overwrite own", "overwrite"):
        graph["4"]["inputs"]["if_exists"] = if_exists
        result = client.run(graph)
        assert result.error is not None
        assert "would overwrite an image that this batch reads" in result.error.message
    graph["4"]["inputs"]["if_exists"] = "rename"
    run_until_stop(client, graph)
    assert source.read_bytes() == before
    assert sorted(os.listdir(disk)) == ["IMG_1.PNG", "IMG_1_1.png"]


def test_two_spellings_are_two_results_and_are_found(
    client: ComfyClient, workspace: Workspace, disk: Path
) -> None:
    write_images(workspace.input, ["x/A.png", "y/a.png"])
    settings = {"recursive": True, "keep_subfolders": False, "when_complete": "Start over"}
    graph = unchanged(workspace, folder=f"{workspace.name}/disk", **settings)
    for _ in range(2):
        run_until_stop(client, graph)
        assert saved(disk) == ["A.png", "a_1.png"]
    graph[ITERATOR]["inputs"]["skip_finished"] = True
    (nothing,) = run_until_stop(client, graph)
    assert told(nothing, ITERATOR)["finished"] == 2
    (disk / "A.png").rename(disk / "other.png")
    (result,) = run_until_stop(client, graph)
    assert told(result, ITERATOR)["filename"] == "A.png"
    assert saved(disk) == ["A.png", "a_1.png", "other.png"]


def test_elsewhere_two_spellings_are_two_files(client: ComfyClient, workspace: Workspace) -> None:
    write_images(workspace.input, ["x/A.png", "y/a.png"])
    settings = {"recursive": True, "keep_subfolders": False}
    run_until_stop(client, unchanged(workspace, **settings))
    assert saved(workspace.output) == ["A.png", "a.png"]


def test_whether_case_matters_is_asked_of_the_folder(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.mkdir()
    with folding(tmp_path / "Disk") as disk:
        folder = disk / "New"
        for path, folds in ((plain, False), (disk, True), (folder, True), (folder / "b", True)):
            # Even if it is empty or does not exist yet; and nothing is left behind in it.
            assert spelling.folds(str(path)) is folds
        assert os.listdir(plain) == os.listdir(disk) == []
        one, other = (spelling.identity(str(disk / path)) for path in ("New/\xc9a", "nEW/\xe9A"))
        assert one == other
        assert one.startswith(str(tmp_path))
        both = spelling.Identities()
        assert [both(str(disk / path)) for path in ("New/\xc9a", "nEW/e\u0301A")] == [one, one]
        roots = Roots({"disk": str(disk), "new": str(folder)})
        assert spelling.identity(str(folder / "A"), roots) == str(folder / "a")
    for name in ("A", "a"):
        assert spelling.identity(str(plain / name)) == str(plain / name)


def test_both_spellings_can_exist_in_one_folder(tmp_path: Path) -> None:
    for name in ("a", "A"):
        (tmp_path / name).touch()
    assert not spelling.folds(str(tmp_path))
