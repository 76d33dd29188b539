"""A link put in place between the check of a path and its use is not followed."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from batch_loop.core.background.read_ahead import read_image
from batch_loop.core.common.errors import FolderNotFound, UnreadableImage, UnwritableImage
from batch_loop.core.common.processes import this_process
from batch_loop.core.files import real_paths
from batch_loop.core.files.allowed_paths import AllowedFolders, check_source_file, check_target_file
from batch_loop.core.files.atomic import write_atomic
from batch_loop.core.files.leftovers import sweep, temporary_name
from batch_loop.core.files.listing import list_images
from batch_loop.core.files.real_paths import open_file
from batch_loop.core.model.if_exists import IfExists
from batch_loop.core.model.selection import Selection
from batch_loop.tests.support.images import write_images


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    write_images(folder, ["a.png", "secret.png"])
    return folder


@pytest.fixture
def inside(tmp_path: Path) -> Path:
    folder = tmp_path / "allowed" / "sub"
    write_images(folder, ["a.png"])
    return folder


@pytest.fixture
def allowed(inside: Path) -> AllowedFolders:
    root = str(inside.parent)
    return AllowedFolders(root, root, root)


@pytest.fixture(params=[pytest.param("stepwise", marks=pytest.mark.linux), "as a whole"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The way it is done on Linux, and the way it is done elsewhere."""
    way: str = request.param
    if way != "stepwise":
        monkeypatch.setattr(real_paths, "IS_STEPWISE", False)
    assert real_paths.IS_STEPWISE is (way == "stepwise")
    return way


def swap(folder: Path, outside: Path) -> None:
    """Replace a folder with a link that leads outside."""
    folder.rename(folder.with_name("away"))
    folder.symlink_to(outside)


@pytest.mark.usefixtures("way")
class TestASwap:
    def test_of_the_folder_is_not_read_through(
        self, inside: Path, outside: Path, allowed: AllowedFolders
    ) -> None:
        checked = check_source_file(str(inside / "a.png"), allowed)
        swap(inside, outside)
        with pytest.raises(UnreadableImage, match="a link was put into its path"):
            read_image(checked)

    def test_of_a_folder_above_is_not_read_through(
        self, inside: Path, outside: Path, allowed: AllowedFolders
    ) -> None:
        (outside / "deep").mkdir()
        write_images(inside / "deep", ["a.png"])
        write_images(outside / "deep", ["a.png"])
        checked = check_source_file(str(inside / "deep" / "a.png"), allowed)
        swap(inside, outside)
        with pytest.raises(UnreadableImage, match="a link was put into its path"):
            read_image(checked)

    def test_of_the_file_is_not_read_through(
        self, inside: Path, outside: Path, allowed: AllowedFolders
    ) -> None:
        checked = check_source_file(str(inside / "a.png"), allowed)
        swap(inside / "a.png", outside / "a.png")
        with pytest.raises(UnreadableImage, match="link"):
            read_image(checked)

    def test_of_the_folder_is_not_written_through(
        self, inside: Path, outside: Path, allowed: AllowedFolders
    ) -> None:
        before = {path.name: path.read_bytes() for path in outside.iterdir()}
        for name in ("a.png", "new.png", "new/new.png"):
            checked = check_target_file(str(inside / name), allowed)
            swap(inside, outside)
            for if_exists in IfExists:
                with pytest.raises(UnwritableImage, match="link"):
                    write_atomic(checked, b"new", if_exists)
            inside.unlink()
            inside.with_name("away").rename(inside)
        assert {path.name: path.read_bytes() for path in outside.iterdir()} == before

    def test_of_the_folder_is_not_listed_through(self, inside: Path, outside: Path) -> None:
        swap(inside, outside)
        with pytest.raises(FolderNotFound, match="a link was put into its path"):
            list_images(str(inside), Selection())

    @pytest.mark.posix
    def test_for_a_pipe_does_not_block(self, inside: Path) -> None:
        os.mkfifo(inside / "pipe.png")
        with pytest.raises(UnreadableImage, match="not a plain file"):
            read_image(str(inside / "pipe.png"))

    @pytest.mark.linux
    def test_leaves_no_descriptor_open(self, inside: Path, outside: Path) -> None:
        swap(inside, outside)
        before = os.listdir("/proc/self/fd")
        with pytest.raises(OSError, match="link"):
            open_file(str(inside / "a.png"))
        assert os.listdir("/proc/self/fd") == before


@pytest.mark.linux
def test_a_swap_during_a_write_does_not_lead_outside(
    inside: Path, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsync = os.fsync

    def swapped(descriptor: int) -> None:
        if not inside.is_symlink():
            swap(inside, outside)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", swapped)
    write_atomic(str(inside / "new.png"), b"new", IfExists.OVERWRITE)
    assert sorted(path.name for path in outside.iterdir()) == ["a.png", "secret.png"]
    assert (inside.with_name("away") / "new.png").read_bytes() == b"new"


@pytest.mark.usefixtures("way")
def test_a_path_with_dots_leads_nowhere(inside: Path, outside: Path) -> None:
    """A database that machines share may hold one."""
    name = temporary_name()
    (outside / name).write_bytes(b"")
    path = f"{inside}/../../{outside.name}"
    sweep(path, [this_process().name])
    assert (outside / name).exists()
    with pytest.raises(FolderNotFound, match="cannot be read"):
        list_images(path, Selection())


def test_a_file_in_the_way_is_not_called_a_link(inside: Path) -> None:
    with pytest.raises(NotADirectoryError) as refused:
        open_file(str(inside / "a.png" / "b.png"))
    assert refused.value.errno == errno.ENOTDIR
