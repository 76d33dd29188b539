"""Which file is the companion of an image, and which may not be."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from batch_loop.core.common.errors import FolderNotFound, PathRefused, UnreadableCompanion
from batch_loop.core.companions.companion_files import (
    candidates,
    missing,
    read_companion,
    shown,
)
from batch_loop.core.files.allowed_paths import AllowedFolders
from batch_loop.core.model.selection import Companion, CompanionKind, WhenMissing


def companion(pattern: str, kind: CompanionKind = CompanionKind.IMAGE) -> Companion:
    return Companion(pattern, WhenMissing.FAIL, kind)


@pytest.fixture
def allowed(tmp_path: Path) -> AllowedFolders:
    """Only `<tmp>/in` may be read, beside `out` and `temp`."""
    for name in ("in/photos/x", "in/masks", "out", "temp", "secret"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "secret" / "a.png").write_bytes(b"secret")
    return AllowedFolders(*(os.path.realpath(tmp_path / name) for name in ("in", "out", "temp")))


@pytest.fixture
def photos(allowed: AllowedFolders) -> Path:
    return Path(allowed.input) / "photos"


def write(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())


def found(photos: Path, allowed: AllowedFolders, pattern: str, path: str = "a.png") -> list[str]:
    """The candidates, relative to the folder of images."""
    files = candidates(companion(pattern), str(photos), path, allowed)
    return [os.path.relpath(file, photos) for file in files]


def read(photos: Path, allowed: AllowedFolders, pattern: str, path: str = "a.png") -> bytes | None:
    """What is read of the companion, as the test's files hold their own names."""
    got = read_companion(
        companion(pattern), str(photos), path, allowed, lambda file: Path(file).read_bytes()
    )
    return None if got is None else got.content


def test_a_companion_lies_beside_its_image(photos: Path, allowed: AllowedFolders) -> None:
    write(photos, "a.png", "a_mask.png", "x/a.png", "x/a_mask.png")
    assert found(photos, allowed, "{stem}_mask.png") == ["a_mask.png"]
    assert found(photos, allowed, "{stem}_mask.png", "x/a.png") == ["x/a_mask.png"]
    assert found(photos, allowed, "{stem}_depth.png") == []


def test_a_companion_lies_in_another_folder(photos: Path, allowed: AllowedFolders) -> None:
    write(photos, "a.png", "x/a.png", "x/m/a.png")
    write(photos.parent / "masks", "a.png", "x/a.png")
    assert found(photos, allowed, "../masks/{stem}.png") == ["../masks/a.png"]
    assert found(photos, allowed, "../../masks/{subfolder}/{stem}.png", "x/a.png") == [
        "../masks/x/a.png"
    ]
    assert found(photos, allowed, "m/{filename}", "x/a.png") == ["x/m/a.png"]
    full = f"{photos.parent}/masks/{{stem}}.png"
    assert found(photos, allowed, full) == ["../masks/a.png"]
    assert found(photos, allowed, "../nothing/{stem}.*") == []


def test_of_several_files_the_first_in_natural_order_is_tried_first(
    photos: Path, allowed: AllowedFolders
) -> None:
    write(photos, "a.png", "a_10.png", "a_2.PNG", "a_3.txt", "ab_1.png")
    (photos / "a_1.png").mkdir()
    assert found(photos, allowed, "{stem}_*") == ["a_2.PNG", "a_10.png"]


def test_an_extension_may_be_any_that_can_be_read(photos: Path, allowed: AllowedFolders) -> None:
    write(photos, "a.png", "a.json")
    write(photos.parent / "masks", "a.webp", "a.JPG", "a.txt", "a.png.bak", "b.png")
    assert found(photos, allowed, "../masks/{stem}.*") == ["../masks/a.JPG", "../masks/a.webp"]
    text = candidates(companion("{stem}.*", CompanionKind.TEXT), str(photos), "a.png", allowed)
    assert [os.path.basename(file) for file in text] == ["a.json"]


def test_an_image_is_not_its_own_companion(photos: Path, allowed: AllowedFolders) -> None:
    write(photos, "a.png", "a.jpg")
    assert found(photos, allowed, "{stem}.png") == []
    assert found(photos, allowed, "{stem}.*") == ["a.jpg"]
    assert found(photos, allowed, "{stem}.png", "a.jpg") == ["a.png"]
    assert found(photos, allowed, "../photos/{filename}") == []


