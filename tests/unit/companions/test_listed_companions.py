"""Which files of a folder are companions of its images, and which images lack one."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from batch_loop.core.common.errors import FolderNotFound
from batch_loop.core.companions.companion_files import candidates
from batch_loop.core.companions.listed_companions import Beside, beside
from batch_loop.core.files.allowed_paths import AllowedFolders
from batch_loop.core.model.selection import Companion, CompanionKind, WhenMissing

IMAGE, TEXT = CompanionKind.IMAGE, CompanionKind.TEXT


def needed(pattern: str, kind: CompanionKind = IMAGE) -> Companion:
    return Companion(pattern, WhenMissing.LEAVE_OUT, kind)


def of_image(pattern: str, kind: CompanionKind = IMAGE) -> Companion:
    return Companion(pattern, WhenMissing.FAIL, kind)


@pytest.fixture
def allowed(tmp_path: Path) -> AllowedFolders:
    for name in ("in/photos", "out", "temp", "secret"):
        (tmp_path / name).mkdir(parents=True)
    return AllowedFolders(*(os.path.realpath(tmp_path / name) for name in ("in", "out", "temp")))


@pytest.fixture
def photos(allowed: AllowedFolders) -> Path:
    return Path(allowed.input) / "photos"


def write(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def found(photos: Path, allowed: AllowedFolders, *companions: Companion) -> Beside:
    """What is found for all images in the folder and its subfolders."""
    paths = [path.relative_to(photos).as_posix() for path in photos.rglob("*.*")]
    images = [path for path in paths if not path.endswith(".txt")]
    images = [*images[1::2], *images[::2]]
    return beside(companions, str(photos), images, allowed)


def test_companions_are_no_images(photos: Path, allowed: AllowedFolders) -> None:
    write(photos, "a.png", "a_mask.png", "b.jpg", "b_mask.png", "c.png", "lone_mask.png")
    left_out = found(photos, allowed, of_image("{stem}_mask.png"))
    assert left_out == Beside({"a_mask.png", "b_mask.png"}, set())


def test_an_image_is_left_out_only_if_that_is_asked_for(
    photos: Path, allowed: AllowedFolders
) -> None:
    write(photos, "a.png", "a_mask.png", "b.png", "x/c.png", "x/d.png", "x/d_mask.png")
    left_out = found(photos, allowed, needed("{stem}_mask.png"))
    assert left_out == Beside({"a_mask.png", "x/d_mask.png"}, {"b.png", "x/c.png"})
    empty = Companion("{stem}_mask.png", WhenMissing.EMPTY, IMAGE)
    assert not found(photos, allowed, empty).lacking


def test_companions_may_lie_in_other_folders(photos: Path, allowed: AllowedFolders) -> None:
    write(photos, "a.png", "b.png", "x/c.png", "masks/a.png", "masks/c.png")
    write(photos.parent / "depth", "a.png", "x/c.png", "x/d.png")
    assert found(photos, allowed, of_image("masks/{stem}.*")) == Beside({"masks/a.png"}, set())
    # Each mask is its own image's in the folder of masks, and so an image without one.
    assert found(photos, allowed, of_image("../masks/{stem}.png")) == Beside({"masks/c.png"}, set())
    full = f"{photos.parent}/depth/{{subfolder}}/{{stem}}.png"
    lacking = found(photos, allowed, needed(full)).lacking
    assert lacking == {"b.png", "masks/a.png", "masks/c.png"}


def test_each_of_several_companions_counts(photos: Path, allowed: AllowedFolders) -> None:
    write(photos, "a.png", "a_mask.png", "a.txt", "b.png", "b_mask.png", "c.png", "c.txt")
    left_out = found(photos, allowed, needed("{stem}_mask.png"), needed("{stem}.txt", TEXT))
    assert left_out == Beside({"a_mask.png", "b_mask.png"}, {"b.png", "c.png"})


def test_all_files_that_an_asterisk_stands_for_are_companions(
    photos: Path, allowed: AllowedFolders
) -> None:
    write(photos, "a.png", "a_1.png", "a_2.jpg", "ab.png", "m-a.png", "m-ab.png")
    assert found(photos, allowed, of_image("{stem}_*")).companions == {"a_1.png", "a_2.jpg"}
    masks = found(photos, allowed, of_image("*-{stem}.png")).companions
    assert masks == {"m-a.png", "m-ab.png"}


def test_of_companions_of_each_other_the_first_is_the_image(
    photos: Path, allowed: AllowedFolders
) -> None:
    write(photos, "a2.webp", "a2.jpg", "a2.png", "a10.jpg")
    assert found(photos, allowed, of_image("{stem}.*")).companions == {"a2.png", "a2.webp"}
    assert found(photos, allowed, needed("{stem}.*")).lacking == {"a10.jpg"}


def test_an_image_is_not_its_own_companion(photos: Path, allowed: AllowedFolders) -> None:
    write(photos, "a.png", "b.png", "b.jpg")
    assert found(photos, allowed, needed("{stem}.png")) == Beside({"b.png"}, {"a.png"})
    assert found(photos, allowed, needed("../photos/{filename}")).lacking == {
        *("a.png", "b.png", "b.jpg")
    }


def test_a_folder_is_no_companion(photos: Path, allowed: AllowedFolders) -> None:
    write(photos, "a.png")
    (photos / "a_mask.png").mkdir()
    lacking = beside([needed("{stem}_mask.png")], str(photos), ["a.png"], allowed).lacking
    assert lacking == {"a.png"}


@pytest.mark.parametrize("pattern", ["../../secret/{stem}.png", "../nothing/{stem}.png"])
def test_a_folder_that_may_not_be_read_counts_as_empty(
    photos: Path, allowed: AllowedFolders, tmp_path: Path, pattern: str
) -> None:
    write(photos, "a.png")
    write(tmp_path / "secret", "a.png")
    assert found(photos, allowed, needed(pattern)).lacking == {"a.png"}


def test_a_folder_that_cannot_be_read_ends_the_listing(
    photos: Path, allowed: AllowedFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(photos, "a.png")
    write(photos.parent / "masks", "a.png")

    def fails(_folder: str) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("batch_loop.core.companions.folder_names.scanned", fails)
    with pytest.raises(FolderNotFound, match="Input/output error"):
        found(photos, allowed, needed("../masks/{stem}.png"))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    "pattern",
    ["{stem}_m.png", "{stem}.*", "{stem}_*", "m_*{stem}.png", "m/{stem}_*.*", "{stem}/{filename}"],
)
def test_a_listing_finds_what_is_found_for_one_image(
    photos: Path, allowed: AllowedFolders, pattern: str, seed: int
) -> None:
    chance = np.random.default_rng(seed)
    stems = ["a", "ab", "a_b", "A", "a.b", "ä", "10", "1"]
    for stem in stems:
        for extension in chance.choice([".png", ".PNG", ".jpg", ".txt"], 2, replace=False):
            before, after = chance.choice(["", "m_", "m/"]), chance.choice(["", "_m", "_1"])
            write(photos, f"{before}{stem}{after}{extension}", f"{stem}{extension}")
    paths = sorted(path.relative_to(photos).as_posix() for path in photos.rglob("*.*"))
    lacking = {
        path for path in paths if not candidates(of_image(pattern), str(photos), path, allowed)
    }
    got = beside([needed(pattern)], str(photos), paths, allowed)
    assert got.lacking == lacking.difference(got.companions)
    others = {
        Path(file).relative_to(photos).as_posix()
        for path in paths
        for file in candidates(of_image(pattern), str(photos), path, allowed)
    }
    assert set(got.companions) <= others
