"""Whether an image that is gone is to blame itself, or its whole folder is lost."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import pytest

from batch_loop.core.common.errors import UnreadableImage
from batch_loop.core.files.unreadable import folder_lost, opened_image

LISTED = ["a.png", "b.png", "x/1.png", "x/2.png", "y/only.png"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path in LISTED:
        file = tmp_path / path
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"an image")
    return tmp_path.resolve()


def take_away(folder: Path, *paths: str) -> None:
    for path in paths:
        (folder / path).unlink()
    for parent in {(folder / path).parent for path in paths} - {folder}:
        if not any(parent.iterdir()):
            parent.rmdir()


def lost(
    folder: Path, path: str, listed: Sequence[str] = LISTED, done: Collection[str] = ()
) -> str:
    """What is said of a lost folder when the image at `path` is read; else ""."""

    def pending() -> list[str]:
        return [other for other in listed if other not in {path, *done}]

    def has_pending(few: Sequence[str]) -> bool:
        return any(other in pending() for other in few)

    with pytest.raises(UnreadableImage) as raised, opened_image(str(folder / path)):
        pass
    return str(folder_lost(str(folder), path, raised.value, has_pending, pending) or "")


@pytest.mark.parametrize("path", LISTED)
def test_a_file_that_is_gone_by_itself_is_to_blame(folder: Path, path: str) -> None:
    take_away(folder, path)
    assert lost(folder, path) == ""


@pytest.mark.parametrize("path", LISTED)
@pytest.mark.parametrize("left", [".hidden", "desktop.ini", "new.png", "empty/.hidden"])
def test_a_mount_point_may_hold_other_files(folder: Path, path: str, left: str) -> None:
    take_away(folder, *LISTED)
    (folder / left).parent.mkdir(exist_ok=True)
    (folder / left).touch()
    assert "is gone in the midst of its batch" in lost(folder, path)


def test_an_empty_mount_point_is_said_to_be_empty(folder: Path) -> None:
    take_away(folder, *LISTED)
    assert f'The folder "{folder}" is gone in the midst of its batch: it is empty' in lost(
        folder, "a.png"
    )


@pytest.mark.parametrize("left", [None, ".hidden"])
def test_a_subfolder_may_be_the_drive(folder: Path, left: str | None) -> None:
    take_away(folder, "x/1.png", "x/2.png")
    if left:
        (folder / "x").mkdir()
        (folder / "x" / left).touch()
    assert f'The folder "{folder / "x"}" is gone in the midst of its batch' in lost(
        folder, "x/1.png"
    )


@pytest.mark.parametrize("left", ["done/a.png", "new.png"])
def test_a_workflow_may_move_its_finished_sources_away(folder: Path, left: str) -> None:
    take_away(folder, *LISTED)
    (folder / left).parent.mkdir(exist_ok=True)
    (folder / left).touch()
    assert lost(folder, "b.png", done=set(LISTED) - {"b.png"}) == ""


def test_with_the_others_moved_away_an_empty_folder_is_lost(folder: Path) -> None:
    take_away(folder, *LISTED)
    assert "it is empty" in lost(folder, "b.png", done=set(LISTED) - {"b.png"})


def test_finished_images_that_are_still_there_count_for_nothing(folder: Path) -> None:
    take_away(folder, "b.png", "x/1.png", "x/2.png", "y/only.png")
    assert "none of its images that are still to be done is in it" in lost(
        folder, "b.png", done={"a.png"}
    )


def test_another_image_that_is_still_to_be_done_may_be_in_the_folder_above(folder: Path) -> None:
    take_away(folder, "x/1.png", "b.png", "y/only.png")
    assert lost(folder, "x/1.png", done={"x/2.png"}) == ""
    assert lost(folder, "b.png", [*LISTED, "c.png"], done={"a.png"}) == ""


def test_only_a_few_images_are_looked_up_if_others_are_there(folder: Path) -> None:
    for number in range(100):
        (folder / f"x/many {number}.png").touch()
    take_away(folder, "x/1.png")
    asked: list[str] = []

    def has_pending(few: Sequence[str]) -> bool:
        asked.extend(few)
        return True

    def pending() -> list[str]:
        raise AssertionError("all pending images are read")

    with pytest.raises(UnreadableImage) as raised, opened_image(str(folder / "x/1.png")):
        pass
    assert folder_lost(str(folder), "x/1.png", raised.value, has_pending, pending) is None
    assert 0 < len(asked) <= 50
    assert all((folder / path).is_file() for path in asked)


def test_the_only_image_is_to_blame_in_a_folder_with_anything_else(folder: Path) -> None:
    take_away(folder, "a.png")
    assert lost(folder, "a.png", ["a.png"]) == ""


def test_who_reads_a_file_that_is_gone_is_told_how_to_go_on(tmp_path: Path) -> None:
    with pytest.raises(UnreadableImage) as raised, opened_image(str(tmp_path / "a.png")):
        pass
    assert "Put it back under this name, or press Skip this one" in str(raised.value)
    assert "editor" not in str(raised.value)