@pytest.mark.posix
def test_a_link_to_the_image_is_a_companion(photos: Path, allowed: AllowedFolders) -> None:
    write(photos, "a.png")
    (photos / "a_control.png").symlink_to("a.png")
    assert read(photos, allowed, "{stem}_control.png") == b"a.png"


def test_what_an_asterisk_stands_for_is_the_first_that_can_be_read(
    photos: Path, allowed: AllowedFolders
) -> None:
    write(photos, "a.png", "a_1.png", "a_2.png")

    def choosy(file: str) -> str:
        name = os.path.basename(file)
        if name == "a_1.png":
            raise UnreadableCompanion("broken", "broken")
        return name

    got = read_companion(companion("{stem}_*.png"), str(photos), "a.png", allowed, choosy)
    assert got is not None
    assert (got.content, got.path) == ("a_2.png", str(photos / "a_2.png"))
    (photos / "a_2.png").unlink()
    with pytest.raises(UnreadableCompanion, match="broken"):
        read_companion(companion("{stem}_*.png"), str(photos), "a.png", allowed, choosy)


@pytest.mark.posix
@pytest.mark.parametrize(
    "pattern",
    [
        "../../secret/{stem}.png",
        "../../../../../../../../../../etc/{stem}",
        "/etc/{stem}",
        "x/../../../secret/{stem}.*",
        "../../secret/{stem}*",
    ],
)
def test_a_folder_outside_of_the_allow_list_is_not_looked_at(
    photos: Path, allowed: AllowedFolders, pattern: str
) -> None:
    write(photos, "a.png")
    with pytest.raises(PathRefused):
        read(photos, allowed, pattern)
    # Whether it is there or not makes no difference.
    with pytest.raises(PathRefused):
        read(photos, allowed, pattern, "nothing.png")


@pytest.mark.posix
def test_a_link_out_of_the_allow_list_is_refused(
    photos: Path, allowed: AllowedFolders, tmp_path: Path
) -> None:
    write(photos, "a.png", "b.png")
    (photos / "a_mask.png").symlink_to(tmp_path / "secret" / "a.png")
    (photos / "b_mask.png").symlink_to(tmp_path / "secret" / "nothing.png")
    (photos / "way").symlink_to(tmp_path / "secret")
    for pattern, path in [
        ("{stem}_mask.png", "a.png"),
        ("{stem}_mask.png", "b.png"),
        ("{stem}_*", "a.png"),
        ("way/{stem}.png", "a.png"),
        ("way/{stem}.*", "a.png"),
    ]:
        with pytest.raises(PathRefused):
            read(photos, allowed, pattern, path)


@pytest.mark.posix
def test_a_name_of_an_image_is_no_pattern(photos: Path, allowed: AllowedFolders) -> None:
    write(photos, "*.png", "{stem}.png", "..png", "a_mask.png", "{stem}_mask.png")
    assert found(photos, allowed, "{stem}_mask.png", "*.png") == []
    assert found(photos, allowed, "{stem}_mask.png", "{stem}.png") == ["{stem}_mask.png"]
    assert found(photos, allowed, "m/{stem}/{stem}.png", "..png") == []


def test_a_missing_companion_is_named_without_this_machine_s_paths(photos: Path) -> None:
    beside = companion("../masks/{stem}.*")
    assert shown(beside, "x/a.png") == "../masks/a.*"
    assert shown(companion("/data/masks/{stem}.png"), "x/a.png") == "a.png"
    error = missing(beside, str(photos), "a.png")
    assert isinstance(error, UnreadableCompanion)
    assert error.reason == '"../masks/a.*", its companion, is missing'
    assert '"a.png"' in str(error)
    assert str(photos) not in str(error)


def test_if_the_folder_of_all_companions_is_gone_no_image_is_to_blame(photos: Path) -> None:
    (photos.parent / "masks").rmdir()
    error = missing(companion("../masks/{stem}.*"), str(photos), "a.png")
    assert isinstance(error, FolderNotFound)
    assert str(photos.parent / "masks") in str(error)
    assert str(photos.parent) not in error.elsewhere
    # Not each folder of images needs to have one.
    for pattern, path in [("masks/{stem}.png", "a.png"), ("../masks/{stem}.png", "x/a.png")]:
        error = missing(companion(pattern), str(photos), path)
        assert isinstance(error, UnreadableCompanion)
    assert isinstance(
        missing(companion("../m/{stem}/{stem}.png"), str(photos), "a.png"), UnreadableCompanion
    )
